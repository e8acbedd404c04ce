package compress

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

const (
	// zstdWindow is how far back encoders look: as Kafka's own default level.
	// A batch is rarely larger, and each idle encoder keeps that much memory.
	zstdWindow = 2 << 20
	// zstdLevel is the default. With a window that holds the batch it makes the
	// benchmark's records smaller than level 3 does with the 64 KiB that other clients
	// give it, in half the time; level 3 saves 2% then, at twice the time.
	zstdLevel = 1
	// zstdMaxWindow is the most that other encoders use without being asked
	// to. It costs nothing here: the output itself is the window.
	zstdMaxWindow = 128 << 20
	// zstdMaxBlock is the most that one block may give (RFC 8878).
	zstdMaxBlock = 128 << 10
)

// zstdEncoders holds idle encoders by the library's level, of which there are four.
var zstdEncoders [zstd.SpeedBestCompression + 1]coderPool[*zstd.Encoder]

func newZstdEncoder(level zstd.EncoderLevel) *zstd.Encoder {
	e, err := zstd.NewWriter(nil,
		zstd.WithEncoderLevel(level),
		zstd.WithEncoderConcurrency(1), // no goroutines
		zstd.WithEncoderCRC(false),     // the batch has one
		zstd.WithWindowSize(zstdWindow),
		zstd.WithZeroFrames(true)) // no input is a frame, too
	if err != nil {
		panic("compress: zstd refuses its options: " + err.Error())
	}
	return e
}

func appendZstd(dst, src []byte, level int) []byte {
	if level == DefaultLevel {
		level = zstdLevel
	}
	speed := zstd.EncoderLevelFromZstd(level)
	create := func() *zstd.Encoder { return newZstdEncoder(speed) }
	zstdEncoders[speed].use(create, func(e *zstd.Encoder) { dst = e.EncodeAll(src, dst) })
	return dst
}

// zstdDecoder is a decoder that stops once it has given more than bound bytes.
type zstdDecoder struct {
	*zstd.Decoder
	bound uint64
}

var zstdDecoders coderPool[*zstdDecoder]

func newZstdDecoder() *zstdDecoder {
	d, err := zstd.NewReader(nil,
		zstd.WithDecoderConcurrency(1), // no goroutines
		zstd.WithDecoderMaxWindow(zstdMaxWindow))
	if err != nil {
		panic("compress: zstd refuses its options: " + err.Error())
	}
	return &zstdDecoder{Decoder: d}
}

// setBound bounds the output by limit. The library refuses a window larger than
// its bound, and frames of a few bytes have windows of megabytes, so it is the
// window that bounds the output where the limit is smaller.
func (d *zstdDecoder) setBound(limit int, window uint64) {
	bound := max(uint64(limit), window, zstd.MinWindowSize)
	if d.bound == bound {
		return
	}
	if err := d.ResetWithOptions(nil, zstd.WithDecoderMaxMemory(bound)); err != nil {
		panic("compress: zstd refuses its options: " + err.Error())
	}
	d.bound = bound
}

func appendUnzstded(dst, src []byte, limit int) ([]byte, error) {
	frames, err := readZstdFrames(src)
	if err != nil {
		return dst, err
	}
	if frames.exact && frames.most > int64(limit) {
		return dst, tooLarge(Zstd, limit)
	}
	zstdDecoders.use(newZstdDecoder, func(d *zstdDecoder) {
		d.setBound(limit, frames.window)
		dst, err = d.appendFrames(dst, src, frames, limit)
	})
	return dst, err
}

func (d *zstdDecoder) appendFrames(dst, src []byte, frames zstdFrames, limit int) ([]byte, error) {
	if frames.exact {
		dst = slices.Grow(dst, int(frames.most))
		out, err := d.DecodeAll(src, dst[len(dst):])
		if err != nil {
			return dst, zstdError(err, limit)
		}
		return joined(dst, out), nil
	}
	// Frames without a size are what Kafka's own producers write. The decoder
	// is fast while it has room for a whole block, so it gets the pooled buffer,
	// which it lets grow as it goes.
	scratch := scratches.Get().(*[]byte)
	defer putScratch(scratch)
	room := slices.Grow((*scratch)[:0], int(min(frames.most, int64(len(src))*4, int64(limit)))+zstdMaxBlock)
	out, err := d.DecodeAll(src, room)
	if cap(out) > 0 {
		*scratch = out
	}
	if err == nil && len(out) > limit {
		err = zstd.ErrDecoderSizeExceeded
	}
	if err != nil {
		return dst, zstdError(err, limit)
	}
	return append(dst, out...), nil
}

// joined is dst with out behind it, where out lies already unless the decoder
// wanted more room than the frame had claimed.
func joined(dst, out []byte) []byte {
	if end := len(dst) + len(out); len(out) > 0 && end <= cap(dst) && &out[0] == &dst[:end][len(dst)] {
		return dst[:end]
	}
	return append(dst, out...)
}

func zstdError(err error, limit int) error {
	if errors.Is(err, zstd.ErrDecoderSizeExceeded) {
		return tooLarge(Zstd, limit)
	}
	return corrupt(Zstd, err)
}

// zstdFrames is what the frames of an input can give, found without decoding.
type zstdFrames struct {
	most   int64  // the most bytes: what the frames claim if exact, else what their blocks can give
	exact  bool   // all frames claim a size
	window uint64 // the largest window
}

// readZstdFrames walks over frames and blocks. A frame that claims more than its
// blocks can give is refused, so that a claim may be trusted.
func readZstdFrames(src []byte) (zstdFrames, error) {
	frames := zstdFrames{exact: true}
	for len(src) > 0 {
		var h zstd.Header
		if err := h.Decode(src); err != nil {
			return frames, corrupt(Zstd, err)
		}
		if h.Skippable {
			skip := int64(h.HeaderSize) + int64(h.SkippableSize)
			if skip > int64(len(src)) {
				return frames, corrupt(Zstd, io.ErrUnexpectedEOF)
			}
			src = src[skip:]
			continue
		}
		blocks, rest, err := zstdBlocks(src[h.HeaderSize:], h.HasCheckSum)
		if err != nil {
			return frames, err
		}
		src = rest
		frames.window = max(frames.window, min(h.WindowSize, zstdMaxWindow))
		switch {
		case !h.HasFCS:
			frames.exact = false
			frames.most += blocks
		case h.FrameContentSize > uint64(blocks):
			return frames, corrupt(Zstd, fmt.Sprintf("blocks of at most %d bytes cannot hold %d", blocks, h.FrameContentSize))
		default:
			frames.most += int64(h.FrameContentSize)
		}
	}
	return frames, nil
}

// zstdBlocks walks over the blocks of one frame.
func zstdBlocks(src []byte, checksum bool) (most int64, rest []byte, err error) {
	for last := false; !last; {
		if len(src) < 3 {
			return 0, nil, corrupt(Zstd, io.ErrUnexpectedEOF)
		}
		header := int(src[0]) | int(src[1])<<8 | int(src[2])<<16
		src = src[3:]
		last = header&1 != 0
		size, gives := header>>3, int64(header>>3)
		switch header >> 1 & 3 {
		case 0: // stored
		case 1: // one byte, repeated
			size = 1
		case 2: // compressed
			gives = zstdMaxBlock
		case 3:
			return 0, nil, corrupt(Zstd, "reserved block type")
		}
		if size > len(src) {
			return 0, nil, corrupt(Zstd, io.ErrUnexpectedEOF)
		}
		most += min(gives, zstdMaxBlock)
		src = src[size:]
	}
	if checksum {
		if len(src) < 4 {
			return 0, nil, corrupt(Zstd, io.ErrUnexpectedEOF)
		}
		src = src[4:]
	}
	return most, src, nil
}
