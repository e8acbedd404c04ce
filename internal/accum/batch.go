package accum

import (
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// Batch is one batch of a partition, from its first record to its final
// answer. Between [Partition.Take] and [Partition.Answer] it belongs to the
// one who took it; before and after, to its partition.
type Batch struct {
	next    *Batch // in the partition's list of waiting or sent batches
	part    *Partition
	promise *Promise

	builder record.Builder
	wire    []byte // the sealed bytes: every attempt sends these
	buffer  []byte // what the owner lent and has not got back
	memory  int    // bytes that the batch holds, for the owner's accounts
	most    int    // bytes that it may get to before compression

	encoded int // its share of the partition's backlog, once closed

	magic int8 // the wire form, once sealed
	raw   int  // size before compression, in the newest form, once sealed

	ordinal  uint64 // place in the partition's order
	opened   time.Duration
	first    int // position of the first record in its promise, not 0 after a split
	count    int // records, fixed once sealed
	appended int32
	atomic   bool // holds a list that stays together: never split

	producerID    int64
	producerEpoch int16
	baseSequence  int32
	attempts      int
	garbled       bool  // an answer to it made no sense
	moves         int8  // times that it was sent on without a wait
	displaced     int   // attempts that failed because one before it did
	maybe         bool  // an earlier attempt may have been stored
	void          bool  // surely not stored, nor ever under its number
	suspect       bool  // refused for its number, though an earlier attempt may have stored it
	implied       bool  // one behind it was stored, so it is
	restamp       bool  // wire has another number than the batch
	cause         error // the last failure
	finished      bool  // settled while in flight; the answer changes nothing

	topicID TopicID // of the topic that it was last taken for
	renewed error   // that topic was deleted and made again while the batch was in flight
}

// Topic returns the topic's name.
func (b *Batch) Topic() string { return b.part.topic }

// PartitionID returns the partition's number.
func (b *Batch) PartitionID() int32 { return b.part.id }

// Count returns the number of records.
func (b *Batch) Count() int { return b.count }

// Attempts returns how often the batch was taken.
func (b *Batch) Attempts() int { return b.attempts }

// Sealed returns the format of the wire bytes; ok is false before
// [Batch.Seal].
func (b *Batch) Sealed() (magic int8, ok bool) { return b.magic, b.wire != nil }

// Wire returns the bytes to send, nil before [Batch.Seal]. They stay the same
// for every attempt, unless the batch was surely not stored and got other
// sequence numbers.
func (b *Batch) Wire() []byte { return b.wire }

// Size returns the size of the batch as it would be sent now: before
// compression until it is sealed, after it from then on.
func (b *Batch) Size() int {
	if b.wire != nil {
		return len(b.wire)
	}
	return b.builder.Len()
}

// Memory returns the bytes that the batch holds: its buffer's capacity, and
// where the sealed bytes are elsewhere, their size.
func (b *Batch) Memory() int { return b.memory }

// Seal makes the bytes to send, once: a later call changes nothing, so a retry
// is identical, but for a batch that got other numbers meanwhile. The identity
// and the sequence are the batch's own. What compression makes of the records
// takes their place in the buffer. Where the wire form is not in the buffer, as
// with the older formats, the buffer is returned: it is the lender's again. Only
// the one who took the batch may call it.
func (b *Batch) Seal(seal record.Seal) (spare []byte, err error) {
	if b.wire != nil {
		if b.restamp && b.magic == 2 {
			record.Stamp(b.wire, b.producerID, b.producerEpoch, b.baseSequence)
		}
		b.restamp = false
		return nil, nil
	}
	b.restamp = false
	seal.ProducerID, seal.ProducerEpoch, seal.BaseSequence = b.producerID, b.producerEpoch, b.baseSequence
	seal.InPlace = true
	raw := b.builder.Len()
	wire, err := b.builder.Seal(seal)
	if err != nil {
		return nil, err
	}
	b.wire, b.magic, b.raw = wire, seal.Magic, raw
	if seal.Codec != 0 {
		b.part.sizes.compressed(raw, len(wire))
	}
	b.builder = record.Builder{}
	if b.buffer == nil || &wire[0] == &b.buffer[:1][0] { // nil: the batch was split or reopened
		return nil, nil
	}
	spare, b.buffer, b.memory = b.buffer, nil, len(wire)
	return spare, nil
}
