package cluster

import (
	"strconv"

	"github.com/afkak-go/afkak/protocol"
)

// shareRoutes are the requests of share groups (KIP-932) about partitions:
// records for the leader, state for the share coordinator. They name topics by
// ID only.
var shareRoutes = map[protocol.APIKey]*route{
	protocol.KeyShareFetch:                 shareFetchRoute(),
	protocol.KeyShareAcknowledge:           shareAcknowledgeRoute(),
	protocol.KeyInitializeShareGroupState:  initializeShareStateRoute(),
	protocol.KeyReadShareGroupState:        readShareStateRoute(),
	protocol.KeyWriteShareGroupState:       writeShareStateRoute(),
	protocol.KeyDeleteShareGroupState:      deleteShareStateRoute(),
	protocol.KeyReadShareGroupStateSummary: summarizeShareStateRoute(),
}

// toShare is the home of a share partition's state.
func toShare(group string, item Item) target {
	return toCoordinator(ShareKey, group+":"+item.TopicID.String()+":"+strconv.Itoa(int(item.Partition)))
}

func shareFetchRoute() *route {
	return split(partitions(
		func(q *protocol.ShareFetchRequest) *[]protocol.ShareFetchRequestTopic { return &q.Topics },
		func(t *protocol.ShareFetchRequestTopic) (*string, *protocol.UUID, *[]protocol.ShareFetchRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ShareFetchRequestTopicPartition) int32 { return p.PartitionIndex },
		func(r *protocol.ShareFetchResponse) *[]protocol.ShareFetchResponseResponse { return &r.Responses },
		func(t *protocol.ShareFetchResponseResponse) (*string, *protocol.UUID, *[]protocol.ShareFetchResponseResponsePartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ShareFetchResponseResponsePartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	)).on(Fetch).onlyOnce()
}

func shareAcknowledgeRoute() *route {
	return split(partitions(
		func(q *protocol.ShareAcknowledgeRequest) *[]protocol.ShareAcknowledgeRequestTopic { return &q.Topics },
		func(t *protocol.ShareAcknowledgeRequestTopic) (*string, *protocol.UUID, *[]protocol.ShareAcknowledgeRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ShareAcknowledgeRequestTopicPartition) int32 { return p.PartitionIndex },
		func(r *protocol.ShareAcknowledgeResponse) *[]protocol.ShareAcknowledgeResponseResponse {
			return &r.Responses
		},
		func(t *protocol.ShareAcknowledgeResponseResponse) (*string, *protocol.UUID, *[]protocol.ShareAcknowledgeResponseResponsePartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ShareAcknowledgeResponseResponsePartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	)).onlyOnce()
}

func initializeShareStateRoute() *route {
	return split(partitions(
		func(q *protocol.InitializeShareGroupStateRequest) *[]protocol.InitializeShareGroupStateRequestTopic {
			return &q.Topics
		},
		func(t *protocol.InitializeShareGroupStateRequestTopic) (*string, *protocol.UUID, *[]protocol.InitializeShareGroupStateRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.InitializeShareGroupStateRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.InitializeShareGroupStateResponse) *[]protocol.InitializeShareGroupStateResponseResult {
			return &r.Results
		},
		func(t *protocol.InitializeShareGroupStateResponseResult) (*string, *protocol.UUID, *[]protocol.InitializeShareGroupStateResponseResultPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.InitializeShareGroupStateResponseResultPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	).to(func(q *protocol.InitializeShareGroupStateRequest, item Item) target { return toShare(q.GroupID, item) }))
}

func readShareStateRoute() *route {
	return split(partitions(
		func(q *protocol.ReadShareGroupStateRequest) *[]protocol.ReadShareGroupStateRequestTopic {
			return &q.Topics
		},
		func(t *protocol.ReadShareGroupStateRequestTopic) (*string, *protocol.UUID, *[]protocol.ReadShareGroupStateRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ReadShareGroupStateRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.ReadShareGroupStateResponse) *[]protocol.ReadShareGroupStateResponseResult {
			return &r.Results
		},
		func(t *protocol.ReadShareGroupStateResponseResult) (*string, *protocol.UUID, *[]protocol.ReadShareGroupStateResponseResultPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ReadShareGroupStateResponseResultPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	).to(func(q *protocol.ReadShareGroupStateRequest, item Item) target { return toShare(q.GroupID, item) }))
}

func writeShareStateRoute() *route {
	return split(partitions(
		func(q *protocol.WriteShareGroupStateRequest) *[]protocol.WriteShareGroupStateRequestTopic {
			return &q.Topics
		},
		func(t *protocol.WriteShareGroupStateRequestTopic) (*string, *protocol.UUID, *[]protocol.WriteShareGroupStateRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.WriteShareGroupStateRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.WriteShareGroupStateResponse) *[]protocol.WriteShareGroupStateResponseResult {
			return &r.Results
		},
		func(t *protocol.WriteShareGroupStateResponseResult) (*string, *protocol.UUID, *[]protocol.WriteShareGroupStateResponseResultPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.WriteShareGroupStateResponseResultPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	).to(func(q *protocol.WriteShareGroupStateRequest, item Item) target { return toShare(q.GroupID, item) }))
}

func deleteShareStateRoute() *route {
	return split(partitions(
		func(q *protocol.DeleteShareGroupStateRequest) *[]protocol.DeleteShareGroupStateRequestTopic {
			return &q.Topics
		},
		func(t *protocol.DeleteShareGroupStateRequestTopic) (*string, *protocol.UUID, *[]protocol.DeleteShareGroupStateRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.DeleteShareGroupStateRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.DeleteShareGroupStateResponse) *[]protocol.DeleteShareGroupStateResponseResult {
			return &r.Results
		},
		func(t *protocol.DeleteShareGroupStateResponseResult) (*string, *protocol.UUID, *[]protocol.DeleteShareGroupStateResponseResultPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.DeleteShareGroupStateResponseResultPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	).to(func(q *protocol.DeleteShareGroupStateRequest, item Item) target { return toShare(q.GroupID, item) }))
}

func summarizeShareStateRoute() *route {
	return split(partitions(
		func(q *protocol.ReadShareGroupStateSummaryRequest) *[]protocol.ReadShareGroupStateSummaryRequestTopic {
			return &q.Topics
		},
		func(t *protocol.ReadShareGroupStateSummaryRequestTopic) (*string, *protocol.UUID, *[]protocol.ReadShareGroupStateSummaryRequestTopicPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ReadShareGroupStateSummaryRequestTopicPartition) int32 { return p.Partition },
		func(r *protocol.ReadShareGroupStateSummaryResponse) *[]protocol.ReadShareGroupStateSummaryResponseResult {
			return &r.Results
		},
		func(t *protocol.ReadShareGroupStateSummaryResponseResult) (*string, *protocol.UUID, *[]protocol.ReadShareGroupStateSummaryResponseResultPartition) {
			return nil, &t.TopicID, &t.Partitions
		},
		func(p *protocol.ReadShareGroupStateSummaryResponseResultPartition) (int32, int16) {
			return p.Partition, p.ErrorCode
		},
	).to(func(q *protocol.ReadShareGroupStateSummaryRequest, item Item) target { return toShare(q.GroupID, item) }))
}
