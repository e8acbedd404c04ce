package broker

import (
	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleOffsetDelete(req *request, message *protocol.OffsetDeleteRequest) (protocol.Response, error) {
	resp := new(protocol.OffsetDeleteResponse)
	if code := b.groups.mayDeleteOffsets(message.GroupID); code != kerr.None {
		resp.ErrorCode = code.Code()
		return resp, nil
	}
	for _, asked := range message.Topics {
		answer := protocol.OffsetDeleteResponseTopic{Name: asked.Name}
		topic, code := b.topics.lookup(asked.Name, protocol.UUID{}, false)
		for _, part := range asked.Partitions {
			partCode := code
			if partCode == kerr.None {
				_, partCode = topic.partition(part.PartitionIndex)
			}
			if partCode == kerr.None {
				partCode = b.groups.deleteOffset(message.GroupID, asked.Name, part.PartitionIndex)
			}
			answer.Partitions = append(answer.Partitions, protocol.OffsetDeleteResponseTopicPartition{
				PartitionIndex: part.PartitionIndex, ErrorCode: partCode.Code(),
			})
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil
}

// mayDeleteOffsets refuses groups whose members may read anything: only of
// consumers it is known what they read (KIP-496).
func (g *groups) mayDeleteOffsets(name string) kerr.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	switch gr := g.byName[name]; {
	case name == "":
		return kerr.InvalidGroupID
	case gr == nil:
		return kerr.GroupIDNotFound
	case gr.State() != group.Empty && gr.ProtocolType() != group.Consumer:
		return kerr.NonEmptyGroup
	}
	return kerr.None
}

// deleteOffset forgets an offset, unless the group's members read the topic.
func (g *groups) deleteOffset(name, topic string, partition int32) kerr.Error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if gr := g.byName[name]; gr != nil && gr.Reads(topic) {
		return kerr.GroupSubscribedToTopic
	}
	g.offsets.Delete(name, topic, partition)
	return kerr.None
}
