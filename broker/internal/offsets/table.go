// Package offsets is the group coordinator's table of committed offsets, in
// memory.
//
// It is pure: no lock, no goroutine, no clock. The caller serialises its calls.
package offsets

import (
	"maps"
	"slices"
)

// MaxMetadataBytes is the longest metadata string that a commit may carry:
// Kafka's default of offset.metadata.max.bytes.
const MaxMetadataBytes = 4096

// Committed is what a group committed for one partition.
type Committed struct {
	Offset      int64
	LeaderEpoch int32 // -1: unknown
	Metadata    string
}

// None is what is answered for a partition without a committed offset.
var None = Committed{Offset: -1, LeaderEpoch: -1}

// Table holds the committed offsets of all groups. The zero value holds none.
type Table struct {
	groups map[string]map[string]map[int32]Committed // group, topic, partition
}

// Commit stores an offset of a group.
func (t *Table) Commit(group, topic string, partition int32, c Committed) {
	if t.groups == nil {
		t.groups = make(map[string]map[string]map[int32]Committed)
	}
	topics := t.groups[group]
	if topics == nil {
		topics = make(map[string]map[int32]Committed)
		t.groups[group] = topics
	}
	if topics[topic] == nil {
		topics[topic] = make(map[int32]Committed)
	}
	topics[topic][partition] = c
}

// Fetch returns what a group committed for a partition, or None.
func (t *Table) Fetch(group, topic string, partition int32) Committed {
	if c, ok := t.groups[group][topic][partition]; ok {
		return c
	}
	return None
}

// Topics returns the topics that a group has offsets of, sorted.
func (t *Table) Topics(group string) []string {
	return slices.Sorted(maps.Keys(t.groups[group]))
}

// Partitions returns the partitions of a topic that a group has offsets of, sorted.
func (t *Table) Partitions(group, topic string) []int32 {
	return slices.Sorted(maps.Keys(t.groups[group][topic]))
}

// DeleteTopic forgets the offsets of a topic in every group.
func (t *Table) DeleteTopic(topic string) {
	for _, topics := range t.groups {
		delete(topics, topic)
	}
}

// Delete forgets an offset of a group.
func (t *Table) Delete(group, topic string, partition int32) {
	partitions := t.groups[group][topic]
	delete(partitions, partition)
	if len(partitions) == 0 {
		delete(t.groups[group], topic)
	}
}

// DeleteGroup forgets all offsets of a group.
func (t *Table) DeleteGroup(group string) { delete(t.groups, group) }
