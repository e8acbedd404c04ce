package cluster

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// groupRoutes are the requests for a group's coordinator.
var groupRoutes = map[protocol.APIKey]*route{
	protocol.KeyOffsetCommit: offsetCommitRoute(),
	protocol.KeyOffsetFetch:  offsetFetchRoute(),
	protocol.KeyOffsetDelete: to(func(q *protocol.OffsetDeleteRequest) target { return toCoordinator(GroupKey, q.GroupID) }),

	protocol.KeyJoinGroup:  to(func(q *protocol.JoinGroupRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group).onlyOnce(),
	protocol.KeySyncGroup:  to(func(q *protocol.SyncGroupRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),
	protocol.KeyHeartbeat:  to(func(q *protocol.HeartbeatRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),
	protocol.KeyLeaveGroup: to(func(q *protocol.LeaveGroupRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),

	protocol.KeyConsumerGroupHeartbeat: to(func(q *protocol.ConsumerGroupHeartbeatRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),
	protocol.KeyShareGroupHeartbeat:    to(func(q *protocol.ShareGroupHeartbeatRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),
	protocol.KeyStreamsGroupHeartbeat:  to(func(q *protocol.StreamsGroupHeartbeatRequest) target { return toCoordinator(GroupKey, q.GroupID) }).on(Group),
	protocol.KeyStreamsGroupTopologyDescriptionUpdate: to(func(q *protocol.StreamsGroupTopologyDescriptionUpdateRequest) target {
		return toCoordinator(GroupKey, q.GroupID)
	}),
	protocol.KeyAlterShareGroupOffsets:  to(func(q *protocol.AlterShareGroupOffsetsRequest) target { return toCoordinator(GroupKey, q.GroupID) }),
	protocol.KeyDeleteShareGroupOffsets: to(func(q *protocol.DeleteShareGroupOffsetsRequest) target { return toCoordinator(GroupKey, q.GroupID) }),

	protocol.KeyDescribeGroups: split(elements(
		func(q *protocol.DescribeGroupsRequest) *[]string { return &q.Groups }, itself, toGroup,
		func(r *protocol.DescribeGroupsResponse) *[]protocol.DescribeGroupsResponseGroup { return &r.Groups },
		func(g *protocol.DescribeGroupsResponseGroup) (string, int16) { return g.GroupID, g.ErrorCode },
	)),
	protocol.KeyDeleteGroups: split(elements(
		func(q *protocol.DeleteGroupsRequest) *[]string { return &q.GroupsNames }, itself, toGroup,
		func(r *protocol.DeleteGroupsResponse) *[]protocol.DeleteGroupsResponseResult { return &r.Results },
		func(g *protocol.DeleteGroupsResponseResult) (string, int16) { return g.GroupID, g.ErrorCode },
	)).onlyOnce(),
	protocol.KeyConsumerGroupDescribe: split(elements(
		func(q *protocol.ConsumerGroupDescribeRequest) *[]string { return &q.GroupIDs }, itself, toGroup,
		func(r *protocol.ConsumerGroupDescribeResponse) *[]protocol.ConsumerGroupDescribeResponseGroup {
			return &r.Groups
		},
		func(g *protocol.ConsumerGroupDescribeResponseGroup) (string, int16) { return g.GroupID, g.ErrorCode },
	)),
	protocol.KeyShareGroupDescribe: split(elements(
		func(q *protocol.ShareGroupDescribeRequest) *[]string { return &q.GroupIDs }, itself, toGroup,
		func(r *protocol.ShareGroupDescribeResponse) *[]protocol.ShareGroupDescribeResponseGroup {
			return &r.Groups
		},
		func(g *protocol.ShareGroupDescribeResponseGroup) (string, int16) { return g.GroupID, g.ErrorCode },
	)),
	protocol.KeyStreamsGroupDescribe: split(elements(
		func(q *protocol.StreamsGroupDescribeRequest) *[]string { return &q.GroupIDs }, itself, toGroup,
		func(r *protocol.StreamsGroupDescribeResponse) *[]protocol.StreamsGroupDescribeResponseGroup {
			return &r.Groups
		},
		func(g *protocol.StreamsGroupDescribeResponseGroup) (string, int16) { return g.GroupID, g.ErrorCode },
	)),
	protocol.KeyDescribeShareGroupOffsets: split(elements(
		func(q *protocol.DescribeShareGroupOffsetsRequest) *[]protocol.DescribeShareGroupOffsetsRequestGroup {
			return &q.Groups
		},
		func(g *protocol.DescribeShareGroupOffsetsRequestGroup) string { return g.GroupID },
		func(g *protocol.DescribeShareGroupOffsetsRequestGroup) target {
			return toCoordinator(GroupKey, g.GroupID)
		},
		func(r *protocol.DescribeShareGroupOffsetsResponse) *[]protocol.DescribeShareGroupOffsetsResponseGroup {
			return &r.Groups
		},
		func(g *protocol.DescribeShareGroupOffsetsResponseGroup) (string, int16) {
			return g.GroupID, g.ErrorCode
		},
	)),
}

// offsetCommitRoute splits by partition, so that only what failed is sent again.
func offsetCommitRoute() *route {
	s := partitions(
		func(q *protocol.OffsetCommitRequest) *[]protocol.OffsetCommitRequestTopic { return &q.Topics },
		func(t *protocol.OffsetCommitRequestTopic) (*string, *protocol.UUID, *[]protocol.OffsetCommitRequestTopicPartition) {
			return &t.Name, &t.TopicID, &t.Partitions
		},
		func(p *protocol.OffsetCommitRequestTopicPartition) int32 { return p.PartitionIndex },
		func(r *protocol.OffsetCommitResponse) *[]protocol.OffsetCommitResponseTopic { return &r.Topics },
		func(t *protocol.OffsetCommitResponseTopic) (*string, *protocol.UUID, *[]protocol.OffsetCommitResponseTopicPartition) {
			return &t.Name, &t.TopicID, &t.Partitions
		},
		func(p *protocol.OffsetCommitResponseTopicPartition) (int32, int16) {
			return p.PartitionIndex, p.ErrorCode
		},
	).to(func(q *protocol.OffsetCommitRequest, _ Item) target { return toCoordinator(GroupKey, q.GroupID) })
	return within(split(s), func(q *protocol.OffsetCommitRequest) (int16, int16) {
		return namesUntil(9, q.Topics, func(t *protocol.OffsetCommitRequestTopic) (string, protocol.UUID) { return t.Name, t.TopicID })
	})
}

// offsetFetchRoute serves both forms: one group (to version 7), or many (from
// version 8, Kafka 3.0, KIP-709).
func offsetFetchRoute() *route {
	many := elements(
		func(q *protocol.OffsetFetchRequest) *[]protocol.OffsetFetchRequestGroup { return &q.Groups },
		func(g *protocol.OffsetFetchRequestGroup) string { return g.GroupID },
		func(g *protocol.OffsetFetchRequestGroup) target { return toCoordinator(GroupKey, g.GroupID) },
		func(r *protocol.OffsetFetchResponse) *[]protocol.OffsetFetchResponseGroup { return &r.Groups },
		func(g *protocol.OffsetFetchResponseGroup) (string, int16) { return g.GroupID, g.ErrorCode },
	)
	one := whole{func(req protocol.Request) target {
		return toCoordinator(GroupKey, req.(*protocol.OffsetFetchRequest).GroupID)
	}}
	isMany := func(req protocol.Request) bool { return len(req.(*protocol.OffsetFetchRequest).Groups) > 0 }
	r := &route{splitter: func(req protocol.Request) splitter {
		if isMany(req) {
			return many
		}
		return one
	}}
	r.final = func(version int16, code kerr.Error) bool {
		return version == 0 && code == kerr.UnknownTopicOrPartition // how version 0 says that nothing is committed
	}
	return within(r, func(q *protocol.OffsetFetchRequest) (int16, int16) {
		if !isMany(q) {
			return anyVersion, 7
		}
		lowest, highest := int16(8), anyVersion
		for i := range q.Groups {
			low, high := namesUntil(9, q.Groups[i].Topics, func(t *protocol.OffsetFetchRequestGroupTopic) (string, protocol.UUID) { return t.Name, t.TopicID })
			lowest, highest = max(lowest, low), max(highest, high)
		}
		return lowest, highest
	})
}
