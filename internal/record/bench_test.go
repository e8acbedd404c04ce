package record

import (
	"fmt"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
)

// A record of 100 bytes: a key of 8, a value of 92.
var (
	benchKey   = []byte("key-0001")
	benchValue = []byte("ninety-two bytes of a value, which is about what an event of a sensor or a click would have.")
)

func BenchmarkBuilderAppend(b *testing.B) {
	const records = 1000
	var builder Builder
	buf := make([]byte, 0, 200_000)
	b.SetBytes(100)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%records == 0 {
			builder.Reset(buf)
		}
		builder.Append(1_700_000_000_000+int64(n), benchKey, benchValue, nil)
		n++
	}
}

func BenchmarkBuilderAppendHeaders(b *testing.B) {
	const records = 1000
	headers := []Header{{Key: "trace", Value: benchKey}, {Key: "source", Value: benchKey}}
	var builder Builder
	buf := make([]byte, 0, 200_000)
	b.SetBytes(100)
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if n%records == 0 {
			builder.Reset(buf)
		}
		builder.Append(1_700_000_000_000+int64(n), benchKey, benchValue, headers)
		n++
	}
}

func benchBatch(b *testing.B, records int, headers []Header, s Seal) []byte {
	b.Helper()
	var builder Builder
	for i := range records {
		builder.Append(1_700_000_000_000+int64(i), benchKey, benchValue, headers)
	}
	batch, err := builder.Seal(s)
	if err != nil {
		b.Fatal(err)
	}
	return batch
}

// walkAll reads, checks and walks one fetched batch.
func walkAll(w *Walker, raw []byte) (records int) {
	batch, _, err := ReadBatch(raw)
	if err != nil {
		panic(err)
	}
	if err := batch.CheckCRC(); err != nil {
		panic(err)
	}
	if err := w.Start(&batch, 0); err != nil {
		panic(err)
	}
	var r Record
	for w.Next(&r) {
		records++
	}
	return records
}

// BenchmarkWalk is per record, checksum included.
func BenchmarkWalk(b *testing.B) {
	const records = 1000
	for _, bench := range []struct {
		name    string
		headers []Header
		seal    Seal
	}{
		{"magic=2", nil, Seal{Magic: 2}},
		{"magic=2/headers", []Header{{Key: "trace", Value: benchKey}, {Key: "source", Value: benchKey}}, Seal{Magic: 2}},
		{"magic=2/lz4", nil, Seal{Magic: 2, Codec: compress.LZ4}},
		{"magic=1/lz4", nil, Seal{Magic: 1, Codec: compress.LZ4}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			raw := benchBatch(b, records, bench.headers, bench.seal)
			var w Walker
			b.SetBytes(records * 100)
			b.ReportAllocs()
			for b.Loop() {
				if got := walkAll(&w, raw); got != records {
					b.Fatal(got, w.Err())
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/records, "ns/record")
		})
	}
}

func BenchmarkSeal(b *testing.B) {
	const records = 1000
	var builder Builder
	for i := range records {
		builder.Append(1_700_000_000_000+int64(i), benchKey, benchValue, nil)
	}
	for _, s := range []Seal{{Magic: 2}, {Magic: 1}, {Magic: 2, Codec: compress.LZ4}, {Magic: 1, Codec: compress.LZ4}} {
		b.Run(fmt.Sprintf("magic=%d/%s", s.Magic, s.Codec), func(b *testing.B) {
			b.SetBytes(records * 100)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := builder.Seal(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
