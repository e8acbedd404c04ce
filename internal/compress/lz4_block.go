package compress

import (
	"encoding/binary"
	"math/bits"
)

// The rules of lz4's block format, so that decoders may copy in strides.
const (
	lz4MinMatch  = 4  // the shortest match
	lz4LastBytes = 5  // are literals always
	lz4LastMatch = 12 // no match begins in so many bytes before the end
)

// lz4Fast makes blocks in lz4's fast mode: of the earlier places with the same
// hash it knows the last one, and takes what it finds there.
type lz4Fast struct {
	// places has by hash where six bytes like these were last, the low half of
	// the position: the place is the one within reach that ends so. Where that is
	// another, which was never set or is out of reach, it is compared like any
	// and will rarely do.
	places [1 << lz4HashBits]uint16
	shift  uint8 // leaves a hash of as many bits as the input is worth
}

// lz4HashBits is of the largest hashes. Smaller inputs get smaller ones, so that
// clearing the places costs no more than reading the input.
const lz4HashBits, lz4LeastHashBits = 16, 9

// reset forgets all places, for an input of n bytes.
func (e *lz4Fast) reset(n int) {
	hashBits := min(max(bits.Len(uint(n)), lz4LeastHashBits), lz4HashBits)
	e.shift = uint8(64 - hashBits)
	clear(e.places[:1<<hashBits])
}

// hash is of the low six bytes, by multiplication with 2^64 divided by the
// golden ratio (Knuth, The Art of Computer Programming, 6.4).
func (e *lz4Fast) hash(word uint64) uint16 {
	return uint16(word << 16 * 0x9E3779B97F4A7C15 >> (e.shift & 63))
}

// compress returns the length of the block in dst, which has room for
// lz4.CompressBlockBound of src.
func (e *lz4Fast) compress(dst, src []byte) int {
	e.reset(len(src))
	out, anchor := 0, 0 // what is before anchor in src is before out in dst
	for {
		at, from := e.find(src, anchor)
		if at < 0 {
			break
		}
		end := lz4MatchEnd(src, at+lz4MinMatch, from+lz4MinMatch)
		for at > anchor && from > 0 && src[at-1] == src[from-1] {
			at, from = at-1, from-1
		}
		out = putLZ4Sequence(dst, out, src[anchor:at], at-from, end-at-lz4MinMatch)
		anchor = end
	}
	return putLZ4Last(dst, out, src[anchor:])
}

// find returns the next match from anchor on and the earlier place that it is
// like; -1 if there is none. It tries three places of each four, as one load
// has the bytes of three, and the longer it finds nothing, the fewer: what has
// no matches costs little.
func (e *lz4Fast) find(src []byte, anchor int) (at, from int) {
	if anchor > 1 && anchor+6 <= len(src) {
		e.places[e.hash(binary.LittleEndian.Uint64(src[anchor-2:]))] = uint16(anchor - 2)
	}
	for at = anchor; at+2 <= len(src)-lz4LastMatch; at += 4 + (at-anchor)>>7 {
		word := binary.LittleEndian.Uint64(src[at:])
		first, second := e.hash(word), e.hash(word>>8)
		back, back2 := uint16(at)-e.places[first], uint16(at+1)-e.places[second]
		e.places[first], e.places[second] = uint16(at), uint16(at+1)
		if lz4Matches(src, at, back, uint32(word)) {
			return at, at - int(back)
		}
		if lz4Matches(src, at+1, back2, uint32(word>>8)) {
			return at + 1, at + 1 - int(back2)
		}
		third := e.hash(word >> 16)
		back3 := uint16(at+2) - e.places[third]
		e.places[third] = uint16(at + 2)
		if lz4Matches(src, at+2, back3, uint32(word>>16)) {
			return at + 2, at + 2 - int(back3)
		}
	}
	return -1, -1
}

// lz4Matches tells whether the place so far back of at has the four bytes. 0 is
// as far as 65536, which is too far.
func lz4Matches(src []byte, at int, back uint16, four uint32) bool {
	return back != 0 && binary.LittleEndian.Uint32(src[at-int(back):]) == four
}

// lz4MatchEnd returns how far what begins at at is like what begins at from.
func lz4MatchEnd(src []byte, at, from int) int {
	limit := len(src) - lz4LastBytes
	for at+8 <= limit {
		if differ := binary.LittleEndian.Uint64(src[at:]) ^ binary.LittleEndian.Uint64(src[from:]); differ != 0 {
			return at + bits.TrailingZeros64(differ)/8
		}
		at, from = at+8, from+8
	}
	for at < limit && src[at] == src[from] {
		at, from = at+1, from+1
	}
	return at
}

// putLZ4Sequence writes literals and the match behind them at dst[i:], and
// returns the index behind it. match is the length beyond the shortest.
func putLZ4Sequence(dst []byte, i int, literals []byte, distance, match int) int {
	token := i
	i = putLZ4Length(dst, i+1, len(literals))
	i += copy(dst[i:], literals)
	dst[i], dst[i+1] = byte(distance), byte(distance>>8)
	i = putLZ4Length(dst, i+2, match)
	dst[token] = byte(min(len(literals), 15)<<4 | min(match, 15))
	return i
}

// putLZ4Last writes the last sequence, which is literals only.
func putLZ4Last(dst []byte, i int, literals []byte) int {
	dst[i] = byte(min(len(literals), 15) << 4)
	i = putLZ4Length(dst, i+1, len(literals))
	return i + copy(dst[i:], literals)
}

// putLZ4Length writes what of a length has no place in the token.
func putLZ4Length(dst []byte, i, n int) int {
	if n < 15 {
		return i
	}
	for n -= 15; n >= 255; n -= 255 {
		dst[i] = 255
		i++
	}
	dst[i] = byte(n)
	return i + 1
}
