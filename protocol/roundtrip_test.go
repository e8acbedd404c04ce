package protocol

import (
	"bytes"
	"errors"
	"reflect"
	"runtime"
	"testing"

	"github.com/afkak-go/afkak/internal/kbin"
)

// seeds per message and version: each kind of [filler] once at least.
const seeds = 8

// each calls f for every message, version and seed.
func each(t *testing.T, f func(t *testing.T, s subject, version int16, seed uint64)) {
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			for version := s.Min; version <= s.Max; version++ {
				for seed := range uint64(seeds) {
					f(t, s, version, seed)
				}
			}
		})
	}
}

func TestEveryMessageComesBackInEveryVersion(t *testing.T) {
	each(t, func(t *testing.T, s subject, version int16, seed uint64) {
		in, b := s.filled(t, version, seed)
		out := s.new()
		if err := out.DecodeFrom(b, version); err != nil {
			t.Fatalf("version %d, seed %d: %v", version, seed, err)
		}
		if again, err := out.AppendTo(nil, version); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("version %d, seed %d: appended again it is\n%x (%v), want\n%x", version, seed, again, err, b)
		}
		sameOrDefault(t, version, s.name, reflect.ValueOf(in).Elem(), reflect.ValueOf(out).Elem())
	})
}

// sameOrDefault checks that every field of out is as in the message that was
// appended or, where the version lacks it, has its default.
func sameOrDefault(t *testing.T, version int16, path string, in, out reflect.Value) {
	t.Helper()
	fresh := reflect.New(out.Type())
	if defaults, ok := fresh.Interface().(interface{ SetDefaults() }); ok {
		defaults.SetDefaults()
	}
	for i := range out.NumField() {
		name := path + "." + out.Type().Field(i).Name
		got, want, def := out.Field(i), in.Field(i), fresh.Elem().Field(i)
		switch {
		case empty(got) && (empty(want) || empty(def)), reflect.DeepEqual(got.Interface(), def.Interface()):
		case got.Kind() == reflect.Struct:
			sameOrDefault(t, version, name, want, got)
		case got.Kind() == reflect.Pointer && got.Elem().Kind() == reflect.Struct:
			sameOrDefault(t, version, name, want.Elem(), got.Elem())
		case got.Kind() == reflect.Slice && got.Type().Elem().Kind() == reflect.Struct && got.Len() == want.Len():
			for i := range got.Len() {
				sameOrDefault(t, version, name, want.Index(i), got.Index(i))
			}
		case !reflect.DeepEqual(got.Interface(), want.Interface()):
			t.Errorf("version %d: %s came back as %v, want %v", version, name, got, want)
		}
	}
}

func empty(v reflect.Value) bool {
	return v.Kind() == reflect.Slice && v.Len() == 0 || v.Kind() == reflect.Pointer && v.IsNil()
}

func TestEveryMessageCutShortIsRefused(t *testing.T) {
	each(t, func(t *testing.T, s subject, version int16, seed uint64) {
		_, b := s.filled(t, version, seed)
		for n := 0; n < len(b); n += 1 + len(b)/50 {
			err := s.new().DecodeFrom(b[:n:n], version)
			var bad *MessageError
			if err == nil {
				t.Fatalf("version %d, seed %d: %d of %d bytes were accepted", version, seed, n, len(b))
			}
			if !errors.As(err, &bad) && !errors.Is(err, ErrTrailing) {
				t.Fatalf("version %d: got %T, want a *MessageError", version, err)
			}
		}
		if err := s.new().DecodeFrom(append(b, 0), version); !errors.Is(err, ErrTrailing) {
			t.Fatalf("version %d, seed %d: a byte too many: got %v, want %v", version, seed, err, ErrTrailing)
		}
	})
}

func TestNoCountMakesDecodingExpensive(t *testing.T) {
	counts := [][]byte{{0x7f, 0xff, 0xff, 0xff}, {0xff, 0xff, 0xff, 0xff, 0x07}}
	for _, s := range subjects() {
		t.Run(s.name, func(t *testing.T) {
			for version := s.Min; version <= s.Max; version++ {
				_, b := s.filled(t, version, 0)
				for at := 0; at < len(b); at += 1 + len(b)/40 {
					for _, count := range counts {
						hostile := append(append(bytes.Clone(b[:at]), count...), b[at:]...)
						if got := allocated(func() { s.new().DecodeFrom(hostile, version) }); got > allowance(len(hostile)) {
							t.Fatalf("version %d: %d bytes made decoding allocate %d", version, len(hostile), got)
						}
					}
				}
			}
		})
	}
}

// allowance is what decoding n bytes may allocate: elements of a struct with
// nothing in it but lists are that much larger in Go than on the wire.
func allowance(n int) uint64 { return 16<<10 + uint64(n)*100 }

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestVersionsOutsideTheRangeAreRefused(t *testing.T) {
	for _, s := range subjects() {
		for _, version := range []int16{s.Min - 1, s.Max + 1, -1, 32767} {
			if _, err := s.new().AppendTo(nil, version); !errors.Is(err, ErrVersion) {
				t.Errorf("append %s version %d: got %v, want %v", s.name, version, err, ErrVersion)
			}
			if err := s.new().DecodeFrom(nil, version); !errors.Is(err, ErrVersion) {
				t.Errorf("decode %s version %d: got %v, want %v", s.name, version, err, ErrVersion)
			}
		}
	}
}

func TestVectorJoinsToWhatAppendToWrites(t *testing.T) {
	vectors := 0
	for _, s := range subjects() {
		if _, ok := s.new().(VectorAppender); !ok {
			continue
		}
		vectors++
		for version := s.Min; version <= s.Max; version++ {
			in, _ := s.filled(t, version, 0)
			large := growRecords(reflect.ValueOf(in).Elem())
			m := in.(VectorAppender)
			whole, err := m.AppendTo([]byte("head"), version)
			if err != nil {
				t.Fatal(err)
			}
			buf, cuts, err := m.AppendVector([]byte("head"), version, nil)
			if err != nil || len(cuts) != large {
				t.Fatalf("%s version %d: %d cuts, %v; want %d", s.name, version, len(cuts), err, large)
			}
			if got := kbin.AppendJoined(nil, buf, cuts); !bytes.Equal(got, whole) {
				t.Errorf("%s version %d: the joined vector differs from the plain message", s.name, version)
			}
		}
	}
	if vectors != 3 {
		t.Errorf("%d messages are vector appenders, want 3", vectors)
	}
}

// growRecords makes all Records large and returns how many there are.
func growRecords(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Slice:
		for i := range v.Len() {
			n += growRecords(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).Name == "Records" {
				v.Field(i).SetBytes(bytes.Repeat([]byte{7}, kbin.CutMin))
				n++
				continue
			}
			n += growRecords(v.Field(i))
		}
	}
	return n
}

func FuzzDecode(f *testing.F) {
	all := subjects()
	for i, s := range all {
		for version := s.Min; version <= s.Max; version++ {
			_, b := s.filled(f, version, uint64(i))
			f.Add(uint16(i), version, b)
		}
	}
	f.Fuzz(func(t *testing.T, i uint16, version int16, b []byte) {
		s := all[int(i)%len(all)]
		if !s.Contains(version) {
			version = s.Min
		}
		m := s.new()
		var err error
		if got := allocated(func() { err = m.DecodeFrom(b, version) }); got > allowance(len(b)) {
			t.Fatalf("%s version %d: %d bytes made decoding allocate %d", s.name, version, len(b), got)
		}
		if err != nil {
			return
		}
		once, err := m.AppendTo(nil, version)
		if errors.Is(err, ErrTooLong) {
			return // a compact string above the limit
		}
		if err != nil {
			t.Fatalf("%s version %d: decoded, but not to be appended: %v", s.name, version, err)
		}
		again := s.new()
		if err := again.DecodeFrom(once, version); err != nil {
			t.Fatalf("%s version %d: appended, but not to be decoded: %v", s.name, version, err)
		}
		if twice, err := again.AppendTo(nil, version); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%s version %d: appended as %x, then as %x (%v)", s.name, version, once, twice, err)
		}
	})
}
