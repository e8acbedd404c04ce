package record

import "slices"

// Builder encodes records into an open batch. The open batch is always an
// uncompressed one of magic 2 with room for its header in front, so that
// sealing it as such copies nothing. The zero value is ready for use.
//
// A Builder is not safe for concurrent use.
type Builder struct {
	buf           []byte // header space, then the records; empty while count is 0 and nothing was appended
	count         int
	baseTimestamp int64 // of the first record appended; the deltas of all others refer to it
	maxTimestamp  int64
}

// Reset starts a new batch in buf, from its beginning and as far as its
// capacity goes; a larger one is allocated when it is full. buf may be nil.
// Slices that Seal has returned stay the batch's: give another buf while they
// are in use.
func (b *Builder) Reset(buf []byte) { *b = Builder{buf: buf[:0]} }

// Len returns the size of the batch, header included: exactly the bytes that
// Seal returns for magic 2 without compression.
func (b *Builder) Len() int { return max(len(b.buf), headerSize) }

// Count returns the number of records.
func (b *Builder) Count() int { return b.count }

// Cap returns the bytes that the batch may have before Append allocates.
func (b *Builder) Cap() int { return cap(b.buf) }

// Grow makes room for n more bytes of records.
func (b *Builder) Grow(n int) {
	if len(b.buf) == 0 {
		b.buf = slices.Grow(b.buf, headerSize+n)
		return
	}
	b.buf = slices.Grow(b.buf, n)
}

// Size returns how many bytes Len grows by when this record is the next one
// appended.
func (b *Builder) Size(timestamp int64, key, value []byte, headers []Header) int {
	var delta int64
	if b.count > 0 {
		delta = timestamp - b.baseTimestamp
	}
	body := bodySize(zigzag(delta), uint64(b.count)<<1, key, value, headers)
	return uvarintLen(uint64(body)<<1) + body
}

// Append encodes a record at the end of the batch. timestamp is in
// milliseconds since 1970; a nil key or value is null. The slices are the
// caller's again when Append returns. It allocates only when the buffer is full.
func (b *Builder) Append(timestamp int64, key, value []byte, headers []Header) {
	if b.count == 0 {
		b.begin(timestamp)
	}
	delta, offset := zigzag(timestamp-b.baseTimestamp), uint64(b.count)<<1
	body := bodySize(delta, offset, key, value, headers)
	start := len(b.buf)
	end := start + uvarintLen(uint64(body)<<1) + body
	if end > cap(b.buf) {
		b.buf = slices.Grow(b.buf, end-start)
	}
	buf := b.buf[:end]
	i := putUvarint(buf, start, uint64(body)<<1)
	buf[i] = 0 // attributes: no bit is in use
	i = putUvarint(buf, i+1, delta)
	i = putUvarint(buf, i, offset)
	i = putBytes(buf, i, key)
	i = putBytes(buf, i, value)
	i = putUvarint(buf, i, uint64(len(headers))<<1)
	if len(headers) > 0 {
		putHeaders(buf, i, headers)
	}
	b.buf = buf
	prefetch(&buf[end-1], min(body/cacheLine, prefetchLines)+1)
	b.count++
	b.maxTimestamp = max(b.maxTimestamp, timestamp)
}

// The next record is taken to be as large as this one. Of one that is larger than
// prefetchLines the processor foresees the rest.
const (
	cacheLine     = 64
	prefetchLines = 16
)

// begin reserves the header in front of the first record.
func (b *Builder) begin(timestamp int64) {
	b.buf = slices.Grow(b.buf[:0], headerSize)[:headerSize]
	b.baseTimestamp, b.maxTimestamp = timestamp, timestamp
}

// bodySize is the size of a record behind its length; delta and offset are zigzag.
func bodySize(delta, offset uint64, key, value []byte, headers []Header) int {
	size := 1 + uvarintLen(delta) + uvarintLen(offset) +
		uvarintLen(uint64(len(key))<<1) + len(key) +
		uvarintLen(uint64(len(value))<<1) + len(value) +
		uvarintLen(uint64(len(headers))<<1)
	if len(headers) > 0 {
		size += headersSize(headers)
	}
	return size
}

func headersSize(headers []Header) int {
	size := 0
	for i := range headers {
		h := &headers[i]
		size += uvarintLen(uint64(len(h.Key))<<1) + len(h.Key) +
			uvarintLen(uint64(len(h.Value))<<1) + len(h.Value)
	}
	return size
}

// putBytes writes length and bytes; null has length -1, which is zigzag 1.
func putBytes(buf []byte, i int, p []byte) int {
	if p == nil {
		buf[i] = 1
		return i + 1
	}
	i = putUvarint(buf, i, uint64(len(p))<<1)
	return i + copy(buf[i:], p)
}

func putHeaders(buf []byte, i int, headers []Header) {
	for j := range headers {
		h := &headers[j]
		i = putUvarint(buf, i, uint64(len(h.Key))<<1)
		i += copy(buf[i:], h.Key)
		i = putBytes(buf, i, h.Value)
	}
}
