package protocol_test

import (
	"bytes"
	"testing"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// produceRequest has partitions batches of 16 KiB.
func produceRequest(partitions int) *protocol.ProduceRequest {
	m := protocol.NewProduceRequest()
	m.Acks = -1
	topic := protocol.ProduceRequestTopicData{Name: "orders"}
	for i := range partitions {
		topic.PartitionData = append(topic.PartitionData, protocol.ProduceRequestTopicDataPartitionData{
			Index: int32(i), Records: bytes.Repeat([]byte{1}, 16<<10),
		})
	}
	m.TopicData = append(m.TopicData, topic)
	return m
}

// fetchResponse has partitions batches of 16 KiB.
func fetchResponse(partitions int) *protocol.FetchResponse {
	m := protocol.NewFetchResponse()
	topic := protocol.FetchResponseResponse{Topic: "orders"}
	for i := range partitions {
		var part protocol.FetchResponseResponsePartition
		part.SetDefaults()
		part.PartitionIndex = int32(i)
		part.Records = bytes.Repeat([]byte{1}, 16<<10)
		topic.Partitions = append(topic.Partitions, part)
	}
	m.Responses = append(m.Responses, topic)
	return m
}

func TestProduceIsAppendedWithoutAllocating(t *testing.T) {
	m := produceRequest(10)
	buf, cuts := make([]byte, 0, 4<<10), make([]kbin.Cut, 0, 16)
	got := testing.AllocsPerRun(100, func() {
		if _, _, err := m.AppendVector(buf[:0], 12, cuts[:0]); err != nil {
			t.Fatal(err)
		}
	})
	if got != 0 {
		t.Errorf("%v allocations, want 0", got)
	}
}

func TestFetchIsDecodedWithAnAllocationPerList(t *testing.T) {
	b, err := fetchResponse(10).AppendTo(nil, 12)
	if err != nil {
		t.Fatal(err)
	}
	var m protocol.FetchResponse
	got := testing.AllocsPerRun(100, func() {
		if err := m.DecodeFrom(b, 12); err != nil {
			t.Fatal(err)
		}
	})
	if got > 3 { // topics, a name, partitions
		t.Errorf("%v allocations, want 3", got)
	}
}

func BenchmarkProduceAppendVector(b *testing.B) {
	m := produceRequest(10)
	buf, cuts := make([]byte, 0, 4<<10), make([]kbin.Cut, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := m.AppendVector(buf[:0], 12, cuts[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkFetchDecode(b *testing.B) {
	src, err := fetchResponse(10).AppendTo(nil, 12)
	if err != nil {
		b.Fatal(err)
	}
	var m protocol.FetchResponse
	b.ReportAllocs()
	for b.Loop() {
		if err := m.DecodeFrom(src, 12); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkMetadataDecode has 1000 topics with 10 partitions each.
func BenchmarkMetadataDecode(b *testing.B) {
	m := protocol.NewMetadataResponse()
	name := "a-topic-with-a-name"
	for range 1000 {
		topic := protocol.MetadataResponseTopic{Name: &name}
		for i := range 10 {
			topic.Partitions = append(topic.Partitions, protocol.MetadataResponseTopicPartition{
				PartitionIndex: int32(i), ReplicaNodes: []int32{1, 2, 3}, IsrNodes: []int32{1, 2, 3},
			})
		}
		m.Topics = append(m.Topics, topic)
	}
	src, err := m.AppendTo(nil, 12)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for b.Loop() {
		if err := m.DecodeFrom(src, 12); err != nil {
			b.Fatal(err)
		}
	}
}
