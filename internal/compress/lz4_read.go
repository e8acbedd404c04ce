package compress

import (
	"encoding/binary"
	"fmt"
	"io"
	"slices"

	"github.com/pierrec/lz4/v4"
)

// lz4Frame is what the descriptor of a frame says.
type lz4Frame struct {
	flags       byte
	blockSize   int
	contentSize uint64 // if flags has lz4ContentSize
	blocks      []byte // everything behind the descriptor
}

func readLZ4Frame(src []byte, magic int8) (lz4Frame, error) {
	var f lz4Frame
	if len(src) < 7 {
		return f, corrupt(LZ4, io.ErrUnexpectedEOF)
	}
	if got := binary.LittleEndian.Uint32(src); got != lz4Magic {
		return f, corrupt(LZ4, fmt.Sprintf("starts with %#08x, not with a frame's %#08x", got, lz4Magic))
	}
	f.flags = src[4]
	if f.flags&lz4VersionMask != lz4Version || f.flags&(lz4Reserved|lz4Dictionary) != 0 {
		return f, corrupt(LZ4, fmt.Sprintf("unsupported frame flags %#02x", f.flags))
	}
	size := src[5] >> 4
	if size < lz4SmallestBlock || size > lz4LargestBlock || src[5]&^(7<<4) != 0 {
		return f, corrupt(LZ4, fmt.Sprintf("invalid block size byte %#02x", src[5]))
	}
	f.blockSize = lz4BlockSize(size)
	at := 6
	if f.flags&lz4ContentSize != 0 {
		if len(src) < at+8+1 {
			return f, corrupt(LZ4, io.ErrUnexpectedEOF)
		}
		f.contentSize = binary.LittleEndian.Uint64(src[at:])
		at += 8
	}
	if got, want := src[at], lz4HeaderChecksum(src[:at], false); got != want {
		if magic != 0 || got != lz4HeaderChecksum(src[:at], true) {
			return f, corrupt(LZ4, fmt.Sprintf("header checksum %#02x, computed %#02x", got, want))
		}
	}
	f.blocks = src[at+1:]
	return f, nil
}

// lz4BlockReader cuts a frame's blocks off one by one.
type lz4BlockReader struct {
	frame *lz4Frame
	rest  []byte
}

// next returns the next block, nil behind the last one.
func (r *lz4BlockReader) next() (block []byte, stored bool, err error) {
	if len(r.rest) < 4 {
		return nil, false, corrupt(LZ4, io.ErrUnexpectedEOF)
	}
	header := binary.LittleEndian.Uint32(r.rest)
	r.rest = r.rest[4:]
	if header == 0 {
		return nil, false, nil
	}
	size, stored := int64(header&^lz4Stored), header&lz4Stored != 0
	if size == 0 || size > int64(r.frame.blockSize) {
		return nil, false, corrupt(LZ4, fmt.Sprintf("block of %d bytes in a frame of %d-byte blocks", size, r.frame.blockSize))
	}
	whole := size
	if r.frame.flags&lz4BlockChecksum != 0 {
		whole += 4
	}
	if whole > int64(len(r.rest)) {
		return nil, false, corrupt(LZ4, io.ErrUnexpectedEOF)
	}
	block = r.rest[:size:size]
	if whole > size {
		if got, want := binary.LittleEndian.Uint32(r.rest[size:]), xxhash32(block); got != want {
			return nil, false, corrupt(LZ4, fmt.Sprintf("block checksum %#08x, computed %#08x", got, want))
		}
	}
	r.rest = r.rest[whole:]
	return block, stored, nil
}

func appendUnLZ4ed(dst, src []byte, magic int8, limit int) ([]byte, error) {
	frame, err := readLZ4Frame(src, magic)
	if err != nil {
		return dst, err
	}
	size, err := frame.size(limit)
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, size)
	start := len(dst)
	blocks := lz4BlockReader{frame: &frame, rest: frame.blocks}
	for {
		block, stored, err := blocks.next()
		if err != nil {
			return dst, err
		}
		if block == nil {
			break
		}
		if stored {
			dst = append(dst, block...)
			continue
		}
		if dst, err = appendLZ4Block(dst, start, block, frame.flags&lz4Independent != 0); err != nil {
			return dst, err
		}
	}
	// What follows the frame is ignored, as Kafka's own reader does.
	return dst, frame.checkContent(dst[start:], blocks.rest)
}

// appendLZ4Block decodes one compressed block; dst has room for it. Where
// blocks depend on each other, they look back into the output since start.
func appendLZ4Block(dst []byte, start int, block []byte, independent bool) ([]byte, error) {
	size, _ := lz4BlockLen(block)
	end := len(dst) + size
	var window []byte
	if !independent {
		window = dst[max(start, len(dst)-64<<10):]
	}
	n, err := lz4.UncompressBlockWithDict(block, dst[len(dst):end:end], window)
	if err != nil {
		return dst, corrupt(LZ4, err)
	}
	if n != size {
		return dst, corrupt(LZ4, fmt.Sprintf("block of %d bytes decoded to %d", size, n))
	}
	return dst[:end], nil
}

// size adds up what the blocks will give, and finds a frame that is cut.
func (f *lz4Frame) size(limit int) (int, error) {
	total := 0
	blocks := lz4BlockReader{frame: f, rest: f.blocks}
	for {
		block, stored, err := blocks.next()
		if err != nil {
			return 0, err
		}
		if block == nil {
			break
		}
		size, ok := len(block), true
		if !stored {
			size, ok = lz4BlockLen(block)
		}
		if !ok || size > f.blockSize {
			return 0, corrupt(LZ4, "malformed block")
		}
		if size > limit-total {
			return 0, tooLarge(LZ4, limit)
		}
		total += size
	}
	if f.flags&lz4ContentSize != 0 && f.contentSize != uint64(total) {
		return 0, corrupt(LZ4, fmt.Sprintf("frame claims %d bytes, has %d", f.contentSize, total))
	}
	return total, nil
}

// checkContent compares the checksum behind the end mark, if there is one.
func (f *lz4Frame) checkContent(content, rest []byte) error {
	if f.flags&lz4ContentChecksum == 0 {
		return nil
	}
	if len(rest) < 4 {
		return corrupt(LZ4, io.ErrUnexpectedEOF)
	}
	if got, want := binary.LittleEndian.Uint32(rest), xxhash32(content); got != want {
		return corrupt(LZ4, fmt.Sprintf("content checksum %#08x, computed %#08x", got, want))
	}
	return nil
}

// lz4BlockLen walks over the sequences of a compressed block and returns how
// many bytes it gives; false if it is malformed. A sequence is a token (length
// of literals, length of a match), literals, and the match's 2-byte distance,
// which the last one lacks.
func lz4BlockLen(block []byte) (int, bool) {
	size, i := 0, 0
	for i < len(block) {
		token := block[i]
		i++
		literals, i2 := lz4Length(block, i, int(token>>4))
		i = i2 + literals
		size += literals
		if i == len(block) {
			return size, true
		}
		if i+2 > len(block) {
			return 0, false
		}
		match, i3 := lz4Length(block, i+2, int(token&15))
		i = i3
		size += match + 4 // 4: the shortest match
	}
	return 0, false // a match is never the last thing
}

// lz4Length reads the further bytes of a length that begins as 15: each
// adds up to 255, and one below ends it.
func lz4Length(block []byte, i, n int) (length, next int) {
	if n < 15 {
		return n, i
	}
	for i < len(block) {
		b := block[i]
		i++
		n += int(b)
		if b != 255 {
			return n, i
		}
	}
	return n, len(block) + 1 // cut: no position in the block
}
