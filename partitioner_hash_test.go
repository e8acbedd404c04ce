package afkak

import "testing"

// The vectors were taken from librdkafka 2.15.1: consistent, murmur2, fnv1a.
func TestHashesChooseWhatLibrdkafkaChooses(t *testing.T) {
	const among = 1_000_003
	for _, c := range []struct {
		key                   string
		crc32, murmur2, fnv1a int
	}{
		{"", 0, 645856, 824651},
		{"1", 287947, 37697, 241825},
		{"2", 214087, 966224, 574532},
		{"key1", 250264, 543856, 621002},
		{"kafka", 72782, 976536, 495882},
		{"foobar", 922071, 147095, 228336},
		{"customer-4711", 669830, 637711, 642880},
		{"giberish123456789", 428870, 239049, 329552},
		{"21", 439776, 547821, 252662},
		{"\xff", 177246, 10455, 568465},
	} {
		for hash, want := range map[Hash]int{CRC32: c.crc32, CRC32Consistent: c.crc32, Murmur2: c.murmur2, FNV1a: c.fnv1a} {
			if got := hash.partition([]byte(c.key), among); got != want {
				t.Errorf("hash %d of %q: got partition %d, want %d", hash, c.key, got, want)
			}
		}
	}
}

func TestAnEmptyKeyCountsAsNoneForCRC32Only(t *testing.T) {
	for _, hash := range []Hash{Murmur2, CRC32, CRC32Consistent, FNV1a} {
		if hash.hashes(nil) || !hash.hashes([]byte("k")) || hash.hashes([]byte{}) != (hash != CRC32) {
			t.Errorf("hash %d: of no key %v, of an empty one %v, of another %v",
				hash, hash.hashes(nil), hash.hashes([]byte{}), hash.hashes([]byte("k")))
		}
	}
}

func FuzzHashedPartitionIsOneOfTheTopics(f *testing.F) {
	f.Add([]byte("key1"), uint16(12))
	f.Fuzz(func(t *testing.T, key []byte, n uint16) {
		for hash := Murmur2; hash <= FNV1a; hash++ {
			if got := hash.partition(key, int(n)+1); got < 0 || got > int(n) {
				t.Fatalf("hash %d of %q among %d: %d", hash, key, int(n)+1, got)
			}
		}
	})
}
