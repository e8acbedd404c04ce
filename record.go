package afkak

import (
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// Header is one name and value beside a record (KIP-82, Kafka 0.11 and later).
// Names may repeat, and order is kept. A nil Value is null.
type Header = record.Header

// Record is one Kafka record, on its way in or out.
//
// A producer reads Topic, Key, Value, Headers and Timestamp, and Partition
// when its partitioner is [Manual]; it has copied everything when Send
// returns, so the caller may reuse the slices at once. A consumer fills in all
// fields; the slices of one fetched batch share memory with each other, which
// the consumer never writes to again.
type Record struct {
	// Topic is the topic's name.
	Topic string

	// Partition is the partition that the record was read from, or, for the
	// [Manual] partitioner only, the one to write to.
	Partition int32

	// Key chooses the partition and is what compaction goes by. Nil is null,
	// which is not the same as empty.
	Key []byte

	// Value is the payload. Nil is null: in a compacted topic, a tombstone.
	Value []byte

	// Headers need Kafka 0.11; a producer refuses them on older brokers, or
	// drops them if told so with [WithDropHeaders].
	Headers []Header

	// Timestamp has millisecond precision on the wire. For a producer the zero
	// time means "now", from a clock at most about a millisecond old. For a
	// consumer it is the zero time where the broker keeps none (before 0.10).
	Timestamp time.Time

	// Offset is the record's position in its partition. Producers ignore it.
	Offset int64

	// LeaderEpoch is the leader epoch that the record's batch was written in,
	// -1 where the broker does not say. Producers ignore it.
	LeaderEpoch int32
}
