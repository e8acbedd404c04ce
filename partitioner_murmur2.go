package afkak

import "encoding/binary"

// murmur2 is the hash that Kafka's own clients choose a partition with: the
// 32-bit MurmurHash2 with Kafka's seed, as Java computes it.
func murmur2(key []byte) uint32 {
	const (
		seed  = 0x9747b28c
		mix   = 0x5bd1e995
		shift = 24
	)
	hash := uint32(seed) ^ uint32(len(key))
	for ; len(key) >= 4; key = key[4:] {
		word := binary.LittleEndian.Uint32(key)
		word *= mix
		word ^= word >> shift
		word *= mix
		hash = hash*mix ^ word
	}
	if len(key) > 0 {
		var tail uint32
		for i, b := range key {
			tail |= uint32(b) << (8 * i)
		}
		hash = (hash ^ tail) * mix
	}
	hash ^= hash >> 13
	hash *= mix
	return hash ^ hash>>15
}

// hashedPartition is the partition of a key among n, as Kafka's own clients
// and Afkak compute it: the sign bit is dropped, not negated.
func hashedPartition(key []byte, n int) int {
	return int(murmur2(key)&0x7fffffff) % n
}
