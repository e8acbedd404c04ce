package afkak

import "testing"

// The vectors were taken from Afkak and, the signed ones, from Kafka's own
// Java client.
func TestMurmur2IsWhatJavaAndAfkakCompute(t *testing.T) {
	for key, want := range map[string]uint32{
		"":        275646681,
		"testing": 2291530147,
		"PEACH!":  2546348827,
		"1":       2301521807,
		"2":       648968168,
		"key1":    28543940,
		"\xff":    3983499611,
		"21":      signed(-973932308),
		"foobar":  signed(-790332482),
	} {
		if got := murmur2([]byte(key)); got != want {
			t.Errorf("murmur2(%q) = %d, want %d", key, got, want)
		}
	}
}

func TestHashedPartitionIsWhatAfkakChooses(t *testing.T) {
	for key, want := range map[string]int{"1": 1, "2": 0} {
		if got := hashedPartition([]byte(key), 2); got != want {
			t.Errorf("partition of key %q among 2 = %d, want %d", key, got, want)
		}
	}
}

func signed(hash int32) uint32 { return uint32(hash) }

func BenchmarkMurmur2(b *testing.B) {
	key := []byte("customer-4711")
	b.ReportAllocs()
	var sum uint32
	for b.Loop() {
		sum += murmur2(key)
	}
	_ = sum
}
