package fetch

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/afkak-go/afkak/internal/record"
)

// AbortedTransaction says that what a producer wrote transactionally from
// FirstOffset on, until its next abort marker, must not be seen by a reader of
// committed records.
type AbortedTransaction struct {
	ProducerID  int64
	FirstOffset int64
}

// Chunk is what one answer brought of one partition: whole batches (magic 2)
// or messages (magic 0 and 1), one behind the other.
type Chunk struct {
	// Broker is the node ID of who sent it, for errors; the package does not look at it.
	Broker int32
	// From is the offset that was asked for. Batches begin below it when it
	// falls inside one; those records are not wanted.
	From int64
	// Next is the offset behind the chunk. It may be further than the last
	// record: compaction and control batches leave gaps.
	Next int64
	// Bytes alias the answer.
	Bytes []byte
	// Size is how many bytes the answer had for the partition: Bytes, and the
	// cut-off batch behind them, which memory cannot tell apart.
	Size int
	// Aborted transactions that overlap the chunk; nil unless the request asked
	// for committed records only.
	Aborted []AbortedTransaction
}

// sizeOverhead is what a batch's or message's size field does not count: the
// offset and the field itself. The same in every magic.
const sizeOverhead = 12

// cut is how a scan of a partition's bytes ended.
type cut struct {
	whole     int   // bytes of whole batches
	next      int64 // offset behind them, at least the one asked for
	truncated bool  // bytes follow that end inside a batch
	need      int64 // size of that batch by its own header, 0 if not even that is there
	err       error // bytes follow that are no batch
}

// scan finds the whole batches in b and the offset behind them. It reads
// headers only: checksums are the Reader's.
func scan(b []byte, from int64) cut {
	c := cut{next: from}
	for c.whole < len(b) {
		rest := b[c.whole:]
		batch, n, err := record.ReadBatch(rest)
		if errors.Is(err, record.ErrTruncated) {
			c.truncated, c.need = true, sizeFromHeader(rest)
			return c
		}
		if err == nil && batch.LastOffset == math.MaxInt64 {
			err = &record.CorruptError{Offset: batch.BaseOffset, Err: errors.New("no offset is left behind it")}
		}
		if err != nil {
			c.err = err
			return c
		}
		c.whole += n
		c.next = max(c.next, batch.LastOffset+1)
	}
	return c
}

func sizeFromHeader(b []byte) int64 {
	if len(b) < sizeOverhead {
		return 0
	}
	return sizeOverhead + int64(binary.BigEndian.Uint32(b[8:]))
}
