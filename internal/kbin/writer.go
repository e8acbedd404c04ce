package kbin

import "fmt"

// Writer appends values to B. The first failure sticks; what is in B is then
// of no use. The zero Writer is ready and copies every payload.
//
// Methods whose values may be refused take the path of the field for the
// error. In flexible versions (flex) lengths are varints (KIP-482).
type Writer struct {
	B []byte

	// Vector makes Records leave payloads of CutMin bytes or more out of B and
	// add them to Cuts.
	Vector bool
	Cuts   []Cut

	nested int // depth of open tagged fields, in which nothing is cut out
	err    error
}

// Err is the first failure, a *[FieldError], or nil.
func (w *Writer) Err() error { return w.err }

// Fail makes err stick, unless something has failed before.
func (w *Writer) Fail(field string, err error) {
	if w.err == nil {
		w.err = &FieldError{Field: field, Err: err}
	}
}

// Unsupported fails because field has a value that the version cannot carry.
func (w *Writer) Unsupported(field string) { w.Fail(field, ErrUnsupported) }

// Bool writes one byte.
func (w *Writer) Bool(v bool) { w.B = AppendBool(w.B, v) }

// Int8 writes one byte.
func (w *Writer) Int8(v int8) { w.B = AppendInt8(w.B, v) }

// Int16 writes two bytes.
func (w *Writer) Int16(v int16) { w.B = AppendInt16(w.B, v) }

// Uint16 writes two bytes.
func (w *Writer) Uint16(v uint16) { w.B = AppendUint16(w.B, v) }

// Int32 writes four bytes.
func (w *Writer) Int32(v int32) { w.B = AppendInt32(w.B, v) }

// Uint32 writes four bytes.
func (w *Writer) Uint32(v uint32) { w.B = AppendUint32(w.B, v) }

// Int64 writes eight bytes.
func (w *Writer) Int64(v int64) { w.B = AppendInt64(w.B, v) }

// Float64 writes eight bytes.
func (w *Writer) Float64(v float64) { w.B = AppendFloat64(w.B, v) }

// UUID writes sixteen bytes.
func (w *Writer) UUID(v [16]byte) { w.B = append(w.B, v[:]...) }

// String writes a string.
func (w *Writer) String(field, s string, flex bool) {
	switch {
	case len(s) > MaxString:
		w.tooLong(field, len(s), MaxString)
	case flex:
		w.B = AppendCompactString(w.B, s)
	default:
		w.B = AppendString(w.B, s)
	}
}

// NullableString writes a string or null, which must be nullable.
func (w *Writer) NullableString(field string, s *string, flex, nullable bool) {
	if s != nil {
		w.String(field, *s, flex)
		return
	}
	w.null(field, nullable)
	if flex {
		w.B = append(w.B, 0)
	} else {
		w.B = AppendInt16(w.B, -1)
	}
}

// Bytes copies b; nil is empty.
func (w *Writer) Bytes(field string, b []byte, flex bool) {
	w.count(field, len(b), flex)
	w.B = append(w.B, b...)
}

// NullableBytes copies b or writes null, which must be nullable.
func (w *Writer) NullableBytes(field string, b []byte, flex, nullable bool) {
	w.NullableArrayLen(field, b == nil, len(b), flex, nullable)
	w.B = append(w.B, b...)
}

// Records writes record batches: with Vector and from CutMin bytes on as a
// Cut, so that they are not copied; b must then stay as it is until the
// message has been sent. nil is empty.
func (w *Writer) Records(field string, b []byte, flex bool) {
	w.count(field, len(b), flex)
	w.payload(b)
}

// NullableRecords is Records; nil is null, which must be nullable.
func (w *Writer) NullableRecords(field string, b []byte, flex, nullable bool) {
	w.NullableArrayLen(field, b == nil, len(b), flex, nullable)
	w.payload(b)
}

func (w *Writer) payload(b []byte) {
	if w.Vector && len(b) >= CutMin && w.nested == 0 {
		w.Cuts = append(w.Cuts, Cut{At: len(w.B), Data: b})
		return
	}
	w.B = append(w.B, b...)
}

// ArrayLen writes the count of an array.
func (w *Writer) ArrayLen(field string, n int, flex bool) { w.count(field, n, flex) }

// NullableArrayLen writes the count of an array or null, which must be
// nullable.
func (w *Writer) NullableArrayLen(field string, null bool, n int, flex, nullable bool) {
	if null {
		w.null(field, nullable)
		n = -1
	}
	w.count(field, n, flex)
}

// Present writes the byte before a nullable struct and reports whether the
// struct follows.
func (w *Writer) Present(field string, present, nullable bool) bool {
	if present {
		w.Int8(1)
		return true
	}
	w.null(field, nullable)
	w.Int8(-1)
	return false
}

// NotNull fails because field is null where the format has a struct.
func (w *Writer) NotNull(field string) { w.Fail(field, ErrNull) }

func (w *Writer) count(field string, n int, flex bool) {
	switch {
	case n > MaxBytes:
		w.tooLong(field, n, MaxBytes)
	case flex:
		w.B = AppendUvarint(w.B, uint32(n+1))
	default:
		w.B = AppendInt32(w.B, int32(n))
	}
}

func (w *Writer) null(field string, nullable bool) {
	if !nullable {
		w.Fail(field, ErrNull)
	}
}

func (w *Writer) tooLong(field string, n, limit int) {
	w.Fail(field, fmt.Errorf("%w: %d, at most %d", ErrTooLong, n, limit))
}
