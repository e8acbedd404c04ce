package broker_test

import (
	"bytes"
	"testing"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestEveryCodecIsStoredAsItCame(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	offset := int64(0)
	for _, codec := range []compress.Codec{compress.None, compress.Gzip, compress.Snappy, compress.LZ4, compress.Zstd} {
		seal := plain
		seal.Codec, seal.Level = codec, compress.DefaultLevel
		if answer := w.produce("orders", 0, batch(t, seal, "first", "second")); answer.ErrorCode != 0 || answer.BaseOffset != offset {
			t.Fatalf("%s: got %+v", codec, answer)
		}
		got := w.fetch(fetchRequest("orders", offset)).Responses[0].Partitions[0].Records
		if all := records(t, got); all[offset] != "first" || all[offset+1] != "second" {
			t.Errorf("%s: got %v", codec, all)
		}
		if stored, _, err := record.ReadBatch(got); err != nil || stored.Codec != codec {
			t.Errorf("%s: stored as %s, %v", codec, stored.Codec, err)
		}
		offset += 2
	}
}

func TestLogAppendTimeIsTheBrokersClock(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Configs: map[string]string{"message.timestamp.type": "LogAppendTime"}}}})
	w := dial(t, b)
	answer := w.produce("orders", 0, batch(t, plain, "a"))
	stored, _, err := record.ReadBatch(w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0].Records)
	if err != nil || stored.CheckCRC() != nil {
		t.Fatalf("%v, %v", err, stored.CheckCRC())
	}
	if stored.TimestampType != record.LogAppendTime || stored.MaxTimestamp != answer.LogAppendTimeMs || answer.LogAppendTimeMs < 1e12 {
		t.Errorf("got %v %d, answered %d", stored.TimestampType, stored.MaxTimestamp, answer.LogAppendTimeMs)
	}
}

func TestAWrongMaxTimestampIsCorrected(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	lies := batch(t, plain, "a", "b")
	const maxTimestampAt = 35
	lies[maxTimestampAt+7]++
	record.Stamp(lies, -1, -1, -1) // makes the checksum right again
	w.produce("orders", 0, lies)
	stored, _, err := record.ReadBatch(w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0].Records)
	if err != nil || stored.CheckCRC() != nil || stored.MaxTimestamp != 1001 {
		t.Errorf("got max timestamp %d, %v, %v", stored.MaxTimestamp, err, stored.CheckCRC())
	}
}

func TestARepeatedBatchIsStoredOnce(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	id := w.do(&protocol.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1}, 4).(*protocol.InitProducerIDResponse)
	sealed := batch(t, record.Seal{ProducerID: id.ProducerID, ProducerEpoch: id.ProducerEpoch}, "a")
	for range 3 {
		if answer := w.produce("orders", 0, bytes.Clone(sealed)); answer.ErrorCode != 0 || answer.BaseOffset != 0 {
			t.Errorf("got %+v", answer)
		}
	}
	if got := w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0].HighWatermark; got != 1 {
		t.Errorf("%d records stored, want 1", got)
	}
}

func TestAFaultFailsABatchBeforeOrAfterItIsStored(t *testing.T) {
	var fault broker.ProduceFault
	b := start(t, broker.Config{
		Topics: []broker.Topic{{Name: "orders", Partitions: 2}},
		ProduceFault: func(topic string, partition int32) broker.ProduceFault {
			if topic == "orders" && partition == 0 {
				return fault
			}
			return broker.ProduceFault{}
		},
	})
	w := dial(t, b)
	for _, c := range []struct {
		name  string
		fault broker.ProduceFault
		code  kerr.Error
		end   int64
	}{
		{"none", broker.ProduceFault{}, kerr.None, 1},
		{"before", broker.ProduceFault{Code: kerr.KafkaStorageError}, kerr.KafkaStorageError, 1},
		{"after", broker.ProduceFault{Code: kerr.NotEnoughReplicasAfterAppend, Stored: true}, kerr.NotEnoughReplicasAfterAppend, 2},
	} {
		fault = c.fault // the broker asks only while it is asked
		if answer := w.produce("orders", 0, batch(t, plain, "a")); kerr.Error(answer.ErrorCode) != c.code {
			t.Errorf("%s: got %v, want %v", c.name, kerr.Error(answer.ErrorCode), c.code)
		}
		if end := w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0].HighWatermark; end != c.end {
			t.Errorf("%s: the log ends at %d, want %d", c.name, end, c.end)
		}
	}
	if answer := w.produce("orders", 1, batch(t, plain, "a")); answer.ErrorCode != 0 {
		t.Errorf("the other partition: got %v", kerr.Error(answer.ErrorCode))
	}
}

func TestRetentionBytesLetsGoOfTheOldest(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Configs: map[string]string{"retention.bytes": "100000"}}}})
	w := dial(t, b)
	var answer protocol.ProduceResponseResponsePartitionResponse
	for range 100 {
		answer = w.produce("orders", 0, batch(t, plain, string(make([]byte, 10_000))))
	}
	if answer.LogStartOffset == 0 {
		t.Error("a megabyte is kept, 100 kB were asked for")
	}
	got := w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0].ErrorCode
	if got != kerr.OffsetOutOfRange.Code() {
		t.Errorf("offset 0: got %v", kerr.Error(got))
	}
}

func BenchmarkProduce(b *testing.B) {
	for name, size := range map[string]int{"100 B": 100, "16 KiB": 16 << 10, "1 MiB": 1<<20 - 200} {
		b.Run(name, func(b *testing.B) {
			br := start(b, broker.Config{Topics: []broker.Topic{{Name: "orders", Configs: map[string]string{"retention.bytes": "67108864"}}}})
			w := dial(b, br)
			var values []string
			for range max(1, size/100) {
				values = append(values, string(make([]byte, min(size, 85))))
			}
			sealed := batch(b, plain, values...)
			req := &protocol.ProduceRequest{Acks: -1, TopicData: []protocol.ProduceRequestTopicData{{Name: "orders",
				PartitionData: []protocol.ProduceRequestTopicDataPartitionData{{Records: sealed}}}}}
			b.SetBytes(int64(len(sealed)))
			b.ReportAllocs()
			for b.Loop() {
				w.send(req, 12)
				if _, err := w.frame(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
