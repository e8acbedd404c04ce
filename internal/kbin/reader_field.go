package kbin

import "fmt"

// String reads a string with a 16-bit length; null is an error.
func (r *Reader) String() string { return string(r.span(r.stringLen(false), false)) }

// CompactString reads a string of a flexible version; null is an error.
func (r *Reader) CompactString() string { return string(r.span(r.stringLen(true), false)) }

// NullableString reads a string with a 16-bit length, -1 being nil.
func (r *Reader) NullableString() *string { return r.FlexNullableString(false, true) }

// CompactNullableString reads a nullable string of a flexible version.
func (r *Reader) CompactNullableString() *string { return r.FlexNullableString(true, true) }

// Bytes reads bytes with a 32-bit length, aliasing the input; null is an error.
func (r *Reader) Bytes() []byte { return r.FlexBytes(false, false) }

// CompactBytes reads bytes of a flexible version, aliasing the input; null is
// an error.
func (r *Reader) CompactBytes() []byte { return r.FlexBytes(true, false) }

// NullableBytes reads bytes with a 32-bit length, -1 being nil, aliasing the
// input.
func (r *Reader) NullableBytes() []byte { return r.FlexBytes(false, true) }

// CompactNullableBytes reads nullable bytes of a flexible version, aliasing
// the input.
func (r *Reader) CompactNullableBytes() []byte { return r.FlexBytes(true, true) }

// ArrayLen reads the 32-bit count of an array whose elements take at least
// minElem bytes each (0 counts as 1); -1 means null. A count that the
// remaining bytes cannot hold is an error.
func (r *Reader) ArrayLen(minElem int) int { return r.FlexArrayLen(false, true, minElem) }

// CompactArrayLen is [Reader.ArrayLen] for a flexible version.
func (r *Reader) CompactArrayLen(minElem int) int { return r.FlexArrayLen(true, true, minElem) }

// FlexString reads a string in the compact form if flex, else in the plain one.
func (r *Reader) FlexString(flex bool) string { return string(r.span(r.stringLen(flex), false)) }

// FlexNullableString reads a string that may be null if nullable.
func (r *Reader) FlexNullableString(flex, nullable bool) *string {
	b := r.span(r.stringLen(flex), nullable)
	if b == nil {
		return nil
	}
	s := string(b)
	return &s
}

// FlexBytes reads bytes that may be null if nullable. They alias the input;
// empty bytes are not nil.
func (r *Reader) FlexBytes(flex, nullable bool) []byte {
	if flex {
		return r.span(r.compactLen(), nullable)
	}
	return r.span(int(r.Int32()), nullable)
}

// FlexArrayLen reads the count of an array: -1 for null, which must be
// nullable. See [Reader.ArrayLen] for minElem.
func (r *Reader) FlexArrayLen(flex, nullable bool, minElem int) int {
	var n int
	if flex {
		n = r.compactLen()
	} else {
		n = int(r.Int32())
	}
	switch {
	case n == -1 && nullable:
		return -1
	case n == -1:
		r.Fail(ErrNull)
		return 0
	case n < 0:
		r.short(n)
		return 0
	case n > r.Len()/max(minElem, 1):
		r.Fail(fmt.Errorf("%w: %d elements of %d bytes or more, %d bytes there", ErrTruncated, n, minElem, r.Len()))
		return 0
	}
	return n
}

// Present reads the byte before a nullable struct: false for null.
func (r *Reader) Present(nullable bool) bool {
	if r.Int8() >= 0 {
		return r.err == nil
	}
	if !nullable {
		r.Fail(ErrNull)
	}
	return false
}

func (r *Reader) stringLen(flex bool) int {
	if flex {
		return r.compactLen()
	}
	return int(r.Int16())
}

// compactLen reads a length that is stored plus one; -1 means null.
func (r *Reader) compactLen() int { return int(r.Uvarint()) - 1 }

// span takes n bytes, or nil for -1. After a failure it returns nil.
func (r *Reader) span(n int, nullable bool) []byte {
	switch {
	case r.err != nil:
		return nil
	case n != -1:
		return r.Span(n)
	case !nullable:
		r.Fail(ErrNull)
	}
	return nil
}
