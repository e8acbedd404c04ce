package kbin

import "math/bits"

// The most bytes that a varint of 32 or 64 bits takes.
const (
	MaxVarintLen  = 5
	MaxVarlongLen = 10
)

// AppendVarint appends v zigzag-encoded, 1 to 5 bytes.
func AppendVarint(dst []byte, v int32) []byte {
	return AppendUvarint(dst, uint32(v)<<1^uint32(v>>31))
}

// AppendVarlong appends v zigzag-encoded, 1 to 10 bytes.
func AppendVarlong(dst []byte, v int64) []byte {
	u := uint64(v)<<1 ^ uint64(v>>63)
	for u >= 0x80 {
		dst = append(dst, byte(u)|0x80)
		u >>= 7
	}
	return append(dst, byte(u))
}

// AppendUvarint appends v in 1 to 5 bytes, seven bits each, lowest first.
func AppendUvarint(dst []byte, v uint32) []byte {
	for v >= 0x80 {
		dst = append(dst, byte(v)|0x80)
		v >>= 7
	}
	return append(dst, byte(v))
}

// VarintLen is the number of bytes that [AppendVarint] appends.
func VarintLen(v int32) int { return UvarintLen(uint32(v)<<1 ^ uint32(v>>31)) }

// VarlongLen is the number of bytes that [AppendVarlong] appends.
func VarlongLen(v int64) int {
	u := uint64(v)<<1 ^ uint64(v>>63)
	return (bits.Len64(u|1) + 6) / 7
}

// UvarintLen is the number of bytes that [AppendUvarint] appends.
func UvarintLen(v uint32) int { return (bits.Len32(v|1) + 6) / 7 }
