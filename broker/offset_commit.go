package broker

import (
	"github.com/afkak-go/afkak/broker/internal/offsets"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleOffsetCommit(req *request, message *protocol.OffsetCommitRequest) (protocol.Response, error) {
	group := b.groupCode(req.version, message)
	resp := new(protocol.OffsetCommitResponse)
	for _, asked := range message.Topics {
		topic, code := b.topics.lookup(asked.Name, asked.TopicID, req.version >= 10) // KIP-848's topic ids
		answer := protocol.OffsetCommitResponseTopic{Name: asked.Name, TopicID: asked.TopicID}
		for _, part := range asked.Partitions {
			partCode := code
			if partCode == kerr.None {
				_, partCode = topic.partition(part.PartitionIndex)
			}
			if partCode == kerr.None {
				partCode = group
			}
			if partCode == kerr.None {
				partCode = b.commitOffset(message.GroupID, topic.name, part)
			}
			answer.Partitions = append(answer.Partitions, protocol.OffsetCommitResponseTopicPartition{
				PartitionIndex: part.PartitionIndex,
				ErrorCode:      partCode.Code(),
			})
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil
}

// groupCode refuses commits of members: this broker has groups without
// members only, which keep offsets for whoever knows their name.
func (b *Broker) groupCode(version int16, message *protocol.OffsetCommitRequest) kerr.Error {
	switch {
	case message.GenerationIDOrMemberEpoch < 0:
		return kerr.None
	case b.groups.has(message.GroupID):
		return kerr.UnknownMemberID
	case version >= 9: // KIP-848
		return kerr.GroupIDNotFound
	default:
		return kerr.IllegalGeneration
	}
}

func (b *Broker) commitOffset(group, topic string, part protocol.OffsetCommitRequestTopicPartition) kerr.Error {
	committed := offsets.Committed{Offset: part.CommittedOffset, LeaderEpoch: part.CommittedLeaderEpoch}
	if part.CommittedMetadata != nil {
		committed.Metadata = *part.CommittedMetadata
	}
	if len(committed.Metadata) > offsets.MaxMetadataBytes {
		return kerr.OffsetMetadataTooLarge
	}
	b.groups.commit(group, topic, part.PartitionIndex, committed)
	return kerr.None
}
