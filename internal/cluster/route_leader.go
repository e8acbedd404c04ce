package cluster

import "github.com/afkak-go/afkak/protocol"

// leaderRoutes are the requests about partitions, each for the partition's leader.
var leaderRoutes = map[protocol.APIKey]*route{
	protocol.KeyProduce:              produceRoute(),
	protocol.KeyFetch:                fetchRoute(),
	protocol.KeyListOffsets:          listOffsetsRoute(),
	protocol.KeyDeleteRecords:        deleteRecordsRoute(),
	protocol.KeyOffsetForLeaderEpoch: offsetForLeaderEpochRoute(),
	protocol.KeyDescribeProducers:    describeProducersRoute(),
	protocol.KeyWriteTxnMarkers:      writeTxnMarkersRoute(),
}

func produceRoute() *route {
	s := partitions(
		func(q *protocol.ProduceRequest) *[]protocol.ProduceRequestTopicData { return &q.TopicData },
		func(t *protocol.ProduceRequestTopicData) (*string, *protocol.UUID, *[]protocol.ProduceRequestTopicDataPartitionData) {
			return &t.Name, &t.TopicID, &t.PartitionData
		},
		func(p *protocol.ProduceRequestTopicDataPartitionData) int32 { return p.Index },
		func(r *protocol.ProduceResponse) *[]protocol.ProduceResponseResponse { return &r.Responses },
		func(t *protocol.ProduceResponseResponse) (*string, *protocol.UUID, *[]protocol.ProduceResponseResponsePartitionResponse) {
			return &t.Name, &t.TopicID, &t.PartitionResponses
		},
		func(p *protocol.ProduceResponseResponsePartitionResponse) (int32, int16) { return p.Index, p.ErrorCode },
	)
	s.unasked = func(p *protocol.ProduceRequestTopicDataPartitionData) protocol.ProduceResponseResponsePartitionResponse {
		return protocol.ProduceResponseResponsePartitionResponse{Index: p.Index, BaseOffset: -1, LogAppendTimeMs: -1, LogStartOffset: -1}
	}
	return within(split(s).on(Produce).onlyOnce().creatingTopics(), func(q *protocol.ProduceRequest) (int16, int16) {
		return namesUntil(12, q.TopicData, func(t *protocol.ProduceRequestTopicData) (string, protocol.UUID) { return t.Name, t.TopicID })
	})
}

func fetchRoute() *route {
	s := partitions(
		func(q *protocol.FetchRequest) *[]protocol.FetchRequestTopic { return &q.Topics },
		func(t *protocol.FetchRequestTopic) (*string, *protocol.UUID, *[]protocol.FetchRequestTopicPartition) {
			return &t.Topic, &t.TopicID, &t.Partitions
		},
		func(p *protocol.FetchRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.FetchResponse) *[]protocol.FetchResponseResponse { return &r.Responses },
		func(t *protocol.FetchResponseResponse) (*string, *protocol.UUID, *[]protocol.FetchResponseResponsePartition) {
			return &t.Topic, &t.TopicID, &t.Partitions
		},
		func(p *protocol.FetchResponseResponsePartition) (int32, int16) { return p.PartitionIndex, p.ErrorCode },
	)
	return within(split(s).on(Fetch), func(q *protocol.FetchRequest) (int16, int16) {
		return namesUntil(12, q.Topics, func(t *protocol.FetchRequestTopic) (string, protocol.UUID) { return t.Topic, t.TopicID })
	})
}

func listOffsetsRoute() *route {
	return split(partitions(
		func(q *protocol.ListOffsetsRequest) *[]protocol.ListOffsetsRequestTopic { return &q.Topics },
		func(t *protocol.ListOffsetsRequestTopic) (*string, *protocol.UUID, *[]protocol.ListOffsetsRequestTopicPartition) {
			return &t.Name, nil, &t.Partitions
		},
		func(p *protocol.ListOffsetsRequestTopicPartition) int32 { return p.PartitionIndex },
		func(r *protocol.ListOffsetsResponse) *[]protocol.ListOffsetsResponseTopic { return &r.Topics },
		func(t *protocol.ListOffsetsResponseTopic) (*string, *protocol.UUID, *[]protocol.ListOffsetsResponseTopicPartition) {
			return &t.Name, nil, &t.Partitions
		},
		func(p *protocol.ListOffsetsResponseTopicPartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	))
}

func deleteRecordsRoute() *route {
	return split(partitions(
		func(q *protocol.DeleteRecordsRequest) *[]protocol.DeleteRecordsRequestTopic { return &q.Topics },
		func(t *protocol.DeleteRecordsRequestTopic) (*string, *protocol.UUID, *[]protocol.DeleteRecordsRequestTopicPartition) {
			return &t.Name, nil, &t.Partitions
		},
		func(p *protocol.DeleteRecordsRequestTopicPartition) int32 { return p.PartitionIndex },
		func(r *protocol.DeleteRecordsResponse) *[]protocol.DeleteRecordsResponseTopic { return &r.Topics },
		func(t *protocol.DeleteRecordsResponseTopic) (*string, *protocol.UUID, *[]protocol.DeleteRecordsResponseTopicPartition) {
			return &t.Name, nil, &t.Partitions
		},
		func(p *protocol.DeleteRecordsResponseTopicPartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	))
}

func offsetForLeaderEpochRoute() *route {
	return split(partitions(
		func(q *protocol.OffsetForLeaderEpochRequest) *[]protocol.OffsetForLeaderEpochRequestTopic {
			return &q.Topics
		},
		func(t *protocol.OffsetForLeaderEpochRequestTopic) (*string, *protocol.UUID, *[]protocol.OffsetForLeaderEpochRequestTopicPartition) {
			return &t.Topic, nil, &t.Partitions
		},
		func(p *protocol.OffsetForLeaderEpochRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.OffsetForLeaderEpochResponse) *[]protocol.OffsetForLeaderEpochResponseTopic {
			return &r.Topics
		},
		func(t *protocol.OffsetForLeaderEpochResponseTopic) (*string, *protocol.UUID, *[]protocol.OffsetForLeaderEpochResponseTopicPartition) {
			return &t.Topic, nil, &t.Partitions
		},
		func(p *protocol.OffsetForLeaderEpochResponseTopicPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	))
}

func describeProducersRoute() *route {
	return split(partitions(
		func(q *protocol.DescribeProducersRequest) *[]protocol.DescribeProducersRequestTopic { return &q.Topics },
		func(t *protocol.DescribeProducersRequestTopic) (*string, *protocol.UUID, *[]int32) {
			return &t.Name, nil, &t.PartitionIndexes
		},
		func(p *int32) int32 { return *p },
		func(r *protocol.DescribeProducersResponse) *[]protocol.DescribeProducersResponseTopic {
			return &r.Topics
		},
		func(t *protocol.DescribeProducersResponseTopic) (*string, *protocol.UUID, *[]protocol.DescribeProducersResponseTopicPartition) {
			return &t.Name, nil, &t.Partitions
		},
		func(p *protocol.DescribeProducersResponseTopicPartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	))
}

// writeTxnMarkersRoute serves what an operator does to a hanging transaction:
// one marker for one partition. Markers for many are the brokers' business.
func writeTxnMarkersRoute() *route {
	r := to(func(q *protocol.WriteTxnMarkersRequest) target {
		topic := &q.Markers[0].Topics[0]
		return toLeader(Item{Topic: topic.Name, Partition: topic.PartitionIndexes[0]})
	})
	r.refuse = func(req protocol.Request) string {
		markers := req.(*protocol.WriteTxnMarkersRequest).Markers
		if len(markers) != 1 || len(markers[0].Topics) != 1 || len(markers[0].Topics[0].PartitionIndexes) != 1 {
			return "send one marker for one partition"
		}
		return ""
	}
	return r
}
