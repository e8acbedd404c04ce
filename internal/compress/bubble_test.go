package compress

import (
	"bytes"
	"testing"
	"testing/synctest"
)

func TestABubbleIsKnown(t *testing.T) {
	if inBubble() {
		t.Error("a bubble where there is none")
	}
	synctest.Test(t, func(t *testing.T) {
		if !inBubble() {
			t.Error("the bubble goes unnoticed")
		}
	})
}

// A coder that was made in a bubble and is used outside ends the process.
func TestCodersOfABubbleStayThere(t *testing.T) {
	for _, codec := range []Codec{Gzip, Snappy, LZ4, Zstd} {
		roundTrip := func(t *testing.T) {
			text := bytes.Repeat([]byte("over and over "), 100)
			packed, err := Append(nil, text, codec, DefaultLevel, 2)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := AppendDecompressed(nil, packed, codec, 2, 1<<20); err != nil || !bytes.Equal(got, text) {
				t.Errorf("%v: got %d bytes, %v", codec, len(got), err)
			}
		}
		for range 3 {
			synctest.Test(t, roundTrip)
			roundTrip(t)
		}
	}
}
