package compress

import (
	"encoding/binary"
	"math/bits"
)

// The primes of xxHash's 32-bit variant.
const (
	xxPrime1 uint32 = 2654435761
	xxPrime2 uint32 = 2246822519
	xxPrime3 uint32 = 3266489917
	xxPrime4 uint32 = 668265263
	xxPrime5 uint32 = 374761393
)

// xxhash32 is xxHash's 32-bit variant with seed 0: the checksum of lz4 frames.
func xxhash32(b []byte) uint32 {
	h := xxPrime5
	n := uint32(len(b))
	if len(b) >= 16 {
		h, b = xxStripes(b)
	}
	h += n
	for ; len(b) >= 4; b = b[4:] {
		h += binary.LittleEndian.Uint32(b) * xxPrime3
		h = bits.RotateLeft32(h, 17) * xxPrime4
	}
	for _, c := range b {
		h += uint32(c) * xxPrime5
		h = bits.RotateLeft32(h, 11) * xxPrime1
	}
	h = (h ^ h>>15) * xxPrime2
	h = (h ^ h>>13) * xxPrime3
	return h ^ h>>16
}

// xxStripes hashes the whole stripes of 16 bytes in four lanes and returns what is left.
func xxStripes(b []byte) (uint32, []byte) {
	prime1 := xxPrime1 // a variable: the sums below are meant to wrap around
	v1, v2, v3, v4 := prime1+xxPrime2, xxPrime2, uint32(0), -prime1
	for ; len(b) >= 16; b = b[16:] {
		v1 = xxRound(v1, binary.LittleEndian.Uint32(b))
		v2 = xxRound(v2, binary.LittleEndian.Uint32(b[4:]))
		v3 = xxRound(v3, binary.LittleEndian.Uint32(b[8:]))
		v4 = xxRound(v4, binary.LittleEndian.Uint32(b[12:]))
	}
	return bits.RotateLeft32(v1, 1) + bits.RotateLeft32(v2, 7) +
		bits.RotateLeft32(v3, 12) + bits.RotateLeft32(v4, 18), b
}

func xxRound(v, word uint32) uint32 {
	return bits.RotateLeft32(v+word*xxPrime2, 13) * xxPrime1
}
