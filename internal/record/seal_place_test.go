package record

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
)

func TestSealInPlaceWritesOverTheRecords(t *testing.T) {
	for _, codec := range []compress.Codec{compress.Gzip, compress.Snappy, compress.LZ4, compress.Zstd} {
		buf := make([]byte, 1<<20)
		var b Builder
		b.Reset(buf)
		for i := range 1000 {
			b.Append(int64(i), benchKey, benchValue, nil)
		}
		want, err := b.Seal(Seal{Magic: 2, Codec: codec})
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.Seal(Seal{Magic: 2, Codec: codec, InPlace: true})
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: in place %d bytes that differ, %v, elsewhere %d", codec, len(got), err, len(want))
		}
		if &got[0] != &buf[0] {
			t.Errorf("%s: the batch is not in the builder's buffer", codec)
		}
	}
}

func TestSealInPlaceGoesElsewhereWhenThereIsNoRoom(t *testing.T) {
	noise := make([]byte, 10_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	var b Builder
	buf := make([]byte, headerSize+b.Size(0, nil, noise, nil))
	b.Reset(buf)
	b.Append(0, nil, noise, nil)
	batch, err := b.Seal(Seal{Magic: 2, Codec: compress.Snappy, InPlace: true})
	if err != nil || len(batch) <= len(buf) {
		t.Fatalf("got %d bytes, %v, want more than the %d of the buffer: the test is off", len(batch), err, len(buf))
	}
	var w Walker
	if got := walkAll(&w, batch); got != 1 || b.Count() != 1 {
		t.Errorf("%d records came back, want 1", got)
	}
}
