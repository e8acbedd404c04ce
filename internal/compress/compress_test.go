package compress

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// forms are all pairs of codec and magic that Kafka has.
var forms = []struct {
	codec Codec
	magic int8
}{
	{None, 0}, {None, 1}, {None, 2},
	{Gzip, 0}, {Gzip, 1}, {Gzip, 2},
	{Snappy, 0}, {Snappy, 1}, {Snappy, 2},
	{LZ4, 0}, {LZ4, 1}, {LZ4, 2},
	{Zstd, 2},
}

// inputs are texts and noise of sizes around every block and chunk boundary.
func inputs() [][]byte {
	noise := make([]byte, 300_000)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(random.Uint32())
	}
	text := []byte(strings.Repeat("the quick brown fox jumps over the lazy dog, said he; ", 6_000))
	var all [][]byte
	for _, n := range []int{0, 1, 12, 13, 100, 32 << 10, 32<<10 + 1, 64 << 10, 64<<10 + 1, 200_000, 300_000} {
		all = append(all, noise[:n], text[:n], bytes.Repeat([]byte{'x'}, n))
	}
	return all
}

func mustAppend(tb testing.TB, dst, src []byte, c Codec, level int, magic int8) []byte {
	tb.Helper()
	out, err := Append(dst, src, c, level, magic)
	if err != nil {
		tb.Fatalf("Append(%s, level %d, magic %d): %v", c, level, magic, err)
	}
	return out
}

func TestWhatIsCompressedComesBack(t *testing.T) {
	for _, form := range forms {
		t.Run(fmt.Sprintf("%s/magic %d", form.codec, form.magic), func(t *testing.T) {
			for _, src := range inputs() {
				packed := mustAppend(t, []byte("before"), src, form.codec, DefaultLevel, form.magic)
				packed, ok := bytes.CutPrefix(packed, []byte("before"))
				if !ok {
					t.Fatal("Append overwrote dst")
				}
				got, err := AppendDecompressed([]byte("before"), packed, form.codec, form.magic, len(src))
				if err != nil {
					t.Fatalf("%d bytes: %v", len(src), err)
				}
				if want := append([]byte("before"), src...); !bytes.Equal(got, want) {
					t.Fatalf("%d bytes came back as %d others", len(src), len(got)-len("before"))
				}
			}
		})
	}
}

func TestEveryLevelComesBackAndOthersAreRefused(t *testing.T) {
	src := inputs()[25]
	highest := map[Codec]int{None: 0, Gzip: 9, Snappy: 0, LZ4: 12, Zstd: 22}
	for codec, top := range highest {
		for level := 0; level <= top; level++ {
			packed := mustAppend(t, nil, src, codec, level, 2)
			got, err := AppendDecompressed(nil, packed, codec, 2, 0)
			if err != nil || !bytes.Equal(got, src) {
				t.Errorf("%s level %d: did not come back: %v", codec, level, err)
			}
		}
		for _, level := range []int{-1, top + 1, 1000} {
			if _, err := Append(nil, src, codec, level, 2); !errors.Is(err, ErrLevel) {
				t.Errorf("%s level %d: got error %v, want ErrLevel", codec, level, err)
			}
		}
	}
}

func TestTheLimitIsTheMostThatComesBack(t *testing.T) {
	src := bytes.Repeat([]byte("0123456789"), 100_000)
	for _, form := range forms {
		packed := mustAppend(t, nil, src, form.codec, DefaultLevel, form.magic)
		if _, err := AppendDecompressed(nil, packed, form.codec, form.magic, len(src)); err != nil {
			t.Errorf("%s magic %d at the limit: %v", form.codec, form.magic, err)
		}
		for _, limit := range []int{1, 1000, len(src) - 1} {
			if _, err := AppendDecompressed(nil, packed, form.codec, form.magic, limit); !errors.Is(err, ErrTooLarge) {
				t.Errorf("%s magic %d above limit %d: got error %v, want ErrTooLarge", form.codec, form.magic, limit, err)
			}
		}
	}
}

func TestUnknownCodecsAndZstdInOldMessagesAreRefused(t *testing.T) {
	for _, c := range []Codec{-1, 5, 7} {
		if _, err := Append(nil, nil, c, DefaultLevel, 2); !errors.Is(err, ErrUnknownCodec) {
			t.Errorf("Append %v: got %v", c, err)
		}
		if _, err := AppendDecompressed(nil, nil, c, 2, 0); !errors.Is(err, ErrUnknownCodec) {
			t.Errorf("AppendDecompressed %v: got %v", c, err)
		}
	}
	for _, magic := range []int8{0, 1} {
		if _, err := Append(nil, nil, Zstd, DefaultLevel, magic); !errors.Is(err, ErrUnsupportedMagic) {
			t.Errorf("Append zstd magic %d: got %v", magic, err)
		}
		if _, err := AppendDecompressed(nil, nil, Zstd, magic, 0); !errors.Is(err, ErrUnsupportedMagic) {
			t.Errorf("AppendDecompressed zstd magic %d: got %v", magic, err)
		}
	}
}

func TestCutInputIsCorrupt(t *testing.T) {
	src := inputs()[19] // text of 64 KiB
	for _, form := range forms {
		if form.codec == None {
			continue
		}
		packed := mustAppend(t, nil, src, form.codec, DefaultLevel, form.magic)
		for n := 1; n < len(packed); n++ {
			got, err := AppendDecompressed(nil, packed[:n], form.codec, form.magic, 0)
			if errors.Is(err, ErrCorrupt) {
				continue
			}
			// Between two chunks a stream of them is whole.
			if form.codec == Snappy && form.magic < 2 && err == nil && bytes.HasPrefix(src, got) {
				continue
			}
			t.Fatalf("%s magic %d cut at %d of %d: got error %v, want ErrCorrupt", form.codec, form.magic, n, len(packed), err)
		}
	}
}

func TestLyingSizesCostNoMemory(t *testing.T) {
	gz := mustAppend(t, nil, []byte("small"), Gzip, DefaultLevel, 2)
	binary.LittleEndian.PutUint32(gz[len(gz)-4:], 1<<31-2)
	lies := map[string]struct {
		codec Codec
		bytes []byte
	}{
		"gzip trailer of 2 GiB":       {Gzip, gz},
		"snappy block of 2 GiB":       {Snappy, []byte{0xff, 0xff, 0xff, 0xff, 0x07, 0, 'a'}},
		"xerial chunk of 2 GiB":       {Snappy, append(bytes.Clone(xerialHeader), 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0x07, 0, 'a')},
		"xerial length of 4 GiB":      {Snappy, append(bytes.Clone(xerialHeader), 0xff, 0xff, 0xff, 0xff, 1)},
		"zstd frame of 1 GiB":         {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0xa0, 0, 0, 0, 0x40, 9, 0, 0, 'a'}},
		"zstd window of 128 MiB":      {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0x0d, 0, 0, 'a'}},
		"zstd block of 2 MiB":         {Zstd, []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x88, 0xf9, 0xff, 0xff, 'a'}},
		"lz4 frame of 4 MiB blocks":   {LZ4, []byte{4, 0x22, 0x4d, 0x18, 0x60, 0x70, 0x73, 0xff, 0xff, 0x3f, 0, 'a'}},
		"lz4 length that never stops": {LZ4, append(mustLZ4Header(), 3, 0, 0, 0, 0xf0, 0xff, 0xff)},
	}
	for name, lie := range lies {
		t.Run(name, func(t *testing.T) {
			AppendDecompressed(nil, lie.bytes, lie.codec, 2, 0) // warms the pools
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := AppendDecompressed(nil, lie.bytes, lie.codec, 2, 0)
			runtime.ReadMemStats(&after)
			if !errors.Is(err, ErrCorrupt) {
				t.Errorf("got error %v, want ErrCorrupt", err)
			}
			if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
				t.Errorf("allocated %d bytes for %d", got, len(lie.bytes))
			}
		})
	}
}

func mustLZ4Header() []byte { return appendLZ4Header(nil, 2, lz4SmallestBlock) }

// What the reference implementations write beyond our own forms.
func TestFramesOfOtherWritersAreRead(t *testing.T) {
	src := inputs()[31] // text of 300,000 bytes
	frames := map[string]struct {
		codec Codec
		bytes []byte
		want  []byte
	}{
		"lz4 with checksums":        {LZ4, lz4Written(t, src, lz4.BlockChecksumOption(true), lz4.ChecksumOption(true)), src},
		"lz4 with content size":     {LZ4, lz4Written(t, src, lz4.SizeOption(uint64(len(src)))), src},
		"lz4 with blocks of 64 KiB": {LZ4, lz4Written(t, src, lz4.BlockSizeOption(lz4.Block64Kb)), src},
		"lz4 with dependent blocks": {LZ4, dependentLZ4(), []byte("0123456789abcdef6789abcdefXYZUVW")},
		"zstd without a size":       {Zstd, zstdWritten(t, src), src},
		"zstd in two frames":        {Zstd, append(zstdWritten(t, src[:1000]), zstdWritten(t, src[1000:])...), src},
		"zstd of high ratio":        {Zstd, zstdWritten(t, make([]byte, 10<<20)), make([]byte, 10<<20)},
		"gzip in two members":       {Gzip, append(gzipWritten(src[:299_000]), gzipWritten(src[299_000:])...), src},
		"gzip of high ratio":        {Gzip, gzipWritten(make([]byte, 10<<20)), make([]byte, 10<<20)},
		"xerial streams in a row": {Snappy, append(mustAppend(t, nil, src[:9], Snappy, DefaultLevel, 1),
			mustAppend(t, nil, src[9:], Snappy, DefaultLevel, 1)...), src},
	}
	for name, frame := range frames {
		t.Run(name, func(t *testing.T) {
			got, err := AppendDecompressed(nil, frame.bytes, frame.codec, 2, len(frame.want))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, frame.want) {
				t.Fatalf("got %d bytes, want %d", len(got), len(frame.want))
			}
			if _, err := AppendDecompressed(nil, frame.bytes, frame.codec, 2, len(frame.want)-1); !errors.Is(err, ErrTooLarge) {
				t.Fatalf("one byte less: got error %v, want ErrTooLarge", err)
			}
		})
	}
}

func lz4Written(t *testing.T, src []byte, options ...lz4.Option) []byte {
	t.Helper()
	var out bytes.Buffer
	w := lz4.NewWriter(&out)
	if err := w.Apply(options...); err != nil {
		t.Fatal(err)
	}
	w.Write(src)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// dependentLZ4 is a frame whose second block copies from its first.
func dependentLZ4() []byte {
	frame := binary.LittleEndian.AppendUint32(nil, lz4Magic)
	frame = append(frame, lz4Version, lz4SmallestBlock<<4)
	frame = append(frame, lz4HeaderChecksum(frame, false))
	frame = binary.LittleEndian.AppendUint32(frame, 16|lz4Stored)
	frame = append(frame, "0123456789abcdef"...)
	// No literals, 10 bytes from 10 back, then 6 literals.
	block := append([]byte{0x06, 10, 0, 0x60}, "XYZUVW"...)
	frame = binary.LittleEndian.AppendUint32(frame, uint32(len(block)))
	frame = append(frame, block...)
	return append(frame, 0, 0, 0, 0)
}

func zstdWritten(t *testing.T, src []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := zstd.NewWriter(&out, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	w.Write(src)
	w.Flush() // a frame that was begun before its end was known
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipWritten(src []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Write(src)
	w.Close()
	return out.Bytes()
}

func TestLZ4FramesAreReadByTheReferenceReader(t *testing.T) {
	for _, src := range inputs() {
		packed := mustAppend(t, nil, src, LZ4, DefaultLevel, 2)
		var got bytes.Buffer
		if _, err := lz4.NewReader(bytes.NewReader(packed)).WriteTo(&got); err != nil {
			t.Fatalf("%d bytes: %v", len(src), err)
		}
		if !bytes.Equal(got.Bytes(), src) {
			t.Fatalf("%d bytes came back as %d others", len(src), got.Len())
		}
	}
}

// lz4Text is what a producer of JSON might write.
func lz4Text(n int) []byte {
	random := rand.New(rand.NewPCG(3, 4))
	var out []byte
	for len(out) < n {
		out = fmt.Appendf(out, `{"order":%d,"customer":"%x","status":"%d"}`, random.Uint64N(1e12), random.Uint64(), random.IntN(4))
	}
	return out[:n]
}

func TestLZ4IsNoLargerThanWhatTheReferenceWriterMakes(t *testing.T) {
	for _, n := range []int{1000, 64 << 10, 64<<10 + 1, 256 << 10, 1_000_000, 4 << 20, 4<<20 + 1} {
		src := lz4Text(n)
		packed := mustAppend(t, nil, src, LZ4, DefaultLevel, 2)
		if got, want := len(packed), len(lz4Written(t, src)); got > want+want/500 { // hashes of other bits collide elsewhere
			t.Errorf("%d bytes: %d compressed, the reference writer has %d", n, got, want)
		}
		back, err := AppendDecompressed(nil, packed, LZ4, 2, n)
		if err != nil || !bytes.Equal(back, src) {
			t.Errorf("%d bytes came back as %d: %v", n, len(back), err)
		}
	}
}

func TestLZ4FramesAskTheirReadersForNoMoreThanTheyNeed(t *testing.T) {
	for _, test := range []struct{ bytes, block int }{
		{0, 64 << 10}, {64 << 10, 64 << 10}, {64<<10 + 1, 256 << 10}, {256<<10 + 1, 1 << 20},
		{1<<20 + 1, 4 << 20}, {4<<20 + 1, 4 << 20},
	} {
		frame, err := readLZ4Frame(mustAppend(t, nil, make([]byte, test.bytes), LZ4, DefaultLevel, 2), 2)
		if err != nil || frame.blockSize != test.block {
			t.Errorf("%d bytes: blocks of %d, %v, want %d", test.bytes, frame.blockSize, err, test.block)
		}
	}
}

func TestBrokenLZ4HeaderChecksumBelongsToMagic0Only(t *testing.T) {
	src := []byte("a message set")
	broken := mustAppend(t, nil, src, LZ4, DefaultLevel, 0)
	right := mustAppend(t, nil, src, LZ4, DefaultLevel, 1)
	// 0x1a is what a real 0.9.0.1 producer writes; 0x82 what the frame format says.
	if broken[6] != 0x1a || right[6] != 0x82 {
		t.Fatalf("header checksums are %#x (magic 0) and %#x, want 0x1a and 0x82", broken[6], right[6])
	}
	tests := []struct {
		name  string
		frame []byte
		magic int8
		ok    bool
	}{
		{"broken in magic 0", broken, 0, true},
		{"right in magic 0", right, 0, true},
		{"broken in magic 1", broken, 1, false},
		{"broken in magic 2", broken, 2, false},
		{"right in magic 1", right, 1, true},
	}
	for _, test := range tests {
		_, err := AppendDecompressed(nil, test.frame, LZ4, test.magic, 0)
		if (err == nil) != test.ok {
			t.Errorf("%s: got error %v", test.name, err)
		}
	}
}

func TestXXHash32(t *testing.T) {
	// Published vectors of seed 0.
	for input, want := range map[string]uint32{
		"":    0x02cc5d05,
		"a":   0x550d7456,
		"abc": 0x32d153ff,
		"Nobody inspects the spammish repetition": 0xe2293b2f,
	} {
		if got := xxhash32([]byte(input)); got != want {
			t.Errorf("xxhash32(%q) = %#08x, want %#08x", input, got, want)
		}
	}
}

func TestCodecNames(t *testing.T) {
	for _, c := range []Codec{None, Gzip, Snappy, LZ4, Zstd} {
		if got, err := ParseCodec(strings.ToUpper(c.String())); got != c || err != nil {
			t.Errorf("ParseCodec(%q) = %v, %v", strings.ToUpper(c.String()), got, err)
		}
	}
	if got, err := ParseCodec(""); got != None || err != nil {
		t.Errorf(`ParseCodec("") = %v, %v`, got, err)
	}
	if _, err := ParseCodec("brotli"); !errors.Is(err, ErrUnknownCodec) {
		t.Errorf("ParseCodec(brotli): got error %v", err)
	}
	if got := Codec(7).String(); got != "codec 7" {
		t.Errorf("Codec(7).String() = %q", got)
	}
}

func TestManyGoroutinesShareThePools(t *testing.T) {
	src := inputs()[25]
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			own := src[i*1000:]
			for range 5 {
				for _, form := range forms {
					packed, err := Append(nil, own, form.codec, DefaultLevel, form.magic)
					if err != nil {
						t.Error(err)
						return
					}
					got, err := AppendDecompressed(nil, packed, form.codec, form.magic, len(own))
					if err != nil || !bytes.Equal(got, own) {
						t.Errorf("%s magic %d: did not come back: %v", form.codec, form.magic, err)
					}
				}
			}
		})
	}
	wg.Wait() // each goroutine ends by itself
}
