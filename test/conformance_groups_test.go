package test

import (
	"strings"

	"github.com/afkak-go/afkak/protocol"
)

func coordinate(tr *transcript) {
	for kind, key := range []string{"group", "transactional-id"} {
		req := &protocol.FindCoordinatorRequest{KeyType: int8(kind), CoordinatorKeys: []string{key}}
		tr.until("coordinator of "+key, 6, req, func(resp protocol.Response) bool {
			return resp.(*protocol.FindCoordinatorResponse).Coordinators[0].ErrorCode == 0
		})
	}
	for version := int16(0); version <= 3; version++ {
		tr.step("of a group", version, &protocol.FindCoordinatorRequest{CoordinatorKey: "group"})
	}
	for version := int16(4); version <= 6; version++ {
		tr.step("of groups", version, &protocol.FindCoordinatorRequest{CoordinatorKeys: []string{"group", "other", ""}})
	}
	tr.step("of a transactional id", 3, &protocol.FindCoordinatorRequest{CoordinatorKey: "transactional-id", KeyType: 1})
	tr.step("of an unknown kind", 3, &protocol.FindCoordinatorRequest{CoordinatorKey: "x", KeyType: 9})
	tr.step("of an unknown kind", 6, &protocol.FindCoordinatorRequest{CoordinatorKeys: []string{"x"}, KeyType: 9})

	initID := func(transactional *string, timeoutMs int32) *protocol.InitProducerIDRequest {
		return &protocol.InitProducerIDRequest{TransactionalID: transactional, TransactionTimeoutMs: timeoutMs, ProducerID: -1, ProducerEpoch: -1}
	}
	for _, id := range []*string{nil, ptr("transactional-id")} {
		tr.until("producer id", 5, initID(id, 1000), func(resp protocol.Response) bool {
			return resp.(*protocol.InitProducerIDResponse).ErrorCode == 0
		})
	}
	for version := int16(0); version <= 5; version++ {
		tr.step("idempotent producer", version, initID(nil, 0))
		tr.step("transactional producer", version, initID(ptr("transactional-id"), 1000))
	}
	tr.step("no timeout", 5, initID(ptr("other"), 0))
	tr.step("too long a timeout", 5, initID(ptr("other"), 100_000_000))
	tr.step("empty transactional id", 5, initID(ptr(""), 1000))
}

func commitOffsets(tr *transcript) {
	commit := func(group string, parts ...protocol.OffsetCommitRequestTopicPartition) *protocol.OffsetCommitRequest {
		return &protocol.OffsetCommitRequest{GroupID: group, GenerationIDOrMemberEpoch: -1, RetentionTimeMs: -1, Topics: []protocol.OffsetCommitRequestTopic{
			{Name: "a", TopicID: tr.topicID, Partitions: parts},
		}}
	}
	at := func(partition int32, offset int64, metadata *string) protocol.OffsetCommitRequestTopicPartition {
		var part protocol.OffsetCommitRequestTopicPartition
		part.SetDefaults()
		part.PartitionIndex, part.CommittedOffset, part.CommittedMetadata = partition, offset, metadata
		return part
	}
	tr.until("group is loaded", 9, commit("warm", at(0, 1, nil)), func(resp protocol.Response) bool {
		return resp.(*protocol.OffsetCommitResponse).Topics[0].Partitions[0].ErrorCode == 0
	})
	for version := int16(2); version <= 10; version++ {
		tr.step("offsets", version, commit("group", at(0, int64(version), ptr("note")), at(1, 7, nil)))
	}
	member := commit("nobody", at(0, 1, nil))
	member.GenerationIDOrMemberEpoch, member.MemberID = 1, "member"
	tr.step("member of no group", 7, member)
	tr.step("member of no group", 9, member)
	member.GroupID = "group"
	tr.step("unknown member", 7, member)
	tr.step("unknown member", 9, member)
	tr.step("unknown partition", 9, commit("group", at(9, 1, nil)))
	unknown := commit("group", at(0, 1, nil))
	unknown.Topics[0].Name, unknown.Topics[0].TopicID = "unknown", protocol.UUID{9, 9}
	tr.step("unknown topic", 9, unknown)
	tr.step("unknown topic", 10, unknown)
	tr.step("metadata of 4097 bytes", 9, commit("group", at(0, 1, ptr(strings.Repeat("x", 4097)))))
	tr.step("group without a name", 9, commit("", at(0, 1, nil)))
	tr.step("negative offset", 9, commit("negative", at(0, -7, nil)))
	fetchOffsets(tr)
}

func fetchOffsets(tr *transcript) {
	for version := int16(1); version <= 7; version++ {
		tr.step("offsets", version, &protocol.OffsetFetchRequest{GroupID: "group", Topics: []protocol.OffsetFetchRequestTopic{
			{Name: "a", PartitionIndexes: []int32{0, 1, 9}}, {Name: "unknown", PartitionIndexes: []int32{0}},
		}})
	}
	groups := func(topics []protocol.OffsetFetchRequestGroupTopic, names ...string) *protocol.OffsetFetchRequest {
		req := new(protocol.OffsetFetchRequest)
		for _, name := range names {
			req.Groups = append(req.Groups, protocol.OffsetFetchRequestGroup{GroupID: name, MemberEpoch: -1, Topics: topics})
		}
		return req
	}
	some := []protocol.OffsetFetchRequestGroupTopic{{Name: "a", TopicID: tr.topicID, PartitionIndexes: []int32{0, 1, 9}}}
	for version := int16(8); version <= 10; version++ {
		tr.step("offsets", version, groups(some, "group", "nobody"))
		tr.step("all offsets", version, groups(nil, "group", "nobody", "negative"))
	}
	for version := int16(2); version <= 7; version++ {
		tr.step("all offsets", version, &protocol.OffsetFetchRequest{GroupID: "group"})
	}
	tr.step("unknown topic id", 10, groups([]protocol.OffsetFetchRequestGroupTopic{{TopicID: protocol.UUID{9, 9}, PartitionIndexes: []int32{0}}}, "group"))
	member := groups(some, "group")
	member.Groups[0].MemberID, member.Groups[0].MemberEpoch = ptr("member"), 1
	tr.step("unknown member", 9, member)
	member.Groups[0].GroupID = "nobody"
	tr.step("member of no group", 9, member)
	for version := int16(0); version <= 5; version++ {
		tr.step("groups", version, &protocol.ListGroupsRequest{})
	}
	tr.step("stable groups", 5, &protocol.ListGroupsRequest{StatesFilter: []string{"Stable"}})
	tr.step("empty groups", 5, &protocol.ListGroupsRequest{StatesFilter: []string{"empty"}, TypesFilter: []string{"Classic"}})
}

func deleteThings(tr *transcript) {
	remove := func(title, topic string, partition int32, before int64) {
		tr.step(title, 2, &protocol.DeleteRecordsRequest{TimeoutMs: 5000, Topics: []protocol.DeleteRecordsRequestTopic{
			{Name: topic, Partitions: []protocol.DeleteRecordsRequestTopicPartition{{PartitionIndex: partition, Offset: before}}},
		}})
	}
	tr.produce("to be deleted", "assigned", goodBatch(3).bytes())
	tr.produce("to be deleted", "assigned", goodBatch(3).bytes())
	remove("inside a batch", "assigned", 0, 4)
	tr.step("from inside a batch", 12, fetchOf("assigned", want{0, 4, 0}))
	tr.step("what was deleted", 12, fetchOf("assigned", want{0, 3, 0}))
	remove("already deleted", "assigned", 0, 2)
	remove("past the end", "assigned", 0, 100)
	remove("negative", "assigned", 0, -5)
	remove("to the end", "assigned", 0, -1)
	tr.step("of an emptied log", 12, fetchOf("assigned", want{0, 6, 0}))
	remove("unknown partition", "assigned", 9, 1)
	remove("unknown topic", "unknown", 0, 1)

	grow := func(title string, topics ...protocol.CreatePartitionsRequestTopic) {
		tr.step(title, 3, &protocol.CreatePartitionsRequest{Topics: topics, TimeoutMs: 5000})
	}
	grow("as many as there are", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 2})
	grow("fewer", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 1})
	grow("none", protocol.CreatePartitionsRequestTopic{Name: "a"})
	grow("too many", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 20000})
	grow("unknown topic", protocol.CreatePartitionsRequestTopic{Name: "unknown", Count: 2})
	grow("named twice", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 3}, protocol.CreatePartitionsRequestTopic{Name: "a", Count: 3})
	grow("assigned, one too many", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 3, Assignments: []protocol.CreatePartitionsRequestTopicAssignment{{BrokerIDs: []int32{1}}, {BrokerIDs: []int32{1}}}})
	grow("assigned to no broker there is", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 3, Assignments: []protocol.CreatePartitionsRequestTopicAssignment{{BrokerIDs: []int32{7}}}})
	grow("one more", protocol.CreatePartitionsRequestTopic{Name: "a", Count: 3})
	tr.until("three partitions", 12, metadataOf("a"), func(resp protocol.Response) bool {
		return len(resp.(*protocol.MetadataResponse).Topics[0].Partitions) == 3
	})
	for version := int16(1); version <= 5; version++ {
		tr.step("unknown topic", version, &protocol.DeleteTopicsRequest{TopicNames: []string{"unknown"}, TimeoutMs: 5000})
	}
	tr.step("unknown id", 6, &protocol.DeleteTopicsRequest{Topics: []protocol.DeleteTopicsRequestTopic{{TopicID: protocol.UUID{9, 9}}}, TimeoutMs: 5000})
	tr.step("named twice", 6, &protocol.DeleteTopicsRequest{Topics: []protocol.DeleteTopicsRequestTopic{{Name: ptr("a")}, {Name: ptr("a")}}, TimeoutMs: 5000})
	tr.step("topics", 6, &protocol.DeleteTopicsRequest{Topics: []protocol.DeleteTopicsRequestTopic{{TopicID: tr.topicID}, {Name: ptr("lat")}}, TimeoutMs: 5000})
	tr.until("gone", 12, &protocol.MetadataRequest{Topics: metadataOf("a").Topics}, func(resp protocol.Response) bool {
		return resp.(*protocol.MetadataResponse).Topics[0].ErrorCode != 0
	})
	tr.step("of a deleted topic", 12, fetchOf("a", want{0, 0, 0}))
	tr.step("empty groups", 5, &protocol.ListGroupsRequest{StatesFilter: []string{"empty"}})
}
