package assign

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Partition is one partition of a topic.
type Partition struct {
	Topic     string
	Partition int32
}

// String is topic/partition.
func (p Partition) String() string { return fmt.Sprintf("%s/%d", p.Topic, p.Partition) }

// Compare orders partitions by topic, then by number.
func (p Partition) Compare(q Partition) int {
	return cmp.Or(strings.Compare(p.Topic, q.Topic), cmp.Compare(p.Partition, q.Partition))
}

// Member is one member of a group, as an assignor sees it.
type Member struct {
	ID         string
	InstanceID string   // of a static member (KIP-345); empty: none
	Topics     []string // that it subscribes to
}

// Assignor is a way to hand out partitions.
type Assignor struct {
	// Name is what the members of a group agree on.
	Name string
	// Assign gives each member its partitions, by member ID; members that get
	// none may be missing. partitions has how many each topic has; a topic that
	// is missing or has none is left out. It changes neither.
	Assign func(members []Member, partitions map[string]int) map[string][]Partition
}

// The assignors.
var (
	// Range gives each member a run of neighbouring partitions of each topic, the
	// first members one more where they do not come out even. Members that
	// subscribe to the same topics get the same numbers of each.
	Range = Assignor{"range", byRange}

	// RoundRobin deals the partitions of all topics out in turn.
	RoundRobin = Assignor{"roundrobin", inTurn}
)

// ordered are the members in the order in which they are served: static ones
// by instance ID, then the others by member ID, so that static members keep
// their places when they come back with another member ID (KIP-345).
func ordered(members []Member) []Member {
	return slices.SortedFunc(slices.Values(members), func(a, b Member) int {
		switch aStatic, bStatic := a.InstanceID != "", b.InstanceID != ""; {
		case aStatic && bStatic:
			return strings.Compare(a.InstanceID, b.InstanceID)
		case aStatic:
			return -1
		case bStatic:
			return 1
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// topicsOf are the topics that any member subscribes to, each once, in order.
func topicsOf(members []Member) []string {
	var topics []string
	for _, m := range members {
		topics = append(topics, m.Topics...)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}
