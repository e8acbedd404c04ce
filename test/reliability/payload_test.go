package reliability

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
)

// An id names a record: the producer that sent it, and how many that had sent before.
type id struct{ producer, number int }

func (i id) String() string { return fmt.Sprintf("record %d of producer %d", i.number, i.producer) }

const longestFiller = 1500

var filler = strings.Repeat("the quick brown fox jumps over the lazy dog 0123456789 ", longestFiller/50+2)

// value is the record's, from which its id can be read. No two are the same, and the length depends on the id only.
func (i id) value() []byte {
	n := scatter(i)
	size := int(n % 300)
	if n%64 == 0 {
		size = longestFiller
	}
	return fmt.Appendf(nil, "%d/%d/%s", i.producer, i.number, filler[n%50:][:size])
}

// key is the record's; one in seven has none.
func (i id) key() []byte {
	n := scatter(i) >> 8
	if n%7 == 0 {
		return nil
	}
	return fmt.Appendf(nil, "key %d", n%50)
}

// scatter makes numbers that look random of ids.
func scatter(i id) uint64 {
	x := uint64(i.producer)<<40 + uint64(i.number) + 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// identify tells which record was read, and what is wrong with its bytes.
func identify(key, value []byte) (i id, wrong string) {
	if _, err := fmt.Sscanf(string(value[:min(len(value), 40)]), "%d/%d/", &i.producer, &i.number); err != nil {
		return id{-1, -1}, fmt.Sprintf("the value %.40q is none of ours", value)
	}
	if !bytes.Equal(value, i.value()) {
		return i, fmt.Sprintf("its value of %d bytes is not the one that was sent", len(value))
	}
	if want := i.key(); !bytes.Equal(key, want) || (key == nil) != (want == nil) {
		return i, fmt.Sprintf("its key is %q, %q was sent", key, want)
	}
	return i, ""
}

func TestRecordsAreKnownByTheirBytes(t *testing.T) {
	for n := range 1000 {
		want := id{n % 7, n}
		if got, wrong := identify(want.key(), want.value()); got != want || wrong != "" {
			t.Fatalf("got %v, %s; want %v", got, wrong, want)
		}
		spoilt := want.value()
		spoilt[len(spoilt)-1]++
		if _, wrong := identify(want.key(), spoilt); wrong == "" {
			t.Errorf("%v: a wrong value is not noticed", want)
		}
		if _, wrong := identify([]byte("another"), want.value()); wrong == "" {
			t.Errorf("%v: a wrong key is not noticed", want)
		}
	}
}
