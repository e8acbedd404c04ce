package kbin_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/afkak-go/afkak/internal/kbin"
)

func TestIntegersComeBack(t *testing.T) {
	var id [16]byte
	for i := range id {
		id[i] = byte(i)
	}
	b := kbin.AppendInt8(nil, -2)
	b = kbin.AppendInt16(b, -3)
	b = kbin.AppendInt32(b, -4)
	b = kbin.AppendInt64(b, -5)
	b = kbin.AppendUint16(b, 65535)
	b = kbin.AppendUint32(b, math.MaxUint32)
	b = kbin.AppendFloat64(b, 1.5)
	b = kbin.AppendBool(b, true)
	b = kbin.AppendUUID(b, id)
	r := kbin.NewReader(b)
	if r.Int8() != -2 || r.Int16() != -3 || r.Int32() != -4 || r.Int64() != -5 || r.Uint16() != 65535 ||
		r.Uint32() != math.MaxUint32 || r.Float64() != 1.5 || !r.Bool() || r.UUID() != id {
		t.Error("a value came back different")
	}
	if err := r.End(); err != nil {
		t.Error(err)
	}
}

func TestVarintsComeBackWithTheLengthForetold(t *testing.T) {
	for shift := range 64 {
		for _, v := range []int64{1 << shift, 1<<shift - 1, -(1 << shift), math.MinInt64, math.MaxInt64} {
			b := kbin.AppendVarlong(nil, v)
			r := kbin.NewReader(b)
			if got := r.Varlong(); got != v || r.End() != nil || len(b) != kbin.VarlongLen(v) {
				t.Errorf("varlong %d: got %d from %x (%v), length foretold %d", v, got, b, r.End(), kbin.VarlongLen(v))
			}
			b = kbin.AppendVarint(nil, int32(v))
			r = kbin.NewReader(b)
			if got := r.Varint(); got != int32(v) || r.End() != nil || len(b) != kbin.VarintLen(int32(v)) {
				t.Errorf("varint %d: got %d from %x (%v), length foretold %d", int32(v), got, b, r.End(), kbin.VarintLen(int32(v)))
			}
			b = kbin.AppendUvarint(nil, uint32(v))
			r = kbin.NewReader(b)
			if got := r.Uvarint(); got != uint32(v) || r.End() != nil || len(b) != kbin.UvarintLen(uint32(v)) {
				t.Errorf("uvarint %d: got %d from %x (%v), length foretold %d", uint32(v), got, b, r.End(), kbin.UvarintLen(uint32(v)))
			}
		}
	}
}

func TestVarintBytesAreKafkas(t *testing.T) {
	for _, c := range []struct {
		v    int32
		want []byte
	}{{0, []byte{0}}, {-1, []byte{1}}, {1, []byte{2}}, {63, []byte{0x7e}}, {-64, []byte{0x7f}}, {64, []byte{0x80, 1}},
		{math.MaxInt32, []byte{0xfe, 0xff, 0xff, 0xff, 0x0f}}, {math.MinInt32, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}}} {
		if got := kbin.AppendVarint(nil, c.v); !bytes.Equal(got, c.want) {
			t.Errorf("varint %d: got %x, want %x", c.v, got, c.want)
		}
	}
}

func TestStringsAndBytesComeBack(t *testing.T) {
	s := "grün"
	b := kbin.AppendString(nil, s)
	b = kbin.AppendCompactString(b, s)
	b = kbin.AppendNullableString(b, nil)
	b = kbin.AppendNullableString(b, &s)
	b = kbin.AppendCompactNullableString(b, nil)
	b = kbin.AppendCompactNullableString(b, &s)
	b = kbin.AppendBytes(b, []byte(s))
	b = kbin.AppendCompactBytes(b, []byte(s))
	b = kbin.AppendNullableBytes(b, nil)
	b = kbin.AppendCompactNullableBytes(b, nil)
	b = kbin.AppendNullableBytes(b, []byte{})
	r := kbin.NewReader(b)
	is := func(p *string) bool { return p != nil && *p == s }
	if r.String() != s || r.CompactString() != s || r.NullableString() != nil || !is(r.NullableString()) ||
		r.CompactNullableString() != nil || !is(r.CompactNullableString()) || string(r.Bytes()) != s || string(r.CompactBytes()) != s ||
		r.NullableBytes() != nil || r.CompactNullableBytes() != nil {
		t.Error("a value came back different")
	}
	if got := r.NullableBytes(); got == nil || len(got) != 0 {
		t.Errorf("empty bytes came back as %#v", got)
	}
	if err := r.End(); err != nil {
		t.Error(err)
	}
}

func TestReaderRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		in   []byte
		read func(*kbin.Reader)
		want error
	}{
		"a short integer":              {[]byte{1, 2, 3}, func(r *kbin.Reader) { r.Int32() }, kbin.ErrTruncated},
		"a string beyond the end":      {[]byte{0, 4, 'a'}, func(r *kbin.Reader) { _ = r.String() }, kbin.ErrTruncated},
		"a string of length -2":        {[]byte{0xff, 0xfe}, func(r *kbin.Reader) { r.NullableString() }, kbin.ErrMalformed},
		"null for a string":            {[]byte{0xff, 0xff}, func(r *kbin.Reader) { _ = r.String() }, kbin.ErrNull},
		"null for a compact string":    {[]byte{0}, func(r *kbin.Reader) { r.CompactString() }, kbin.ErrNull},
		"bytes of length -2":           {[]byte{0xff, 0xff, 0xff, 0xfe}, func(r *kbin.Reader) { r.NullableBytes() }, kbin.ErrMalformed},
		"two billion bytes":            {[]byte{0x7f, 0xff, 0xff, 0xff}, func(r *kbin.Reader) { r.Bytes() }, kbin.ErrTruncated},
		"four billion compact bytes":   {[]byte{0xff, 0xff, 0xff, 0xff, 0x0f}, func(r *kbin.Reader) { r.CompactBytes() }, kbin.ErrTruncated},
		"two billion elements":         {[]byte{0x7f, 0xff, 0xff, 0xff, 0, 0}, func(r *kbin.Reader) { r.ArrayLen(1) }, kbin.ErrTruncated},
		"elements larger than is left": {[]byte{0, 0, 0, 3, 1, 2, 3, 4, 5}, func(r *kbin.Reader) { r.ArrayLen(2) }, kbin.ErrTruncated},
		"an array of length -2":        {[]byte{0xff, 0xff, 0xff, 0xfe}, func(r *kbin.Reader) { r.ArrayLen(1) }, kbin.ErrMalformed},
		"a varint without an end":      {[]byte{0x80}, func(r *kbin.Reader) { r.Uvarint() }, kbin.ErrTruncated},
		"a varint above 32 bits":       {[]byte{0xff, 0xff, 0xff, 0xff, 0x1f}, func(r *kbin.Reader) { r.Varint() }, kbin.ErrMalformed},
		"a varlong of eleven bytes":    {bytes.Repeat([]byte{0x80}, 11), func(r *kbin.Reader) { r.Varlong() }, kbin.ErrMalformed},
		"bytes left over":              {[]byte{1, 2}, func(r *kbin.Reader) { r.Int8() }, kbin.ErrTrailing},
		"null for a struct":            {[]byte{0xff}, func(r *kbin.Reader) { r.Present(false) }, kbin.ErrNull},
		"a billion tagged fields":      {[]byte{0xff, 0xff, 0xff, 0xff, 0x01}, func(r *kbin.Reader) { readTags(r) }, kbin.ErrTruncated},
		"a tagged field too large":     {[]byte{1, 0, 9, 1, 2}, func(r *kbin.Reader) { readTags(r) }, kbin.ErrTruncated},
		"tags out of order":            {[]byte{2, 1, 0, 0, 0}, func(r *kbin.Reader) { readTags(r) }, kbin.ErrMalformed},
		"a tag twice":                  {[]byte{2, 1, 0, 1, 0}, func(r *kbin.Reader) { readTags(r) }, kbin.ErrMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			r := kbin.NewReader(c.in)
			c.read(&r)
			if err := r.End(); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if r.Len() != 0 && r.Err() != nil || r.Int64() != 0 || r.NullableString() != nil {
				t.Error("something was read after the failure")
			}
		})
	}
}

func readTags(r *kbin.Reader) (tags []kbin.Tag) {
	for t := r.Tags(); t.Next(); {
		tags = append(tags, t.Unknown())
	}
	return tags
}

func TestReaderKeepsTheFirstFailure(t *testing.T) {
	r := kbin.NewReader([]byte{0, 9})
	_ = r.String()
	first := r.Err()
	r.Int64()
	r.Fail(errors.New("later"))
	if first == nil || r.Err() != first {
		t.Errorf("got %v, want %v", r.Err(), first)
	}
}

func TestSpanCannotGrowIntoTheInput(t *testing.T) {
	in := []byte{1, 2, 3}
	r := kbin.NewReader(in)
	_ = append(r.Span(1), 9)
	if in[1] != 2 {
		t.Error("append to a span wrote into the input")
	}
}

func TestTaggedFieldMustBeReadToItsEnd(t *testing.T) {
	r := kbin.NewReader([]byte{1, 0, 2, 7, 7})
	for tags := r.Tags(); tags.Next(); {
		r.Int8()
	}
	if !errors.Is(r.Err(), kbin.ErrTrailing) {
		t.Errorf("got %v, want %v", r.Err(), kbin.ErrTrailing)
	}
}

func TestTaggedFieldCannotReadBeyondItsEnd(t *testing.T) {
	r := kbin.NewReader([]byte{1, 0, 2, 7, 7, 7, 7})
	for tags := r.Tags(); tags.Next(); {
		r.Int32()
	}
	if !errors.Is(r.Err(), kbin.ErrTruncated) {
		t.Errorf("got %v, want %v", r.Err(), kbin.ErrTruncated)
	}
}

func TestUnknownTagsStandBetweenKnownOnes(t *testing.T) {
	long := bytes.Repeat([]byte{9}, 300)
	w := kbin.Writer{}
	tags := w.BeginTags([]kbin.Tag{{Number: 200, Value: long}, {Number: 1, Value: []byte{5}}})
	at := tags.Begin(0)
	w.Int8(7)
	tags.Close(at)
	at = tags.Begin(2)
	w.Bytes("long", long, true)
	tags.Close(at)
	tags.End()
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	r := kbin.NewReader(w.B)
	got := readTags(&r)
	want := []kbin.Tag{{0, []byte{7}}, {1, []byte{5}}, {2, append([]byte{0xad, 2}, long...)}, {200, long}}
	if r.End() != nil || len(got) != len(want) {
		t.Fatalf("got %d fields, want %d (%v)", len(got), len(want), r.End())
	}
	for i := range want {
		if got[i].Number != want[i].Number || !bytes.Equal(got[i].Value, want[i].Value) {
			t.Errorf("field %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

func TestManyTagsHaveALongCount(t *testing.T) {
	var in []kbin.Tag
	for i := range 200 {
		in = append(in, kbin.Tag{Number: uint32(i), Value: []byte{byte(i)}})
	}
	var w kbin.Writer
	w.Tags(in)
	r := kbin.NewReader(w.B)
	if got := readTags(&r); len(got) != 200 || r.End() != nil {
		t.Errorf("got %d tags, %v", len(got), r.End())
	}
}

func TestWriterRefuses(t *testing.T) {
	long := string(make([]byte, kbin.MaxString+1))
	for name, c := range map[string]struct {
		write func(*kbin.Writer)
		want  error
	}{
		"a string too long":    {func(w *kbin.Writer) { w.String("F", long, true) }, kbin.ErrTooLong},
		"a null string":        {func(w *kbin.Writer) { w.NullableString("F", nil, true, false) }, kbin.ErrNull},
		"null bytes":           {func(w *kbin.Writer) { w.NullableBytes("F", nil, false, false) }, kbin.ErrNull},
		"a null array":         {func(w *kbin.Writer) { w.NullableArrayLen("F", true, 0, false, false) }, kbin.ErrNull},
		"a null struct":        {func(w *kbin.Writer) { w.Present("F", false, false) }, kbin.ErrNull},
		"a field not there":    {func(w *kbin.Writer) { w.Unsupported("F") }, kbin.ErrUnsupported},
		"an unknown tag twice": {func(w *kbin.Writer) { w.Tags([]kbin.Tag{{Number: 1}, {Number: 1}}) }, kbin.ErrMalformed},
		"a known tag a 2nd time": {func(w *kbin.Writer) {
			tags := w.BeginTags([]kbin.Tag{{Number: 1}})
			tags.Close(tags.Begin(1))
			tags.End()
		}, kbin.ErrMalformed},
	} {
		var w kbin.Writer
		c.write(&w)
		var field *kbin.FieldError
		if !errors.Is(w.Err(), c.want) || !errors.As(w.Err(), &field) || field.Field == "" {
			t.Errorf("%s: got %v, want %v of a field", name, w.Err(), c.want)
		}
	}
}

func TestCutsJoinToWhatACopyingWriterWrites(t *testing.T) {
	small, large := bytes.Repeat([]byte{1}, kbin.CutMin-1), bytes.Repeat([]byte{2}, kbin.CutMin)
	write := func(w *kbin.Writer) {
		w.Int32(7)
		w.Records("A", large, false)
		w.Records("B", small, true)
		w.NullableRecords("C", nil, true, true)
		tags := w.BeginTags(nil)
		at := tags.Begin(0)
		w.Records("D", large, true)
		tags.Close(at)
		tags.End()
		w.NullableRecords("E", large, true, false)
	}
	plain, vector := kbin.Writer{B: []byte("head")}, kbin.Writer{B: []byte("head"), Vector: true}
	write(&plain)
	write(&vector)
	if len(vector.Cuts) != 2 || kbin.CutsLen(vector.Cuts) != 2*len(large) || &vector.Cuts[0].Data[0] != &large[0] {
		t.Fatalf("got %d cuts with %d bytes, want 2 that alias the payload", len(vector.Cuts), kbin.CutsLen(vector.Cuts))
	}
	if got := kbin.AppendJoined(nil, vector.B, vector.Cuts); !bytes.Equal(got, plain.B) {
		t.Error("the joined message differs from the copied one")
	}
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7}, []byte{0, 3, 0, 1, 1, 0, 2, 7, 7})
	f.Fuzz(func(t *testing.T, ops, in []byte) {
		r := kbin.NewReader(in)
		for _, op := range ops {
			before := r.Len()
			read(&r, op)
			if r.Len() > before || r.Len() < 0 {
				t.Fatalf("op %d: %d bytes left, %d before", op, r.Len(), before)
			}
		}
	})
}

func read(r *kbin.Reader, op byte) {
	switch op % 16 {
	case 0:
		r.Bool()
	case 1:
		r.Int16()
	case 2:
		r.Int32()
	case 3:
		r.Int64()
	case 4:
		r.UUID()
	case 5:
		r.Varint()
	case 6:
		r.Varlong()
	case 7:
		_ = r.String()
	case 8:
		r.CompactNullableString()
	case 9:
		r.NullableBytes()
	case 10:
		r.CompactBytes()
	case 11:
		r.ArrayLen(int(op))
	case 12:
		r.CompactArrayLen(int(op))
	case 13:
		readTags(r)
	case 14:
		r.Present(true)
	case 15:
		r.Span(int(op))
	}
}
