package kbin

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Reader reads values from a byte slice in order. The first failure sticks:
// from then on every method returns a zero value and [Reader.Err] tells why,
// so that a caller may check once at the end. The zero Reader reads nothing.
type Reader struct {
	b   []byte // the whole input
	off int    // of the next byte; end after a failure
	end int    // of what may be read: len(b), or the end of a tagged field
	err error
}

// NewReader returns a Reader at the start of b, which it never writes to.
func NewReader(b []byte) Reader { return Reader{b: b, end: len(b)} }

// Len is the number of bytes that are still to be read; 0 after a failure.
func (r *Reader) Len() int { return r.end - r.off }

// Offset is the position of the next byte. After a failure it means nothing.
func (r *Reader) Offset() int { return r.off }

// OK reports that nothing has failed.
func (r *Reader) OK() bool { return r.err == nil }

// Err is the first failure, or nil.
func (r *Reader) Err() error { return r.err }

// End is Err, or an error wrapping [ErrTrailing] if bytes are left.
func (r *Reader) End() error {
	if r.err == nil && r.Len() > 0 {
		return fmt.Errorf("%d of %d %w", r.Len(), len(r.b), ErrTrailing)
	}
	return r.err
}

// Fail makes err stick with the current position, unless something has failed
// before.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = fmt.Errorf("at byte %d of %d: %w", r.off, len(r.b), err)
		r.off = r.end
	}
}

// Span takes the next n bytes, aliasing the input; appending to the result
// never writes into the input.
func (r *Reader) Span(n int) []byte {
	if n < 0 || n > r.Len() {
		r.short(n)
		return nil
	}
	b := r.b[r.off : r.off+n : r.off+n]
	r.off += n
	return b
}

// Rest takes all remaining bytes, aliasing the input.
func (r *Reader) Rest() []byte { return r.Span(r.Len()) }

func (r *Reader) short(n int) {
	if n < 0 {
		r.Fail(fmt.Errorf("%w: length %d", ErrMalformed, n))
		return
	}
	r.Fail(fmt.Errorf("%w: %d bytes wanted, %d there", ErrTruncated, n, r.Len()))
}

// Bool reads one byte; anything but 0 is true.
func (r *Reader) Bool() bool { return r.Int8() != 0 }

// Int8 reads one byte.
func (r *Reader) Int8() int8 {
	if r.Len() < 1 {
		r.short(1)
		return 0
	}
	v := r.b[r.off]
	r.off++
	return int8(v)
}

// Int16 reads two bytes.
func (r *Reader) Int16() int16 { return int16(r.Uint16()) }

// Uint16 reads two bytes.
func (r *Reader) Uint16() uint16 {
	if r.Len() < 2 {
		r.short(2)
		return 0
	}
	v := binary.BigEndian.Uint16(r.b[r.off:])
	r.off += 2
	return v
}

// Int32 reads four bytes.
func (r *Reader) Int32() int32 { return int32(r.Uint32()) }

// Uint32 reads four bytes.
func (r *Reader) Uint32() uint32 {
	if r.Len() < 4 {
		r.short(4)
		return 0
	}
	v := binary.BigEndian.Uint32(r.b[r.off:])
	r.off += 4
	return v
}

// Int64 reads eight bytes.
func (r *Reader) Int64() int64 {
	if r.Len() < 8 {
		r.short(8)
		return 0
	}
	v := binary.BigEndian.Uint64(r.b[r.off:])
	r.off += 8
	return int64(v)
}

// Float64 reads eight bytes.
func (r *Reader) Float64() float64 { return math.Float64frombits(uint64(r.Int64())) }

// UUID reads sixteen bytes.
func (r *Reader) UUID() (v [16]byte) {
	copy(v[:], r.Span(16))
	return v
}

// Varint reads a zigzag-encoded varint of 32 bits.
func (r *Reader) Varint() int32 {
	u := r.Uvarint()
	return int32(u>>1) ^ -int32(u&1)
}

// Varlong reads a zigzag-encoded varint of 64 bits.
func (r *Reader) Varlong() int64 {
	u := r.uvarint(MaxVarlongLen, 1)
	return int64(u>>1) ^ -int64(u&1)
}

// Uvarint reads an unsigned varint of 32 bits.
func (r *Reader) Uvarint() uint32 {
	if r.off < r.end && r.b[r.off] < 0x80 { // one byte: nearly always
		v := r.b[r.off]
		r.off++
		return uint32(v)
	}
	return uint32(r.uvarint(MaxVarintLen, 0x0f))
}

// uvarint reads at most limit bytes, the last of which is at most top.
func (r *Reader) uvarint(limit int, top byte) uint64 {
	var v uint64
	for i := range limit {
		if r.off+i >= r.end {
			r.Fail(fmt.Errorf("%w: varint without an end", ErrTruncated))
			return 0
		}
		c := r.b[r.off+i]
		if i == limit-1 && c > top {
			break
		}
		v |= uint64(c&0x7f) << (7 * i)
		if c < 0x80 {
			r.off += i + 1
			return v
		}
	}
	r.Fail(fmt.Errorf("%w: varint of more than %d bytes or too large", ErrMalformed, limit))
	return 0
}
