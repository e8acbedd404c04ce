package fetch

import (
	"errors"

	"github.com/afkak-go/afkak/internal/record"
)

// Reader walks the records of one chunk after another. Batches are checked and
// decompressed one at a time, when the first of their records is asked for.
//
// Control batches, records below the asked offset and, where the answer lists
// them, those of aborted transactions are passed over.
type Reader struct {
	// Limit is the most bytes that one batch may decompress to.
	Limit int
	// OnCorrupt, when set, is called for each batch that is passed over because
	// its checksum or its content is wrong; without it such a batch is an error.
	OnCorrupt func(from, to int64, err error)
	// OnInflate, when set, is told how many bytes the open batch has become by
	// decompression, when that changes: 0 for one that was not compressed, and
	// when a chunk is begun.
	OnInflate func(bytes int)

	inflated int // as OnInflate was told
	chunk    Chunk
	rest     []byte // of chunk.Bytes, behind the open batch
	next     int64  // offset of the next record that may be returned, or less
	batch    record.Batch
	walker   record.Walker
	open     bool // the walker is inside batch
	filter   abortedFilter
	err      error
}

// Start makes the reader return the records of chunk. What remains of the one
// before is dropped.
func (r *Reader) Start(chunk Chunk) {
	r.chunk = chunk
	r.restart(chunk.From)
}

// Rewind makes the reader return again the records of its chunk from offset
// on. It reports whether offset is in the chunk.
func (r *Reader) Rewind(offset int64) bool {
	if offset < r.chunk.From || offset > r.chunk.Next || r.chunk.Bytes == nil {
		return false
	}
	r.restart(offset)
	return true
}

func (r *Reader) restart(from int64) {
	r.rest, r.next = r.chunk.Bytes, from
	r.open, r.err = false, nil
	r.inflate(0)
	r.filter = newAbortedFilter(r.chunk.Aborted)
}

// Position is the offset behind everything that Next returned or passed over.
func (r *Reader) Position() int64 { return r.next }

// LeaderEpoch of the batch that the last record came in; -1 when its format
// has none.
func (r *Reader) LeaderEpoch() int32 { return r.batch.LeaderEpoch }

// Err is why Next returned false; nil at the end of the chunk.
func (r *Reader) Err() error { return r.err }

// Next fills rec with the next record, or reports false at the end of the
// chunk or at an error. The record's bytes alias the chunk, or the batch's
// decompressed form, and are never reused.
func (r *Reader) Next(rec *record.Record) bool {
	beyond := false
	for r.open || r.openBatch() {
		for r.walker.Next(rec) {
			if rec.Offset < r.next {
				continue
			}
			if rec.Offset > r.batch.LastOffset {
				beyond = true
				break
			}
			r.next = rec.Offset + 1
			return true
		}
		if !r.closeBatch(beyond) {
			return false
		}
		beyond = false
	}
	return false
}

// openBatch starts the walker on the next batch that has records to return.
func (r *Reader) openBatch() bool {
	for r.err == nil && len(r.rest) > 0 {
		batch, n, err := record.ReadBatch(r.rest)
		if err != nil { // scan has read the same bytes before
			r.err = err
			return false
		}
		r.batch, r.rest = batch, r.rest[n:]
		if r.passesOver() {
			r.pass()
			continue
		}
		if err := r.startBatch(); err == nil {
			r.open = true
			return true
		} else if !r.survives(err) {
			return false
		}
	}
	if r.err == nil {
		r.next = max(r.next, r.chunk.Next)
	}
	return false
}

func (r *Reader) passesOver() bool {
	drop := r.filter.drops(&r.batch)
	return drop || r.batch.IsControl || r.batch.LastOffset < r.next
}

// pass moves the position behind the batch.
func (r *Reader) pass() {
	r.open = false
	r.next = max(r.next, r.batch.LastOffset+1)
}

func (r *Reader) startBatch() error {
	if err := r.batch.CheckCRC(); err != nil {
		return err
	}
	err := r.walker.Start(&r.batch, r.Limit)
	r.inflate(r.walker.Inflated())
	return err
}

func (r *Reader) inflate(bytes int) {
	if bytes == r.inflated {
		return
	}
	if r.inflated = bytes; r.OnInflate != nil {
		r.OnInflate(bytes)
	}
}

// closeBatch ends the open batch. The walker stopped at its end, or at a record
// that cannot be read, or at one beyond the batch's last offset. It reports
// whether the reader goes on.
func (r *Reader) closeBatch(beyond bool) bool {
	r.open = false
	err := r.walker.Err()
	if beyond {
		err = &record.CorruptError{Offset: r.batch.LastOffset, Err: errBeyond}
	}
	if err != nil {
		return r.survives(err)
	}
	r.pass()
	return true
}

// errBeyond is what a magic 0 wrapper can be guilty of.
var errBeyond = errors.New("a message has an offset above its wrapper's")

// survives decides whether the reader goes on after a batch that it cannot
// read, and behind it.
func (r *Reader) survives(err error) bool {
	if !IsCorrupt(err) || r.OnCorrupt == nil {
		r.err = err
		return false
	}
	r.OnCorrupt(r.next, r.batch.LastOffset, err)
	r.pass()
	return true
}

// IsCorrupt tells damaged bytes from all that may be wrong with sound ones.
func IsCorrupt(err error) bool {
	var corrupt *record.CorruptError
	return errors.As(err, &corrupt)
}
