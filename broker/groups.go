package broker

import (
	"sync"

	"github.com/afkak-go/afkak/broker/internal/offsets"
)

// groups is the group coordinator's state.
type groups struct {
	mu      sync.Mutex
	offsets offsets.Table // Guarded by mu.
}

func newGroups() *groups { return new(groups) }

// commit stores an offset of a group.
func (g *groups) commit(group, topic string, partition int32, c offsets.Committed) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offsets.Commit(group, topic, partition, c)
}

// fetch returns what a group committed for a partition.
func (g *groups) fetch(group, topic string, partition int32) offsets.Committed {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offsets.Fetch(group, topic, partition)
}

// topics returns the topics that a group has offsets of, each with its
// partitions, all sorted.
func (g *groups) topics(group string) []groupTopic {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []groupTopic
	for _, name := range g.offsets.Topics(group) {
		all = append(all, groupTopic{name, g.offsets.Partitions(group, name)})
	}
	return all
}

type groupTopic struct {
	name       string
	partitions []int32
}

// names returns the groups that have offsets, sorted.
func (g *groups) names() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offsets.Groups()
}

// deleteTopic forgets the offsets of a topic.
func (g *groups) deleteTopic(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offsets.DeleteTopic(topic)
}

// has says whether a group keeps offsets.
func (g *groups) has(group string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offsets.Has(group)
}
