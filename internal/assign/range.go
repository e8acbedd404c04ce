package assign

import "slices"

// byRange is RangeAssignor of Kafka's own client (without racks, KIP-881): of n
// partitions, each of k subscribers gets n/k, and the first n%k one more.
func byRange(members []Member, partitions map[string]int) map[string][]Partition {
	members = ordered(members)
	assigned := make(map[string][]Partition, len(members))
	for _, topic := range topicsOf(members) {
		subscribers := slices.DeleteFunc(slices.Clone(members), func(m Member) bool { return !slices.Contains(m.Topics, topic) })
		each, more := partitions[topic]/len(subscribers), partitions[topic]%len(subscribers)
		next := int32(0)
		for i, m := range subscribers {
			share := each
			if i < more {
				share++
			}
			for range share {
				assigned[m.ID] = append(assigned[m.ID], Partition{topic, next})
				next++
			}
		}
	}
	return assigned
}
