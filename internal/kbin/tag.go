package kbin

import (
	"fmt"
	"slices"
)

// Tag is one tagged field (KIP-482) in its encoded form.
type Tag struct {
	Number uint32
	Value  []byte
}

// TagReader walks the tagged fields at the end of a struct. Obtain one from
// [Reader.Tags].
type TagReader struct {
	Number uint32 // of the current field

	r     *Reader
	end   int // of what r may read; while a field is read, r is held to its end
	left  uint32
	first bool
}

// Tags reads the count of tagged fields. Call Next before each of them.
func (r *Reader) Tags() TagReader {
	n := r.Uvarint()
	if uint64(n)*2 > uint64(r.Len()) { // a number and a size each
		r.Fail(fmt.Errorf("%w: %d tagged fields, %d bytes there", ErrTruncated, n, r.Len()))
		n = 0
	}
	return TagReader{r: r, end: r.end, left: n, first: true}
}

// Next ends the current field, which must have been read to its last byte, and
// goes to the next one. It returns false after the last one and on failure.
func (t *TagReader) Next() bool {
	r := t.r
	if !t.first && r.Len() > 0 {
		r.Fail(fmt.Errorf("%w: tagged field %d: %d %w", ErrMalformed, t.Number, r.Len(), ErrTrailing))
	}
	r.end = t.end
	if r.err != nil {
		r.off = r.end
		return false
	}
	if t.left == 0 {
		return false
	}
	t.left--
	return t.enter()
}

func (t *TagReader) enter() bool {
	r := t.r
	number, size := r.Uvarint(), r.Uvarint()
	if r.err != nil {
		return false
	}
	if !t.first && number <= t.Number {
		r.Fail(fmt.Errorf("%w: tagged field %d after %d", ErrMalformed, number, t.Number))
		return false
	}
	if uint64(size) > uint64(r.Len()) {
		r.short(int(min(size, MaxBytes)))
		return false
	}
	t.Number, t.first = number, false
	r.end = r.off + int(size)
	return true
}

// Unknown returns the current field as it is. Its value aliases the input.
func (t *TagReader) Unknown() Tag { return Tag{t.Number, t.r.Rest()} }

// Tags writes tagged fields that are all in encoded form already.
func (w *Writer) Tags(unknown []Tag) {
	if len(unknown) == 0 {
		w.B = append(w.B, 0)
		return
	}
	t := w.BeginTags(unknown)
	t.End()
}

// TagWriter writes the tagged fields of a struct in the order of their
// numbers. Obtain one from [Writer.BeginTags].
type TagWriter struct {
	w       *Writer
	unknown []Tag // not written yet, ascending
	at      int   // of the count
	n       int
	last    int64 // number of the field written last, or -1
}

// BeginTags starts the tagged fields of a struct. The unknown ones are put
// between those that the caller writes with Begin, by number.
func (w *Writer) BeginTags(unknown []Tag) TagWriter {
	byNumber := func(a, b Tag) int { return int(int64(a.Number) - int64(b.Number)) }
	if !slices.IsSortedFunc(unknown, byNumber) {
		unknown = slices.Clone(unknown)
		slices.SortStableFunc(unknown, byNumber)
	}
	w.B = append(w.B, 0)
	return TagWriter{w: w, unknown: unknown, at: len(w.B) - 1, last: -1}
}

// Begin starts the field with the given number, which is above all before it,
// and returns what Close needs.
func (t *TagWriter) Begin(number uint32) int {
	for len(t.unknown) > 0 && t.unknown[0].Number < number {
		t.next()
	}
	t.head(number)
	t.w.nested++
	t.w.B = append(t.w.B, 0)
	return len(t.w.B) - 1
}

// Close ends the field that Begin has returned at for.
func (t *TagWriter) Close(at int) {
	t.w.nested--
	t.w.patch(at, len(t.w.B)-at-1)
}

// End writes the rest of the unknown fields and the count.
func (t *TagWriter) End() {
	for len(t.unknown) > 0 {
		t.next()
	}
	t.w.patch(t.at, t.n)
}

func (t *TagWriter) next() {
	tag := t.unknown[0]
	t.unknown = t.unknown[1:]
	t.head(tag.Number)
	t.w.B = AppendUvarint(t.w.B, uint32(len(tag.Value)))
	t.w.B = append(t.w.B, tag.Value...)
}

func (t *TagWriter) head(number uint32) {
	if int64(number) <= t.last {
		t.w.Fail("UnknownTags", fmt.Errorf("%w: tagged field %d twice", ErrMalformed, number))
	}
	t.last = int64(number)
	t.n++
	t.w.B = AppendUvarint(t.w.B, number)
}

// patch replaces the byte at position at by v as an unsigned varint.
func (w *Writer) patch(at, v int) {
	if v < 0x80 {
		w.B[at] = byte(v)
		return
	}
	var b [MaxVarintLen]byte
	w.B = slices.Replace(w.B, at, at+1, AppendUvarint(b[:0], uint32(v))...)
}
