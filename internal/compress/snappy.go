package compress

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/snappy"
)

// Kafka's Java code writes snappy in the stream form of the library
// snappy-java: a header, then chunks, each a big-endian length and a raw snappy
// block. Other clients write one raw block; every reader takes both.
var (
	xerialMagic  = []byte{0x82, 'S', 'N', 'A', 'P', 'P', 'Y', 0}
	xerialHeader = append(slices.Clone(xerialMagic), 0, 0, 0, 1, 0, 0, 0, 1) // version, lowest compatible version
)

// xerialChunk is the size of the chunks before compression, as in snappy-java:
// 0.8 brokers allocate by it.
const xerialChunk = 32 << 10

// appendSnappy writes a raw block for magic 2, and xerial's stream for magic 0
// and 1, whose readers (0.8.x) may not know anything else.
func appendSnappy(dst, src []byte, magic int8) []byte {
	if magic >= 2 {
		return appendSnappyBlock(dst, src)
	}
	dst = append(dst, xerialHeader...)
	for chunk := range slices.Chunk(src, xerialChunk) {
		at := len(dst)
		dst = appendSnappyBlock(append(dst, 0, 0, 0, 0), chunk)
		binary.BigEndian.PutUint32(dst[at:], uint32(len(dst)-at-4))
	}
	return dst
}

func appendSnappyBlock(dst, src []byte) []byte {
	dst = slices.Grow(dst, s2.MaxEncodedLen(len(src)))
	n := len(s2.EncodeSnappy(dst[len(dst):cap(dst)], src))
	return dst[:len(dst)+n]
}

func appendUnsnappied(dst, src []byte, limit int) ([]byte, error) {
	if !bytes.HasPrefix(src, xerialMagic) {
		return appendSnappyDecoded(dst, src, limit, limit)
	}
	size, err := xerialSize(src, limit)
	if err != nil {
		return dst, err
	}
	dst = slices.Grow(dst, size)
	end := len(dst) + size
	for chunk, rest := nextXerialChunk(src); chunk != nil; chunk, rest = nextXerialChunk(rest) {
		if dst, err = appendSnappyDecoded(dst, chunk, end-len(dst), limit); err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// xerialSize adds up what the chunks of a stream will give, and finds a
// stream that is cut.
func xerialSize(src []byte, limit int) (int, error) {
	size, rest := 0, src
	for {
		var chunk []byte
		chunk, rest = nextXerialChunk(rest)
		if chunk == nil {
			break
		}
		n, err := snappySize(chunk)
		if err != nil {
			return 0, err
		}
		if n > limit-size {
			return 0, tooLarge(Snappy, limit)
		}
		size += n
	}
	if len(rest) > 0 {
		return 0, corrupt(Snappy, fmt.Sprintf("%d bytes at the end are not a whole chunk", len(rest)))
	}
	return size, nil
}

// nextXerialChunk cuts the next chunk off src, passing over headers: streams
// may follow each other. The chunk is nil at the end, and where src is cut.
func nextXerialChunk(src []byte) (chunk, rest []byte) {
	for bytes.HasPrefix(src, xerialMagic) && len(src) >= len(xerialHeader) {
		src = src[len(xerialHeader):]
	}
	if len(src) < 4 {
		return nil, src
	}
	n := int64(binary.BigEndian.Uint32(src))
	if n > int64(len(src)-4) {
		return nil, src
	}
	return src[4 : 4+n : 4+n], src[4+n:]
}

// appendSnappyDecoded decodes one raw block of at most room bytes; limit is
// what an error says.
func appendSnappyDecoded(dst, src []byte, room, limit int) ([]byte, error) {
	size, err := snappySize(src)
	if err != nil {
		return dst, err
	}
	if size > room {
		return dst, tooLarge(Snappy, limit)
	}
	dst = slices.Grow(dst, size)
	end := len(dst) + size
	if _, err := snappy.Decode(dst[len(dst):len(dst):end], src); err != nil {
		return dst, corrupt(Snappy, err)
	}
	return dst[:end], nil
}

// snappySize reads the size that a raw block claims and refuses what its bytes
// cannot give: 64 bytes from a copy of 3 are the most.
func snappySize(src []byte) (int, error) {
	size, err := snappy.DecodedLen(src)
	if err != nil {
		return 0, corrupt(Snappy, err)
	}
	if int64(size) > int64(len(src))*64/3 {
		return 0, corrupt(Snappy, fmt.Sprintf("%d bytes cannot hold %d", len(src), size))
	}
	return size, nil
}
