package compress

import (
	"fmt"
	"strings"
	"testing"
)

func benchInput() []byte {
	var b strings.Builder
	for i := 0; b.Len() < 100_000; i++ {
		fmt.Fprintf(&b, `{"id":%d,"place":"%d km NW of station %d","mag":%d.%d}`, i*7919, i%97, i%31, i%9, i%10)
	}
	return []byte(b.String()[:100_000])
}

func BenchmarkAppend(b *testing.B) {
	src := benchInput()
	for _, form := range forms {
		b.Run(fmt.Sprintf("%s/magic=%d", form.codec, form.magic), func(b *testing.B) {
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = Append(dst[:0], src, form.codec, DefaultLevel, form.magic)
			}
			b.ReportMetric(float64(len(src))/float64(len(dst)), "ratio")
		})
	}
}

func BenchmarkAppendDecompressed(b *testing.B) {
	src := benchInput()
	for _, form := range forms {
		b.Run(fmt.Sprintf("%s/magic=%d", form.codec, form.magic), func(b *testing.B) {
			packed := mustAppend(b, nil, src, form.codec, DefaultLevel, form.magic)
			b.SetBytes(int64(len(src)))
			b.ReportAllocs()
			var dst []byte
			for b.Loop() {
				dst, _ = AppendDecompressed(dst[:0], packed, form.codec, form.magic, 0)
			}
		})
	}
}
