package assign

import "slices"

// inTurn is RoundRobinAssignor of Kafka's own client: all partitions, by topic
// and number, each to the next member that subscribes to its topic.
func inTurn(members []Member, partitions map[string]int) map[string][]Partition {
	members = ordered(members)
	assigned := make(map[string][]Partition, len(members))
	turn := 0
	for _, topic := range topicsOf(members) {
		for p := range partitions[topic] {
			for !slices.Contains(members[turn].Topics, topic) { // somebody does, or it would not be one of topicsOf
				turn = (turn + 1) % len(members)
			}
			id := members[turn].ID
			assigned[id] = append(assigned[id], Partition{topic, int32(p)})
			turn = (turn + 1) % len(members)
		}
	}
	return assigned
}
