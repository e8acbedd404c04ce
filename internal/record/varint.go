package record

import "math/bits"

// Varints of records are zigzag: the sign is the lowest bit.

func zigzag(x int64) uint64   { return uint64(x)<<1 ^ uint64(x>>63) }
func unzigzag(u uint64) int64 { return int64(u>>1) ^ -int64(u&1) }

// uvarintLen is the bytes that u takes: 7 bits in each.
func uvarintLen(u uint64) int { return (bits.Len64(u|1)*9 + 64) >> 6 }

// putUvarint writes u at b[i:], which has the room, and returns the index behind it.
func putUvarint(b []byte, i int, u uint64) int {
	for u >= 0x80 {
		b[i] = byte(u) | 0x80
		u >>= 7
		i++
	}
	b[i] = byte(u)
	return i + 1
}

// uvarint reads at b[i:] and returns the index behind it, or -1 if b ends
// before or the number has more than 64 bits.
func uvarint(b []byte, i int) (uint64, int) {
	if uint(i) >= uint(len(b)) {
		return 0, -1
	}
	u := uint64(b[i])
	if u < 0x80 {
		return u, i + 1
	}
	u &= 0x7f
	for shift := uint(7); shift < 64; shift += 7 {
		i++
		if i >= len(b) {
			return 0, -1
		}
		c := uint64(b[i])
		if shift == 63 && c > 1 {
			return 0, -1
		}
		u |= (c & 0x7f) << shift
		if c < 0x80 {
			return u, i + 1
		}
	}
	return 0, -1
}
