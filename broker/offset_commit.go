package broker

import (
	"github.com/afkak-go/afkak/broker/internal/offsets"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleOffsetCommit(req *request, message *protocol.OffsetCommitRequest) (protocol.Response, error) {
	resp := new(protocol.OffsetCommitResponse)
	var commits []commit
	for _, asked := range message.Topics {
		topic, code := b.topics.lookup(asked.Name, asked.TopicID, req.version >= 10) // KIP-848's topic ids
		answer := protocol.OffsetCommitResponseTopic{
			Name: asked.Name, TopicID: asked.TopicID,
			Partitions: make([]protocol.OffsetCommitResponseTopicPartition, len(asked.Partitions)),
		}
		for i, part := range asked.Partitions {
			partAnswer, partCode := &answer.Partitions[i], code
			if partCode == kerr.None {
				_, partCode = topic.partition(part.PartitionIndex)
			}
			partAnswer.PartitionIndex, partAnswer.ErrorCode = part.PartitionIndex, partCode.Code()
			if partCode == kerr.None {
				commits = append(commits, commit{topic.name, part.PartitionIndex, committedBy(part), partAnswer})
			}
		}
		resp.Topics = append(resp.Topics, answer)
	}
	b.groups.commit(req.version, message, commits)
	return resp, nil
}

func committedBy(part protocol.OffsetCommitRequestTopicPartition) offsets.Committed {
	committed := offsets.Committed{Offset: part.CommittedOffset, LeaderEpoch: part.CommittedLeaderEpoch}
	if part.CommittedMetadata != nil {
		committed.Metadata = *part.CommittedMetadata
	}
	return committed
}
