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
// topic; only Sticky, and Hashed for a record without a key, look at how the
// partitions and their leaders are at the moment.
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
// without a key where [Sticky] does. An empty key is a key.
func Hashed() Partitioner { return Partitioner{kind: partitionHashed} }

// HashedBy is [Hashed] with another hash, for topics that other clients write
// to as well: all must choose the same partition for a key. HashedBy(Murmur2)
// is Hashed.
func HashedBy(hash Hash) Partitioner { return Partitioner{kind: partitionHashed, hash: hash} }

// Sticky ignores keys: records go to one partition until 64 KiB went there, or
// [WithBatchBytes] if that is less, and then to one chosen by chance among those
// with a leader. All have the same chance while none has a backlog; otherwise
// the longer a partition's is, the smaller its chance, so that slow brokers get
// less but never nothing (KIP-480, KIP-794). See also [WithRackAware] and
// [WithAvailabilityTimeout].
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
