package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleOffsetForLeaderEpoch(req *request, message *protocol.OffsetForLeaderEpochRequest) (protocol.Response, error) {
	resp := new(protocol.OffsetForLeaderEpochResponse)
	for _, asked := range message.Topics {
		answer := protocol.OffsetForLeaderEpochResponseTopic{Topic: asked.Topic}
		for _, part := range asked.Partitions {
			answer.Partitions = append(answer.Partitions, b.endOfEpoch(asked.Topic, part))
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil
}

// endOfEpoch answers where the only leader epoch that there ever was ends: at
// the end of the log.
func (b *Broker) endOfEpoch(topic string, asked protocol.OffsetForLeaderEpochRequestTopicPartition) protocol.OffsetForLeaderEpochResponseTopicPartition {
	answer := protocol.OffsetForLeaderEpochResponseTopicPartition{Partition: asked.Partition, LeaderEpoch: -1, EndOffset: -1}
	part, code := b.topics.partition(partitionKey{topic: topic, index: asked.Partition}, false)
	if code == kerr.None {
		code = checkLeaderEpoch(asked.CurrentLeaderEpoch)
	}
	answer.ErrorCode = code.Code()
	if code == kerr.None && asked.LeaderEpoch == leaderEpoch {
		answer.LeaderEpoch, answer.EndOffset = leaderEpoch, part.bounds().end
	}
	return answer
}
