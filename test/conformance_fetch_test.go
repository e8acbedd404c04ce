package test

import "github.com/afkak-go/afkak/protocol"

// want is one partition in a fetch.
type want struct {
	partition int32
	offset    int64
	maxBytes  int32 // 0: enough
}

// fetchOf is a fetch without a session, which waits for nothing.
func fetchOf(topic string, wants ...want) *protocol.FetchRequest {
	req := protocol.NewFetchRequest()
	req.MinBytes, req.MaxBytes = 1, 1<<20
	if len(wants) == 0 {
		return req
	}
	asked := protocol.FetchRequestTopic{Topic: topic}
	for _, w := range wants {
		var part protocol.FetchRequestTopicPartition
		part.SetDefaults()
		part.Partition, part.FetchOffset, part.PartitionMaxBytes = w.partition, w.offset, w.maxBytes
		if w.maxBytes == 0 {
			part.PartitionMaxBytes = 1 << 20
		}
		asked.Partitions = append(asked.Partitions, part)
	}
	req.Topics = []protocol.FetchRequestTopic{asked}
	return req
}

// change sets what is special of one fetch.
func change(req *protocol.FetchRequest, set func(*protocol.FetchRequest)) *protocol.FetchRequest {
	set(req)
	return req
}

func fetchRecords(tr *transcript) {
	for version := int16(4); version <= 12; version++ {
		tr.step("from the start", version, fetchOf("a", want{0, 0, 0}))
	}
	byID := func(id protocol.UUID) *protocol.FetchRequest {
		return change(fetchOf("", want{0, 0, 0}), func(m *protocol.FetchRequest) { m.Topics[0].TopicID = id })
	}
	for version := int16(13); version <= 18; version++ {
		tr.step("by topic id", version, byID(tr.topicID))
	}
	tr.step("unknown topic id", 18, byID(protocol.UUID{9, 9, 9}))
	first := func(set func(*protocol.FetchRequestTopicPartition)) *protocol.FetchRequest {
		return change(fetchOf("a", want{0, 0, 0}), func(m *protocol.FetchRequest) { set(&m.Topics[0].Partitions[0]) })
	}
	tr.step("a batch and a half", 12, fetchOf("a", want{0, 0, 105}))
	tr.step("less than a batch from each", 12, fetchOf("a", want{0, 0, 1}, want{1, 0, 1}))
	tr.step("less than a batch in all", 12, change(fetchOf("a", want{0, 0, 0}, want{1, 0, 0}), func(m *protocol.FetchRequest) { m.MaxBytes = 1 }))
	tr.step("nothing at all", 12, change(fetchOf("a", want{0, 0, 0}), func(m *protocol.FetchRequest) { m.MaxBytes = 0 }))
	tr.step("from inside a batch", 12, fetchOf("a", want{0, 13, 0}))
	tr.step("past the end", 12, fetchOf("a", want{0, 1000, 0}))
	tr.step("before the start", 12, fetchOf("a", want{0, -1, 0}))
	tr.step("unknown partition", 12, fetchOf("a", want{9, 0, 0}))
	tr.step("unknown topic", 12, fetchOf("unknown", want{0, 0, 0}))
	tr.step("known and unknown", 12, change(fetchOf("a", want{9, 0, 0}, want{0, 0, 0}), func(m *protocol.FetchRequest) { m.MaxWaitMs = 100 }))
	tr.step("of nothing", 12, fetchOf("a"))
	tr.step("more bytes than there are", 12, change(fetchOf("a", want{0, 0, 0}), func(m *protocol.FetchRequest) { m.MinBytes, m.MaxWaitMs = 1<<20, 100 }))
	tr.step("committed records", 12, change(fetchOf("a", want{0, 0, 0}), func(m *protocol.FetchRequest) { m.IsolationLevel = 1 }))
	tr.step("leader epoch ahead", 12, first(func(p *protocol.FetchRequestTopicPartition) { p.CurrentLeaderEpoch = 3 }))
	tr.step("leader epoch as it is", 12, first(func(p *protocol.FetchRequestTopicPartition) { p.CurrentLeaderEpoch = 0 }))
	tr.step("last fetched epoch as it is", 12, first(func(p *protocol.FetchRequestTopicPartition) { p.LastFetchedEpoch = 0 }))
	tr.step("diverged", 12, first(func(p *protocol.FetchRequestTopicPartition) { p.LastFetchedEpoch, p.FetchOffset = 0, 1000 }))
	tr.step("last fetched epoch ahead", 12, first(func(p *protocol.FetchRequestTopicPartition) { p.LastFetchedEpoch = 3 }))
}

func fetchInSessions(tr *transcript) {
	var id int32
	session := func(title string, epoch int32, req *protocol.FetchRequest) *protocol.FetchResponse {
		req.SessionID, req.SessionEpoch = id, epoch
		return tr.step("session: "+title, 12, req).(*protocol.FetchResponse)
	}
	end := tr.ask("end", 12, fetchOf("a", want{0, 0, 0})).(*protocol.FetchResponse).Responses[0].Partitions[0].HighWatermark
	end1 := tr.ask("end", 12, fetchOf("a", want{1, 0, 0})).(*protocol.FetchResponse).Responses[0].Partitions[0].HighWatermark
	id = session("begins", 0, fetchOf("a", want{0, end, 0}, want{1, 0, 0})).SessionID
	session("nothing changed, records are still there", 1, fetchOf("a"))
	session("moves on, nothing new", 2, fetchOf("a", want{1, end1, 0}))
	tr.produce("meanwhile", "a", goodBatch(1).bytes())
	session("something new", 3, fetchOf("a"))
	session("moves past it", 4, fetchOf("a", want{0, end + 1, 0}))
	session("wrong epoch", 9, fetchOf("a"))
	session("goes on", 5, fetchOf("a"))
	session("forgets a partition", 6, change(fetchOf("a"), func(m *protocol.FetchRequest) {
		m.ForgottenTopicsData = []protocol.FetchRequestForgottenTopicsData{{Topic: "a", Partitions: []int32{0}}}
	}))
	session("adds an unknown one", 7, fetchOf("a", want{9, 0, 0}))
	session("it stays unknown", 8, fetchOf("a"))
	session("out of range", 9, fetchOf("a", want{1, 1000, 0}))
	session("back in range", 10, fetchOf("a", want{1, end1, 0}))
	session("forgets all", 11, change(fetchOf("a"), func(m *protocol.FetchRequest) {
		m.ForgottenTopicsData = []protocol.FetchRequestForgottenTopicsData{{Topic: "a", Partitions: []int32{1, 9}}}
	}))
	session("is gone", 12, fetchOf("a"))
	id = session("begins again", 0, fetchOf("a", want{0, 0, 0})).SessionID
	session("is closed", -1, fetchOf("a", want{0, 0, 0}))
	session("is closed, goes on", 1, fetchOf("a"))
	id = 1234567
	session("unknown", 5, fetchOf("a"))
	session("unknown, begins", 0, fetchOf("a", want{0, 0, 0}))
	id = session("begins by name", 0, fetchOf("a", want{0, 0, 0})).SessionID
	tr.step("session: goes on by id", 13, change(fetchOf("a"), func(m *protocol.FetchRequest) { m.SessionID, m.SessionEpoch = id, 1 }))
}
