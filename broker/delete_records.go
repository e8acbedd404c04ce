package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleDeleteRecords(req *request, message *protocol.DeleteRecordsRequest) (protocol.Response, error) {
	resp := new(protocol.DeleteRecordsResponse)
	for _, asked := range message.Topics {
		answer := protocol.DeleteRecordsResponseTopic{Name: asked.Name}
		for _, part := range asked.Partitions {
			lowWatermark, code := b.deleteRecords(asked.Name, part)
			answer.Partitions = append(answer.Partitions, protocol.DeleteRecordsResponseTopicPartition{
				PartitionIndex: part.PartitionIndex,
				LowWatermark:   lowWatermark,
				ErrorCode:      code.Code(),
			})
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil
}

func (b *Broker) deleteRecords(topic string, asked protocol.DeleteRecordsRequestTopicPartition) (int64, kerr.Error) {
	part, code := b.topics.partition(partitionKey{topic: topic, index: asked.PartitionIndex}, false)
	if code != kerr.None {
		return -1, code
	}
	return part.deleteRecords(asked.Offset)
}
