package afkak

import "hash/crc32"

// Hash is how [HashedBy] makes a partition of a record's key.
type Hash int8

const (
	// Murmur2 is the hash of Kafka's Java client and what is built on it, of
	// franz-go and Afkak, and librdkafka's murmur2_random.
	Murmur2 Hash = iota

	// CRC32 is librdkafka's consistent_random, and so the default of librdkafka
	// and the clients around it: confluent-kafka for Python, Go and .NET,
	// rdkafka for Rust, Ruby, Node and PHP. An empty key counts as none, as
	// there.
	CRC32

	// CRC32Consistent is librdkafka's consistent: [CRC32] where an empty key is
	// a key.
	CRC32Consistent

	// FNV1a is the default of sarama, kafka-go's Hash balancer, and librdkafka's
	// fnv1a_random: 32 bits, the remainder of the signed number without its
	// sign.
	FNV1a
)

// hashes tells whether a record with the key goes where its hash says.
func (h Hash) hashes(key []byte) bool { return key != nil && (h != CRC32 || len(key) > 0) }

// partition is the partition of a key among n.
func (h Hash) partition(key []byte, n int) int {
	switch h {
	case CRC32, CRC32Consistent:
		return int(crc32.ChecksumIEEE(key) % uint32(n))
	case FNV1a:
		rest := int32(fnv1a(key)) % int32(n)
		return int(max(rest, -rest))
	}
	return hashedPartition(key, n)
}

// fnv1a is the 32-bit FNV-1a hash. (The one of hash/fnv would be allocated.)
func fnv1a(key []byte) uint32 {
	const offset, prime = 2166136261, 16777619
	hash := uint32(offset)
	for _, b := range key {
		hash = (hash ^ uint32(b)) * prime
	}
	return hash
}
