package compress

import (
	"bytes"
	"testing"
)

// fuzzLimit is small enough for bombs to be found quickly.
const fuzzLimit = 1 << 20

// fuzzDecompress feeds arbitrary bytes to one decompressor: it may not panic
// nor exceed its limit, and what it accepts must survive our own encoder.
func fuzzDecompress(f *testing.F, c Codec, magics ...int8) {
	for _, src := range inputs()[:21] {
		for _, magic := range magics {
			f.Add(mustAppend(f, nil, src, c, DefaultLevel, magic))
		}
	}
	f.Fuzz(func(t *testing.T, packed []byte) {
		for _, magic := range magics {
			before := []byte("before")
			got, err := AppendDecompressed(before, packed, c, magic, fuzzLimit)
			if !bytes.HasPrefix(got, before) {
				t.Fatal("AppendDecompressed overwrote dst")
			}
			if err != nil {
				if len(got) != len(before) {
					t.Fatalf("%d bytes beside error %v", len(got)-len(before), err)
				}
				continue
			}
			src := got[len(before):]
			if len(src) > fuzzLimit {
				t.Fatalf("%d bytes above the limit of %d", len(src), fuzzLimit)
			}
			again, err := AppendDecompressed(nil, mustAppend(t, nil, src, c, DefaultLevel, magic), c, magic, fuzzLimit)
			if err != nil || !bytes.Equal(again, src) {
				t.Fatalf("%d bytes do not come back: %v", len(src), err)
			}
		}
	})
}

func FuzzGzip(f *testing.F)   { fuzzDecompress(f, Gzip, 2) }
func FuzzSnappy(f *testing.F) { fuzzDecompress(f, Snappy, 1, 2) }
func FuzzLZ4(f *testing.F)    { fuzzDecompress(f, LZ4, 0, 1, 2) }
func FuzzZstd(f *testing.F)   { fuzzDecompress(f, Zstd, 2) }
