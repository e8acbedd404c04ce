package broker

import (
	"github.com/afkak-go/afkak/broker/internal/offsets"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleOffsetFetch(req *request, message *protocol.OffsetFetchRequest) (protocol.Response, error) {
	resp := new(protocol.OffsetFetchResponse)
	if req.version < 8 { // one group to a request before KIP-709
		group := b.fetchOffsets(req.version, singleGroup(message))
		resp.Topics = singleTopics(group.Topics)
		return resp, nil
	}
	for _, asked := range message.Groups {
		resp.Groups = append(resp.Groups, b.fetchOffsets(req.version, asked))
	}
	return resp, nil
}

// singleGroup is a request for one group in the form of one for many.
func singleGroup(message *protocol.OffsetFetchRequest) protocol.OffsetFetchRequestGroup {
	group := protocol.OffsetFetchRequestGroup{GroupID: message.GroupID, MemberEpoch: -1}
	if message.Topics == nil {
		return group
	}
	group.Topics = []protocol.OffsetFetchRequestGroupTopic{}
	for _, topic := range message.Topics {
		group.Topics = append(group.Topics, protocol.OffsetFetchRequestGroupTopic{Name: topic.Name, PartitionIndexes: topic.PartitionIndexes})
	}
	return group
}

func singleTopics(topics []protocol.OffsetFetchResponseGroupTopic) []protocol.OffsetFetchResponseTopic {
	var all []protocol.OffsetFetchResponseTopic
	for _, topic := range topics {
		single := protocol.OffsetFetchResponseTopic{Name: topic.Name}
		for _, part := range topic.Partitions {
			single.Partitions = append(single.Partitions, protocol.OffsetFetchResponseTopicPartition(part))
		}
		all = append(all, single)
	}
	return all
}

func (b *Broker) fetchOffsets(version int16, asked protocol.OffsetFetchRequestGroup) protocol.OffsetFetchResponseGroup {
	group := protocol.OffsetFetchResponseGroup{GroupID: asked.GroupID}
	if asked.Topics == nil {
		group.Topics = b.allOffsets(asked.GroupID)
		return group
	}
	for _, topic := range asked.Topics {
		group.Topics = append(group.Topics, b.topicOffsets(version, asked.GroupID, topic))
	}
	return group
}

// topicOffsets answers for one topic. A name that no topic has, or has any
// more, has no offsets; an id like that is an error.
func (b *Broker) topicOffsets(version int16, group string, asked protocol.OffsetFetchRequestGroupTopic) protocol.OffsetFetchResponseGroupTopic {
	answer := protocol.OffsetFetchResponseGroupTopic{Name: asked.Name, TopicID: asked.TopicID}
	name, code := asked.Name, kerr.None
	if version >= 10 {
		var topic *topic
		if topic, code = b.topics.lookup("", asked.TopicID, true); code == kerr.None {
			name = topic.name
		}
	}
	for _, index := range asked.PartitionIndexes {
		committed := offsets.None
		if code == kerr.None {
			committed = b.groups.fetch(group, name, index)
		}
		answer.Partitions = append(answer.Partitions, offsetAnswer(index, committed, code))
	}
	return answer
}

// allOffsets answers for every topic that a group has offsets of.
func (b *Broker) allOffsets(group string) []protocol.OffsetFetchResponseGroupTopic {
	var all []protocol.OffsetFetchResponseGroupTopic
	for _, kept := range b.groups.topics(group) {
		answer := protocol.OffsetFetchResponseGroupTopic{Name: kept.name}
		if topic, ok := b.topics.named(kept.name); ok {
			answer.TopicID = topic.id
		}
		for _, index := range kept.partitions {
			answer.Partitions = append(answer.Partitions, offsetAnswer(index, b.groups.fetch(group, kept.name, index), kerr.None))
		}
		all = append(all, answer)
	}
	return all
}

func offsetAnswer(index int32, committed offsets.Committed, code kerr.Error) protocol.OffsetFetchResponseGroupTopicPartition {
	return protocol.OffsetFetchResponseGroupTopicPartition{
		PartitionIndex:       index,
		CommittedOffset:      committed.Offset,
		CommittedLeaderEpoch: committed.LeaderEpoch,
		Metadata:             &committed.Metadata,
		ErrorCode:            code.Code(),
	}
}
