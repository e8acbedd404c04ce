package compress

import (
	"fmt"
	"math"
	"sync"
)

// Append compresses src and appends the result to dst, in the form that
// messages of the given magic carry. With None it appends src itself. dst and
// src must not overlap.
//
// The errors wrap ErrUnknownCodec, ErrLevel or ErrUnsupportedMagic; dst is
// returned as it was.
func Append(dst, src []byte, c Codec, level int, magic int8) ([]byte, error) {
	err := With(src, c, level, magic, func(out []byte) { dst = append(dst, out...) })
	return dst, err
}

// With compresses src as Append does and calls use with the result, which is
// use's until it returns. What becomes of src then is the caller's business.
//
// Encoders want room for the worst case. A batch lives until its broker has
// answered, so it should have memory of its own size, or what src was in, and
// not that room, which is the next batch's.
func With(src []byte, c Codec, level int, magic int8, use func(out []byte)) error {
	if err := check(c, magic); err != nil {
		return err
	}
	if err := CheckLevel(c, level); err != nil {
		return err
	}
	if c == None {
		use(src)
		return nil
	}
	scratch := scratches.Get().(*[]byte)
	defer putScratch(scratch)
	out := (*scratch)[:0]
	switch c {
	case Gzip:
		out = appendGzip(out, src, level)
	case Snappy:
		out = appendSnappy(out, src, magic)
	case LZ4:
		out = appendLZ4(out, src, level, magic)
	case Zstd:
		out = appendZstd(out, src, level)
	}
	*scratch = out
	use(out)
	return nil
}

// AppendDecompressed decompresses src and appends the result to dst. At most
// limit bytes are appended, 0 meaning 2 GiB - 1, which no batch may exceed;
// more end in ErrTooLarge. Memory is allocated as src can justify it: a size
// that src only claims to have costs nothing. dst and src must not overlap.
//
// The errors wrap ErrCorrupt, ErrTooLarge, ErrUnknownCodec or
// ErrUnsupportedMagic; what was decompressed so far is not returned.
func AppendDecompressed(dst, src []byte, c Codec, magic int8, limit int) ([]byte, error) {
	if err := check(c, magic); err != nil {
		return dst, err
	}
	if limit <= 0 || limit > math.MaxInt32 {
		limit = math.MaxInt32
	}
	out, err := dst, error(nil)
	switch c {
	case None:
		out, err = appendStored(dst, src, limit)
	case Gzip:
		out, err = appendGunzipped(dst, src, limit)
	case Snappy:
		out, err = appendUnsnappied(dst, src, limit)
	case LZ4:
		out, err = appendUnLZ4ed(dst, src, magic, limit)
	case Zstd:
		out, err = appendUnzstded(dst, src, limit)
	}
	if err != nil {
		return dst, err
	}
	return out, nil
}

func check(c Codec, magic int8) error {
	if !c.Known() {
		return fmt.Errorf("%w %d", ErrUnknownCodec, int8(c))
	}
	if c == Zstd && magic < 2 { // KIP-110
		return fmt.Errorf("%w: zstd needs magic 2 (Kafka 2.1 or later), not magic %d", ErrUnsupportedMagic, magic)
	}
	return nil
}

func appendStored(dst, src []byte, limit int) ([]byte, error) {
	if len(src) > limit {
		return dst, tooLarge(None, limit)
	}
	return append(dst, src...), nil
}

func tooLarge(c Codec, limit int) error {
	return fmt.Errorf("%s: %w of %d bytes", c, ErrTooLarge, limit)
}

// corrupt wraps what a decoder said, or what we found ourselves, in ErrCorrupt.
func corrupt(c Codec, cause any) error {
	if err, ok := cause.(error); ok {
		return fmt.Errorf("%w (%s): %w", ErrCorrupt, c, err)
	}
	return fmt.Errorf("%w (%s): %v", ErrCorrupt, c, cause)
}

// maxScratch is the largest buffer kept for the next Append: larger ones are
// rare and would stay in memory for nothing.
const maxScratch = 4 << 20

var scratches = sync.Pool{New: func() any { return new([]byte) }}

func putScratch(b *[]byte) {
	if cap(*b) <= maxScratch {
		scratches.Put(b)
	}
}
