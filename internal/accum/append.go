package accum

import (
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// recordOverhead is the most that a record takes on the wire besides its key,
// value and headers: length, attributes, timestamp and offset deltas, two
// lengths and the number of headers.
const recordOverhead = 5 + 1 + 10 + 5 + 5 + 5 + 5

// bound is at least the size of a record on the wire, and cheaper to know.
func bound(key, value []byte, headers []record.Header) int {
	size := recordOverhead + len(key) + len(value)
	for i := range headers {
		size += 10 + len(headers[i].Key) + len(headers[i].Value)
	}
	return size
}

// Append encodes a record into the open batch and returns its promise and
// index, and [Partition.Total], or nil where that takes memory or a new batch: [Partition.Room] says
// what. This is the hot path: it allocates nothing and holds the lock for the
// copy only. The slices are the caller's again when it returns.
func (p *Partition) Append(timestamp int64, key, value []byte, headers []record.Header) (*Promise, int32, int64) {
	need := bound(key, value, headers)
	p.mu.Lock()
	b := p.open
	if b == nil || b.builder.Len()+need > min(b.builder.Cap(), b.most) {
		p.mu.Unlock()
		return nil, 0, 0
	}
	b.builder.Append(timestamp, key, value, headers)
	index := b.appended
	b.appended++
	b.count++
	pr, total := b.promise, p.closedTotal+int64(b.builder.Len())
	p.mu.Unlock()
	return pr, index, total
}

// Entry is a record, or several with the same key that stay together.
type Entry struct {
	Timestamp int64
	Key       []byte
	Value     []byte
	Headers   []record.Header
	List      [][]byte // the values, if there are several; Value is not used then
	Together  bool     // List is meant
}

// size is exact in the given batch for one record, and at most a few bytes too
// much for each of several.
func (e *Entry) size(b *record.Builder) int {
	if !e.Together {
		return b.Size(e.Timestamp, e.Key, e.Value, e.Headers)
	}
	total := 0
	for _, value := range e.List {
		total += b.Size(e.Timestamp, e.Key, value, e.Headers)
	}
	if n := len(e.List); n > 1 {
		total += 4 * n // offset deltas and lengths grow with the index
	}
	return total
}

func (e *Entry) appendTo(b *Batch) {
	if !e.Together {
		b.builder.Append(e.Timestamp, e.Key, e.Value, e.Headers)
		b.appended++
		b.count++
		return
	}
	b.atomic = true
	for _, value := range e.List {
		b.builder.Append(e.Timestamp, e.Key, value, e.Headers)
	}
	b.appended += int32(len(e.List))
	b.count += len(e.List)
}

// Room is what it takes to append an entry.
type Room struct {
	Bytes    int  // size of the buffer to lend; 0: none
	Most     int  // the most that would be of use
	Grows    bool // Bytes are for the open batch, which is in less
	Full     bool // the open batch has no place for it and must be closed
	TooLarge bool // no batch can hold it: Bytes is what one would have to hold
}

// Room returns what it takes to append e now. Another goroutine may change
// that before it is acted upon; [Partition.Place] finds out.
func (p *Partition) Room(e *Entry) Room {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.room(e)
}

func (p *Partition) room(e *Entry) Room {
	var empty record.Builder
	alone := batchHeader + e.size(&empty)
	if alone > p.cfg.BatchBytes {
		return Room{Bytes: alone, TooLarge: true}
	}
	b, most := p.open, p.most()
	if b == nil {
		return Room{Bytes: alone, Most: max(alone, min(p.expect, most))}
	}
	total := b.builder.Len() + e.size(&b.builder)
	switch {
	case total > b.most:
		return Room{Bytes: alone, Most: max(alone, min(afterwards(p.expect, b.builder.Len()), most)), Full: true}
	case total > b.builder.Cap():
		return Room{Bytes: total, Most: max(total, min(growth*b.builder.Cap(), b.most)), Grows: true}
	}
	return Room{}
}

// growth is how many times larger the buffer is that an open batch moves to
// when it has outgrown its own. What it leaves behind, and copies, is a third of
// what it comes to; with 2 it would be all of it.
const growth = 4

// afterwards returns what to expect after a batch that came to got, when it was
// expected to come to expect: as much, or as one before that is not long ago.
// Too large a buffer costs nothing that is not written to, but memory that
// others wait for; one too small is moved.
func afterwards[N int | int32](expect, got N) N { return max(got, expect-expect/4) }

// most is how large a batch that is opened now may get.
func (p *Partition) most() int {
	if p.sizes == nil {
		return p.cfg.BatchBytes
	}
	return int(p.sizes.most.Load())
}

// Placed is what [Partition.Place] did.
type Placed struct {
	Promise *Promise // nil: buf was too small for what was found; ask Room again
	Index   int32
	Spare   []byte // a buffer that is the lender's again: buf, or the one it replaced
	Opened  bool   // a batch was opened: its partition now has something to send later
	Closed  bool   // a batch was closed: its partition has something to send now
}

// Place appends e, with buf lent for what [Partition.Room] said it takes: a
// larger home for the open batch, or the start of a new one. A full batch is
// closed. The only error is why the partition is barred.
func (p *Partition) Place(buf []byte, now time.Duration, e *Entry) (placed Placed, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	placed.Spare = buf
	if p.barred != nil {
		return placed, p.barred
	}
	room := p.room(e)
	if room.TooLarge || room.Bytes > cap(buf) {
		return placed, nil
	}
	if room.Full {
		p.closeOpen()
		placed.Closed = true
	}
	switch {
	case p.open == nil:
		p.openBatch(buf, now)
		placed.Spare, placed.Opened = nil, true
	case room.Bytes > 0:
		placed.Spare = p.open.builder.Move(buf)
		p.open.buffer, p.open.memory = buf, cap(buf)
	}
	placed.Promise, placed.Index = p.open.promise, p.open.appended
	e.appendTo(p.open)
	return placed, nil
}

// openBatch starts a batch in buf.
func (p *Partition) openBatch(buf []byte, now time.Duration) {
	pr := p.cfg.Supply.promise()
	pr.topic, pr.id, pr.cfg, pr.part = p.topic, p.id, p.cfg, p
	b := batches.Get().(*Batch)
	b.part, b.promise = p, pr
	b.buffer, b.memory, b.most = buf, cap(buf), p.most()
	b.ordinal, b.opened = p.nextOrdinal, now
	b.producerID, b.producerEpoch, b.baseSequence = -1, -1, -1
	p.nextOrdinal++
	b.builder.Reset(buf)
	p.open = b
	p.cfg.Gauge.open.Add(1)
}
