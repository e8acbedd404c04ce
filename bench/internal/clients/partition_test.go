package clients_test

import (
	"encoding/binary"
	"hash/crc32"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"github.com/IBM/sarama"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
)

// A topic that two clients write to needs both to choose the same partition
// for a key.
func TestKeysGoWhereTheOtherClientsPutThem(t *testing.T) {
	const partitions, keys = 12, 4000
	b, err := broker.Start(broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: partitions}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	client, err := afkak.NewClient([]string{b.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for hash, peers := range map[afkak.Hash]map[string]func(key []byte, n int) int{
		afkak.Murmur2: {
			"sarama NewMurmur2Partitioner":                 ofSarama(sarama.NewMurmur2Partitioner),
			"kafka-go Murmur2Balancer":                     ofKafkaGo(kafka.Murmur2Balancer{}),
			"franz-go StickyKeyPartitioner":                ofFranz(kgo.StickyKeyPartitioner(nil)),
			"franz-go UniformBytesPartitioner, by default": ofFranz(kgo.UniformBytesPartitioner(64<<10, false, true, nil)),
		},
		afkak.CRC32: {
			"sarama NewConsistentCRCHashPartitioner": ofSarama(sarama.NewConsistentCRCHashPartitioner),
			"kafka-go CRC32Balancer":                 ofKafkaGo(kafka.CRC32Balancer{}),
			"franz-go SaramaHasher of crc32":         kgo.SaramaHasher(crc32.ChecksumIEEE),
		},
		afkak.CRC32Consistent: {"kafka-go CRC32Balancer, consistent": ofKafkaGo(kafka.CRC32Balancer{Consistent: true})},
		afkak.FNV1a: {
			"sarama NewHashPartitioner":            ofSarama(sarama.NewHashPartitioner),
			"kafka-go Hash":                        ofKafkaGo(&kafka.Hash{}),
			"franz-go SaramaCompatHasher of fnv1a": kgo.SaramaCompatHasher(fnv1a),
		},
	} {
		ours := choices(t, client, hash, keys)
		for peer, choose := range peers {
			for i := range keys {
				if theirs := choose(keyOf(i), partitions); theirs != ours[i] {
					t.Errorf("key %q: %s chooses %d, hash %d %d", keyOf(i), peer, theirs, hash, ours[i])
					break
				}
			}
		}
	}
}

// keyOf are keys of 1 to 40 bytes.
func keyOf(i int) []byte {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	key := make([]byte, 0, 48)
	for want := 1 + i%40; len(key) < want; {
		key = binary.LittleEndian.AppendUint64(key, random.Uint64())
	}
	return key[:1+i%40]
}

// choices are the partitions that our producer writes the keys to.
func choices(t *testing.T, client *afkak.Client, hash afkak.Hash, keys int) []int {
	t.Helper()
	p, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.HashedBy(hash)))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Abort()
	deliveries := make([]afkak.Delivery, keys)
	for i := range deliveries {
		deliveries[i] = p.Send(t.Context(), afkak.Record{Topic: "orders", Key: keyOf(i)})
	}
	chosen := make([]int, keys)
	for i, d := range deliveries {
		res, err := d.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		chosen[i] = int(res.Partition)
	}
	return chosen
}

func ofSarama(newPartitioner sarama.PartitionerConstructor) func([]byte, int) int {
	p := newPartitioner("orders")
	return func(key []byte, n int) int {
		chosen, err := p.Partition(&sarama.ProducerMessage{Key: sarama.ByteEncoder(key)}, int32(n))
		if err != nil {
			return -1
		}
		return int(chosen)
	}
}

func ofKafkaGo(balancer kafka.Balancer) func([]byte, int) int {
	return func(key []byte, n int) int {
		partitions := make([]int, n)
		for i := range partitions {
			partitions[i] = i
		}
		return balancer.Balance(kafka.Message{Key: key}, partitions...)
	}
}

func ofFranz(partitioner kgo.Partitioner) func([]byte, int) int {
	p := partitioner.ForTopic("orders")
	return func(key []byte, n int) int {
		if byBackup, ok := p.(kgo.TopicBackupPartitioner); ok {
			return byBackup.PartitionByBackup(&kgo.Record{Key: key}, n, nil) // with a key, nobody asks for the backup
		}
		return p.Partition(&kgo.Record{Key: key}, n)
	}
}

func fnv1a(key []byte) uint32 {
	h := fnv.New32a()
	_, _ = h.Write(key)
	return h.Sum32()
}
