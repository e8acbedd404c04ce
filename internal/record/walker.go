package record

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/afkak-go/afkak/internal/compress"
)

// Walker yields the records of one batch after the other. The zero value is
// ready for Start. A Walker is not safe for concurrent use; the records that
// it yields are not touched again and may be kept.
type Walker struct {
	magic     int8
	inner     bool // the messages come out of a wrapper (magic 0, 1)
	logAppend bool // timestamp is every record's
	left      int  // records of magic 2 still to come
	buf       []byte
	pos       int   // in buf
	base      int64 // offset that deltas refer to; for what magic 1 has in a wrapper, may be negative
	lastDelta int64 // no delta may exceed it (magic 2)
	timestamp int64 // that deltas refer to, or every record's
	offset    int64 // of the batch, for errors
	// arena is where headers go. It belongs to one batch: a record that is
	// kept keeps no other batch's memory. arena[len:cap] is unused.
	arena    []Header
	inflated int // bytes that the batch was decompressed to
	err      error
}

// Start begins with the first record of batch, decompressing it if needed into
// fresh memory of at most limit bytes (0: 2 GiB - 1). It does not check the
// batch's CRC.
//
// A *CorruptError says what is wrong with the batch. Errors that wrap
// compress.ErrTooLarge or compress.ErrUnknownCodec are none: the batch may be
// sound, and is beyond the limit or this package.
func (w *Walker) Start(batch *Batch, limit int) error {
	*w = Walker{
		magic:     batch.Magic,
		logAppend: batch.TimestampType == LogAppendTime,
		left:      int(batch.Count),
		buf:       batch.payload,
		base:      batch.BaseOffset,
		lastDelta: batch.LastOffset - batch.BaseOffset,
		timestamp: batch.FirstTimestamp,
		offset:    int64At(batch.Raw, offsetAt),
	}
	if w.logAppend {
		w.timestamp = batch.MaxTimestamp
	}
	if batch.Codec != compress.None {
		w.err = w.decompress(batch, limit)
	}
	if w.err != nil {
		w.stop()
	}
	return w.err
}

// Inflated is how many bytes the batch was decompressed to, 0 if it was not
// compressed.
func (w *Walker) Inflated() int { return w.inflated }

// Err returns what ended the walk early, nil at the end of the batch.
func (w *Walker) Err() error { return w.err }

func (w *Walker) decompress(batch *Batch, limit int) error {
	buf, err := compress.AppendDecompressed(nil, batch.payload, batch.Codec, batch.Magic, limit)
	switch {
	case errors.Is(err, compress.ErrTooLarge) || errors.Is(err, compress.ErrUnknownCodec):
		return fmt.Errorf("batch at offset %d: %w", w.offset, err)
	case err != nil:
		return &CorruptError{Offset: w.offset, Err: err}
	}
	w.buf = buf[:len(buf):len(buf)]
	w.inflated = cap(buf)
	if w.magic == 2 {
		return batch.checkCount(len(buf))
	}
	w.inner = true
	return w.setBase(batch.LastOffset)
}

func (w *Walker) stop() { w.buf, w.pos, w.left = nil, 0, 0 }

// fail ends the walk. what says which part of which record is wrong.
func (w *Walker) fail(what string) bool {
	w.err = corrupt(w.offset, "%s, %d bytes before the end of its records", what, len(w.buf)-w.pos)
	w.stop()
	return false
}

// Next decodes the next record into r and reports whether there was one. Key,
// Value and Headers alias the batch's memory. After false, Err says whether the
// batch ended or is corrupt; what was yielded before stays good.
func (w *Walker) Next(r *Record) bool {
	if w.magic < 2 {
		return w.nextMessage(r)
	}
	if w.left == 0 {
		return w.end()
	}
	b, i := w.buf, w.pos
	size, i := uvarint(b, i)
	if i < 0 || size&1 != 0 || size>>1 > uint64(len(b)-i) {
		return w.fail("record length")
	}
	end := i + int(size>>1)
	b = b[:end:end]
	// The attributes byte has no bit in use: whatever it is, it is passed over.
	delta, i := uvarint(b, i+1)
	if i < 0 {
		return w.fail("timestamp delta")
	}
	offset, i := uvarint(b, i)
	if i < 0 || offset&1 != 0 || offset>>1 > uint64(w.lastDelta) {
		return w.fail("offset delta")
	}
	r.Offset = w.base + int64(offset>>1)
	r.Timestamp = w.timestamp
	if !w.logAppend {
		r.Timestamp += unzigzag(delta)
	}
	if r.Key, i = varBytes(b, i); i < 0 {
		return w.fail("record key")
	}
	if r.Value, i = varBytes(b, i); i < 0 {
		return w.fail("record value")
	}
	r.Headers = nil
	if i == end-1 && b[i] == 0 { // no headers: nearly always
		w.pos = end
		w.left--
		return true
	}
	if i = w.headers(r, b, i); i != end {
		return w.fail("record headers")
	}
	w.pos = end
	w.left--
	return true
}

// end checks that nothing stands behind the last record.
func (w *Walker) end() bool {
	if w.err == nil && w.pos < len(w.buf) {
		return w.fail("more bytes than the batch has records")
	}
	return false
}

// varBytes reads a length and its bytes; the length -1 is null. The index is -1
// if they do not fit into b.
func varBytes(b []byte, i int) ([]byte, int) {
	n, i := uvarint(b, i)
	if n == 1 { // zigzag of -1
		return nil, i
	}
	if i < 0 || n&1 != 0 || n>>1 > uint64(len(b)-i) {
		return nil, -1
	}
	end := i + int(n>>1)
	return b[i:end:end], end
}

// headers decodes the headers at b[i:] into the arena and returns the index
// behind them, -1 if they do not fit into b.
func (w *Walker) headers(r *Record, b []byte, i int) int {
	u, i := uvarint(b, i)
	if i < 0 || u&1 != 0 || u>>1 > uint64(len(b)-i)/2 { // a header takes 2 bytes at least
		return -1
	}
	n := int(u >> 1)
	if n == 0 {
		return i
	}
	w.makeRoom(n)
	start := len(w.arena)
	for range n {
		var h Header
		if h.Key, i = varString(b, i); i < 0 {
			return -1
		}
		if h.Value, i = varBytes(b, i); i < 0 {
			return -1
		}
		w.arena = append(w.arena, h)
	}
	r.Headers = w.arena[start:len(w.arena):len(w.arena)]
	return i
}

// makeRoom gives the arena room for n headers. A full arena is left to the
// records that alias it; the new one is for the records still to come, if
// they have as many, within what their bytes could hold.
func (w *Walker) makeRoom(n int) {
	if n <= cap(w.arena)-len(w.arena) {
		return
	}
	const most = 512 // 20 KiB, what one kept record may pin
	room := min(n*w.left, (len(w.buf)-w.pos)/2, most)
	w.arena = make([]Header, 0, max(n, room))
}

// varString is varBytes for the key of a header, which is never null. The
// string is the bytes of b themselves: strings may not change, and nobody
// writes to the buffer of a batch once it is read (see the package comment).
func varString(b []byte, i int) (string, int) {
	n, i := uvarint(b, i)
	if i < 0 || n&1 != 0 || n>>1 > uint64(len(b)-i) {
		return "", -1
	}
	if n == 0 {
		return "", i
	}
	return unsafe.String(&b[i], int(n>>1)), i + int(n>>1)
}
