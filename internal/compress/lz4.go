package compress

import (
	"encoding/binary"
	"slices"
	"sync"

	"github.com/pierrec/lz4/v4"
)

// Kafka carries lz4 as one frame of the lz4 frame format. This package
// writes and reads the frame itself and leaves the blocks to the library: magic 0
// needs another header checksum (KIP-57), and a reader that knows the
// blocks beforehand allocates once.

const (
	lz4Magic = 0x184D2204 // little-endian

	lz4Version         = 1 << 6 // in the first byte of the descriptor
	lz4VersionMask     = 3 << 6
	lz4Independent     = 1 << 5
	lz4BlockChecksum   = 1 << 4
	lz4ContentSize     = 1 << 3
	lz4ContentChecksum = 1 << 2
	lz4Reserved        = 1 << 1
	lz4Dictionary      = 1 << 0

	lz4Stored = 1 << 31

	// The sizes of block that a frame can have, as the second byte of its
	// descriptor has them: 4 is 64 KiB, 7 is 4 MiB.
	lz4SmallestBlock = 4
	lz4LargestBlock  = 7
)

// lz4BlockSize returns how large the blocks are that a descriptor's size means.
func lz4BlockSize(size byte) int { return 1 << (8 + 2*size) }

// lz4SizeFor returns the smallest size whose one block holds n bytes, or the
// largest of all. A block knows nothing of the one before it, so each more is
// worse a ratio; and a reader keeps a buffer of the size that the frame says.
func lz4SizeFor(n int) byte {
	size := byte(lz4SmallestBlock)
	for size < lz4LargestBlock && n > lz4BlockSize(size) {
		size++
	}
	return size
}

// lz4Encoder has room for both compressors, ours and the library's, and makes
// the one that is asked for.
type lz4Encoder struct {
	fast *lz4Fast
	high *lz4.CompressorHC
}

var lz4Encoders = sync.Pool{New: func() any { return new(lz4Encoder) }}

// compress returns the length of src in dst, 0 if it would not be shorter. dst
// has room for lz4.CompressBlockBound of src.
func (e *lz4Encoder) compress(dst, src []byte, level int) int {
	var n int
	if level <= 2 { // as in lz4's own command: 1 and 2 are the fast mode
		if e.fast == nil {
			e.fast = new(lz4Fast)
		}
		n = e.fast.compress(dst, src)
	} else {
		n = e.compressHigh(dst, src, level)
	}
	if n >= len(src) {
		return 0
	}
	return n
}

func (e *lz4Encoder) compressHigh(dst, src []byte, level int) int {
	if e.high == nil {
		e.high = new(lz4.CompressorHC)
	}
	e.high.Level = lz4.Level1 << (min(level, 11) - 3)
	n, err := e.high.CompressBlock(src, dst)
	if err != nil {
		return 0
	}
	return n
}

func appendLZ4(dst, src []byte, level int, magic int8) []byte {
	size := lz4SizeFor(len(src))
	dst = appendLZ4Header(dst, magic, size)
	e := lz4Encoders.Get().(*lz4Encoder)
	defer lz4Encoders.Put(e)
	for block := range slices.Chunk(src, lz4BlockSize(size)) {
		dst = slices.Grow(dst, 4+lz4.CompressBlockBound(len(block)))
		room := dst[len(dst)+4 : cap(dst)]
		n := e.compress(room, block, level)
		header := uint32(n)
		if n == 0 {
			n = copy(room, block)
			header = uint32(n) | lz4Stored
		}
		dst = binary.LittleEndian.AppendUint32(dst, header)
		dst = dst[:len(dst)+n]
	}
	return binary.LittleEndian.AppendUint32(dst, 0) // the end mark
}

// appendLZ4Header writes the descriptor: independent blocks, as Kafka's readers
// want them, and no checksums but the header's.
func appendLZ4Header(dst []byte, magic int8, size byte) []byte {
	at := len(dst)
	dst = binary.LittleEndian.AppendUint32(dst, lz4Magic)
	dst = append(dst, lz4Version|lz4Independent, size<<4)
	return append(dst, lz4HeaderChecksum(dst[at:], magic == 0))
}

// lz4HeaderChecksum is one byte of a hash over the descriptor. Readers and
// writers of magic 0 hash the frame's magic number with it, which is wrong,
// and which brokers before 0.10 insist on (KIP-57).
func lz4HeaderChecksum(header []byte, broken bool) byte {
	if !broken {
		header = header[4:]
	}
	return byte(xxhash32(header) >> 8)
}
