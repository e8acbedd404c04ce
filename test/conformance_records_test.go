package test

import (
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// produceTo is a request with one batch for each of the partitions.
func produceTo(topic string, acks int16, batches map[int32][]byte) *protocol.ProduceRequest {
	data := protocol.ProduceRequestTopicData{Name: topic}
	for partition := int32(0); partition < 10; partition++ {
		if records, ok := batches[partition]; ok {
			data.PartitionData = append(data.PartitionData, protocol.ProduceRequestTopicDataPartitionData{Index: partition, Records: records})
		}
	}
	return &protocol.ProduceRequest{Acks: acks, TimeoutMs: 5000, TopicData: []protocol.ProduceRequestTopicData{data}}
}

func (tr *transcript) produce(title, topic string, records []byte) {
	tr.t.Helper()
	tr.step(title, 12, produceTo(topic, -1, map[int32][]byte{0: records}))
}

func produceGoodBatches(tr *transcript) {
	for version := int16(3); version <= 12; version++ {
		tr.step("one record", version, produceTo("a", 1, map[int32][]byte{0: goodBatch(1).bytes()}))
	}
	byID := produceTo("", -1, map[int32][]byte{0: goodBatch(2).bytes()})
	byID.TopicData[0].TopicID = tr.topicID
	tr.step("by topic id", 13, byID)
	tr.produce("three records", "a", goodBatch(3).bytes())
	tr.produce("with bytes behind it", "a", append(goodBatch(1).bytes(), 1, 2))
	tr.produce("log append time", "lat", goodBatch(2).bytes())
	untimed := goodBatch(1)
	untimed.timestamp = -1
	tr.produce("without a timestamp", "a", untimed.bytes())
	claimed := goodBatch(1)
	claimed.attributes = 8
	tr.produce("claiming log append time", "a", claimed.bytes())
	twice := produceTo("a", 1, map[int32][]byte{0: goodBatch(1).bytes()})
	twice.TopicData[0].PartitionData = append(twice.TopicData[0].PartitionData, twice.TopicData[0].PartitionData[0])
	tr.step("one partition twice", 12, twice)
	tr.step("several partitions", 12, produceTo("a", 1, map[int32][]byte{0: goodBatch(1).bytes(), 1: goodBatch(1).bytes(), 9: goodBatch(1).bytes()}))
}

func produceBadBatches(tr *transcript) {
	changed := func(change func(*rawBatch)) []byte {
		b := goodBatch(1)
		change(&b)
		return b.bytes()
	}
	for _, bad := range []struct {
		title   string
		records []byte
	}{
		{"nothing", []byte{}},
		{"a few bytes", []byte("hello")},
		{"garbage", []byte("a hundred bytes of garbage, or nearly as many, are not a record batch, whatever they look like......")},
		{"two batches", append(goodBatch(1).bytes(), goodBatch(1).bytes()...)},
		{"the end is missing", goodBatch(1).bytes()[:60]},
		{"wrong checksum", changed(func(b *rawBatch) { b.corruptCRC = true })},
		{"magic 1", changed(func(b *rawBatch) { b.magic = 1 })},
		{"magic 3", changed(func(b *rawBatch) { b.magic = 3 })},
		{"a base offset", changed(func(b *rawBatch) { b.baseOffset = 5 })},
		{"more records announced", changed(func(b *rawBatch) { b.count = 2 })},
		{"more records and offsets announced", changed(func(b *rawBatch) { b.count, b.lastDelta = 2, 1 })},
		{"more offsets announced", changed(func(b *rawBatch) { b.lastDelta = 5 })},
		{"more records than announced", changed(func(b *rawBatch) { b.records = append(b.records, b.records...) })},
		{"no records", changed(func(b *rawBatch) { b.records, b.count = nil, 0 })},
		{"no records and no offsets", changed(func(b *rawBatch) { b.records, b.count, b.lastDelta = nil, 0, -1 })},
		{"control batch", changed(func(b *rawBatch) { b.attributes = 0x20 })},
		{"transaction without an id", changed(func(b *rawBatch) { b.attributes, b.producerID, b.epoch, b.sequence = 0x10, 5, 0, 0 })},
		{"producer without a sequence", changed(func(b *rawBatch) { b.producerID, b.epoch = 5, 0 })},
		{"two hours ahead", changed(func(b *rawBatch) { b.timestamp += 2 * time.Hour.Milliseconds() })},
		{"unknown codec", changed(func(b *rawBatch) { b.attributes = 7 })},
		{"no gzip", changed(func(b *rawBatch) { b.attributes = 1 })},
		{"no zstd", changed(func(b *rawBatch) { b.attributes = 4 })},
	} {
		tr.produce(bad.title, "a", bad.records)
	}
	tr.step("zstd before KIP-110", 6, produceTo("a", 1, map[int32][]byte{0: changed(func(b *rawBatch) { b.attributes = 4 })}))
	unkeyed := goodBatch(1)
	unkeyed.count, unkeyed.lastDelta = 3, 2
	unkeyed.records = append(append(rawRecord(0, ""), rawRecord(1, "k")...), rawRecord(2, "")...)
	tr.produce("keys are missing", "compact", unkeyed.bytes())
	tr.produce("too large", "small", goodBatch(20).bytes())
	tr.produce("unknown topic", "unknown", goodBatch(1).bytes())
	tr.produce("impossible topic", "a b", goodBatch(1).bytes())
	tr.step("unknown topic id", 13, withUnknownID(produceTo("", 1, map[int32][]byte{0: goodBatch(1).bytes()})))
	tr.step("acks 5", 12, produceTo("a", 5, map[int32][]byte{0: goodBatch(1).bytes()}))
	frame, err := requestFrame(produceTo("unknown", 0, map[int32][]byte{0: goodBatch(1).bytes()}), 12)
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.ends("acks 0 to an unknown topic", frame)
}

func withUnknownID(req *protocol.ProduceRequest) *protocol.ProduceRequest {
	req.TopicData[0].TopicID = protocol.UUID{9, 9, 9}
	return req
}

func produceIdempotently(tr *transcript) {
	const largest = 1<<31 - 1
	type sent struct {
		epoch    int16
		sequence int32
	}
	for i, producer := range []struct {
		title   string
		batches []sent
	}{
		{"begins at 17", []sent{{0, 17}, {0, 18}}},
		{"repeats itself", []sent{{0, 0}, {0, 0}}},
		{"leaves one out", []sent{{0, 0}, {0, 2}}},
		{"repeats what is six ago", []sent{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {0, 4}, {0, 5}, {0, 0}, {0, 1}}},
		{"is of an old epoch", []sent{{3, 0}, {2, 0}}},
		{"begins an epoch at 1", []sent{{0, 0}, {1, 1}, {1, 0}}},
		{"comes to the last sequence", []sent{{0, largest}, {0, 0}}},
	} {
		for _, s := range producer.batches {
			b := goodBatch(1)
			b.producerID, b.epoch, b.sequence = int64(1000+i), s.epoch, s.sequence
			tr.step("producer "+producer.title, 12, produceTo("a", -1, map[int32][]byte{1: b.bytes()}))
		}
	}
}

func listOffsets(tr *transcript) {
	list := func(title string, version int16, topic string, timestamp int64, set ...func(*protocol.ListOffsetsRequestTopicPartition)) {
		var part protocol.ListOffsetsRequestTopicPartition
		part.SetDefaults()
		part.Timestamp = timestamp
		for _, set := range set {
			set(&part)
		}
		tr.step(title, version, &protocol.ListOffsetsRequest{ReplicaID: -1, TimeoutMs: 1000, Topics: []protocol.ListOffsetsRequestTopic{
			{Name: topic, Partitions: []protocol.ListOffsetsRequestTopicPartition{part}},
		}})
	}
	for version := int16(1); version <= 11; version++ {
		list("latest", version, "a", -1)
		list("earliest", version, "a", -2)
	}
	for _, topic := range []string{"a", "defaults", "lat"} {
		list("since 0", 11, topic, 0)
		list("since the far future", 11, topic, 1<<60)
		list("largest timestamp", 7, topic, -3)
		list("earliest", 11, topic, -2)
		list("earliest local", 8, topic, -4)
		list("latest tiered", 9, topic, -5)
		list("earliest to upload", 11, topic, -6)
	}
	list("largest timestamp, too early a version", 6, "a", -3)
	list("earliest local, too early a version", 7, "a", -4)
	list("latest tiered, too early a version", 8, "a", -5)
	list("no such place", 11, "a", -9)
	list("unknown topic", 11, "unknown", -1)
	list("unknown partition", 11, "a", -1, func(p *protocol.ListOffsetsRequestTopicPartition) { p.PartitionIndex = 9 })
	list("leader epoch ahead", 11, "a", -1, func(p *protocol.ListOffsetsRequestTopicPartition) { p.CurrentLeaderEpoch = 5 })
	list("leader epoch as it is", 11, "a", -1, func(p *protocol.ListOffsetsRequestTopicPartition) { p.CurrentLeaderEpoch = 0 })
	var part protocol.ListOffsetsRequestTopicPartition
	part.SetDefaults()
	part.Timestamp = -1
	tr.step("one partition twice", 11, &protocol.ListOffsetsRequest{ReplicaID: -1, Topics: []protocol.ListOffsetsRequestTopic{
		{Name: "a", Partitions: []protocol.ListOffsetsRequestTopicPartition{part, part}},
	}})
	for _, epoch := range []int32{0, 5} {
		tr.step("end of an epoch", 4, &protocol.OffsetForLeaderEpochRequest{ReplicaID: -1, Topics: []protocol.OffsetForLeaderEpochRequestTopic{
			{Topic: "a", Partitions: []protocol.OffsetForLeaderEpochRequestTopicPartition{{CurrentLeaderEpoch: -1, LeaderEpoch: epoch}}},
		}})
	}
}
