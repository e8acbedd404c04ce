package kbin

import (
	"encoding/binary"
	"fmt"
	"math"
)

// MaxString is the longest string in bytes that Kafka's format can carry:
// the plain form has a 16-bit length, and brokers hold the compact form to the
// same limit.
const MaxString = math.MaxInt16

// MaxBytes is the longest byte string and the largest array count.
const MaxBytes = math.MaxInt32

// AppendBool appends one byte, 1 for true.
func AppendBool(dst []byte, v bool) []byte {
	if v {
		return append(dst, 1)
	}
	return append(dst, 0)
}

// AppendInt8 appends one byte.
func AppendInt8(dst []byte, v int8) []byte { return append(dst, byte(v)) }

// AppendInt16 appends two bytes.
func AppendInt16(dst []byte, v int16) []byte {
	return binary.BigEndian.AppendUint16(dst, uint16(v))
}

// AppendInt32 appends four bytes.
func AppendInt32(dst []byte, v int32) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(v))
}

// AppendInt64 appends eight bytes.
func AppendInt64(dst []byte, v int64) []byte {
	return binary.BigEndian.AppendUint64(dst, uint64(v))
}

// AppendUint16 appends two bytes.
func AppendUint16(dst []byte, v uint16) []byte { return binary.BigEndian.AppendUint16(dst, v) }

// AppendUint32 appends four bytes.
func AppendUint32(dst []byte, v uint32) []byte { return binary.BigEndian.AppendUint32(dst, v) }

// AppendFloat64 appends the eight bytes of IEEE 754.
func AppendFloat64(dst []byte, v float64) []byte {
	return binary.BigEndian.AppendUint64(dst, math.Float64bits(v))
}

// AppendUUID appends sixteen bytes.
func AppendUUID(dst []byte, v [16]byte) []byte { return append(dst, v[:]...) }

// AppendString appends a 16-bit length and the bytes of s. It panics if s is
// longer than [MaxString]: the caller has checked what came from a user.
func AppendString(dst []byte, s string) []byte {
	mustFit(len(s), MaxString)
	return append(AppendInt16(dst, int16(len(s))), s...)
}

// AppendNullableString is [AppendString]; nil becomes length -1.
func AppendNullableString(dst []byte, s *string) []byte {
	if s == nil {
		return AppendInt16(dst, -1)
	}
	return AppendString(dst, *s)
}

// AppendCompactString appends the length plus one as an unsigned varint and
// the bytes of s. It panics if s is longer than [MaxString].
func AppendCompactString(dst []byte, s string) []byte {
	mustFit(len(s), MaxString)
	return append(AppendUvarint(dst, uint32(len(s))+1), s...)
}

// AppendCompactNullableString is [AppendCompactString]; nil becomes 0.
func AppendCompactNullableString(dst []byte, s *string) []byte {
	if s == nil {
		return append(dst, 0)
	}
	return AppendCompactString(dst, *s)
}

// AppendBytes appends a 32-bit length and b. nil and empty are the same.
func AppendBytes(dst, b []byte) []byte {
	mustFit(len(b), MaxBytes)
	return append(AppendInt32(dst, int32(len(b))), b...)
}

// AppendNullableBytes is [AppendBytes]; nil becomes length -1.
func AppendNullableBytes(dst, b []byte) []byte {
	if b == nil {
		return AppendInt32(dst, -1)
	}
	return AppendBytes(dst, b)
}

// AppendCompactBytes appends the length plus one as an unsigned varint and b.
func AppendCompactBytes(dst, b []byte) []byte {
	mustFit(len(b), MaxBytes)
	return append(AppendUvarint(dst, uint32(len(b))+1), b...)
}

// AppendCompactNullableBytes is [AppendCompactBytes]; nil becomes 0.
func AppendCompactNullableBytes(dst, b []byte) []byte {
	if b == nil {
		return append(dst, 0)
	}
	return AppendCompactBytes(dst, b)
}

// AppendArrayLen appends the 32-bit count of an array; -1 means null.
func AppendArrayLen(dst []byte, n int) []byte {
	mustFit(n, MaxBytes)
	return AppendInt32(dst, int32(n))
}

// AppendCompactArrayLen appends the count plus one as an unsigned varint; a
// count of -1 means null.
func AppendCompactArrayLen(dst []byte, n int) []byte {
	mustFit(n, MaxBytes)
	return AppendUvarint(dst, uint32(n+1))
}

func mustFit(n, limit int) {
	if n > limit {
		panic(fmt.Sprintf("kbin: length %d is above %d", n, limit))
	}
}
