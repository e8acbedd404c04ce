package metadata

import (
	"maps"
	"slices"

	"github.com/afkak-go/afkak/protocol"
)

// Move says who leads a partition now. It is what a broker answers that does
// not lead it (KIP-951).
type Move struct {
	Topic       string        // empty: it is named by ID
	ID          protocol.UUID // zero: it is named by Topic
	Partition   int32
	Leader      int32
	LeaderEpoch int32
}

// Moved makes the picture that follows from moves. at are the brokers that they
// name. Only what has a newer leader epoch than is known counts, and leaders
// whose address is known; if nothing does, the picture stays as it is. The
// topics are as old as they were: it is still worth asking for them.
func (p *Picture) Moved(moves []Move, at []Broker) *Picture {
	moved := make(map[string]*Topic)
	brokers := p.brokers
	for i := range moves {
		m := &moves[i]
		topic, ok := p.moving(m, moved)
		if !ok {
			continue
		}
		if n := slices.IndexFunc(at, func(b Broker) bool { return b.ID == m.Leader }); n >= 0 {
			brokers = withBroker(brokers, at[n])
		} else if _, known := p.Broker(m.Leader); !known {
			continue
		}
		part := &topic.Partitions[m.Partition]
		part.Leader, part.LeaderEpoch, part.Err = m.Leader, m.LeaderEpoch, nil
		moved[topic.Name] = topic
	}
	if len(moved) == 0 {
		return p
	}
	next := *p
	next.Generation++
	next.brokers = brokers
	next.topics = maps.Clone(p.topics)
	maps.Copy(next.topics, moved)
	return &next
}

// moving returns a topic to change: the one in moved, or a copy. ok is false if
// the move is no news.
func (p *Picture) moving(m *Move, moved map[string]*Topic) (topic *Topic, ok bool) {
	name := m.Topic
	if name == "" {
		name = p.names[m.ID]
	}
	known, ok := moved[name]
	if !ok {
		if known, ok = p.topics[name]; !ok {
			return nil, false
		}
	}
	if m.Leader < 0 || m.Partition < 0 || int(m.Partition) >= len(known.Partitions) || m.LeaderEpoch <= known.Partitions[m.Partition].LeaderEpoch {
		return nil, false
	}
	if moved[name] != nil {
		return known, true
	}
	changed := *known
	changed.Partitions = slices.Clone(known.Partitions)
	return &changed, true
}

// withBroker puts a broker into a list by ID, which it leaves as it is.
func withBroker(brokers []Broker, b Broker) []Broker {
	i, found := slices.BinarySearchFunc(brokers, b.ID, func(b Broker, id int32) int { return int(b.ID) - int(id) })
	brokers = slices.Clone(brokers)
	if found {
		brokers[i] = b
		return brokers
	}
	return slices.Insert(brokers, i, b)
}
