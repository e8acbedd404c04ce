package afkak

import (
	"math/rand/v2"
	"sync/atomic"
)

// Partitioner says which partition each record goes to. The ready-made ones
// are [Hashed], [HashedBy], [RoundRobin], [RoundRobinRandomStart], [Sticky] and
// [Manual]; [PartitionBy] makes one of a function. The zero Partitioner is
// Hashed.
//
// A partition is chosen when the record is sent, among all partitions of the
// topic; only Sticky, and Hashed for a record without a key, leave out
// partitions that have no leader at the moment.
type Partitioner struct {
	kind        partitionerKind
	hash        Hash
	randomStart bool
	choose      func(rec Record, partitions int) int
}

type partitionerKind int8

const (
	partitionHashed partitionerKind = iota
	partitionSticky
	partitionRoundRobin
	partitionManual
	partitionByUser
)

// Hashed sends records with the same key to the same partition, by the
// murmur2 hash that Kafka's Java client, franz-go and Afkak use, and those
// without a key to one partition until its batch leaves, as [Sticky] does
// (KIP-480). An empty key is a key.
func Hashed() Partitioner { return Partitioner{kind: partitionHashed} }

// HashedBy is [Hashed] with another hash, for topics that other clients write
// to as well: all must choose the same partition for a key. HashedBy(Murmur2)
// is Hashed.
func HashedBy(hash Hash) Partitioner { return Partitioner{kind: partitionHashed, hash: hash} }

// Sticky ignores keys: records go to one partition until its batch leaves,
// then to another one, chosen at random among those with a leader (KIP-480).
func Sticky() Partitioner { return Partitioner{kind: partitionSticky} }

// RoundRobin ignores keys: records go to a topic's partitions in turn,
// starting with the lowest. It starts again when their number changes.
func RoundRobin() Partitioner { return Partitioner{kind: partitionRoundRobin} }

// RoundRobinRandomStart is [RoundRobin] that starts at a partition chosen at
// random, so that many short-lived producers do not all favour the lowest.
func RoundRobinRandomStart() Partitioner {
	return Partitioner{kind: partitionRoundRobin, randomStart: true}
}

// Manual sends each record to its own Partition field. A partition that the
// topic does not have fails the record.
func Manual() Partitioner { return Partitioner{kind: partitionManual} }

// PartitionBy makes a partitioner of choose, which gets the record and the
// number of the topic's partitions and returns one in [0, partitions). It is
// called by every goroutine that sends, so it must be safe for that, and fast;
// a result out of range fails the record.
func PartitionBy(choose func(rec Record, partitions int) int) Partitioner {
	return Partitioner{kind: partitionByUser, choose: choose}
}

// rotation is a topic's place in the round, for one number of partitions.
type rotation struct {
	next       atomic.Uint64
	partitions uint64
}

func newRotation(partitions int, randomStart bool) *rotation {
	t := &rotation{partitions: uint64(partitions)}
	if randomStart {
		t.next.Store(rand.Uint64N(t.partitions))
	}
	return t
}

// take returns the partition whose turn it is.
func (t *rotation) take() int {
	return int((t.next.Add(1) - 1) % t.partitions)
}

// pickOther chooses at random among available, avoiding the one that was used
// last when there is a choice.
func pickOther(available []int32, last int32) int32 {
	switch len(available) {
	case 0:
		return last
	case 1:
		return available[0]
	}
	i := rand.IntN(len(available))
	if available[i] == last {
		i = (i + 1 + rand.IntN(len(available)-1)) % len(available)
	}
	return available[i]
}
