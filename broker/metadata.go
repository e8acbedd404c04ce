package broker

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// unknownOperations is the answer of a broker that has no authorisation.
const unknownOperations = -2147483648

func (b *Broker) handleMetadata(req *request, message *protocol.MetadataRequest) (protocol.Response, error) {
	resp := &protocol.MetadataResponse{
		Brokers:                     []protocol.MetadataResponseBroker{{NodeID: b.cfg.NodeID, Host: b.host, Port: b.port}},
		ClusterID:                   &b.cfg.ClusterID,
		ControllerID:                b.cfg.NodeID,
		ClusterAuthorizedOperations: unknownOperations,
	}
	if message.Topics == nil || req.version == 0 && len(message.Topics) == 0 {
		for _, topic := range b.topics.all() {
			resp.Topics = append(resp.Topics, b.describeTopic(topic))
		}
		return resp, nil
	}
	for _, asked := range message.Topics {
		described, err := b.metadataOf(req.version, asked, message.AllowAutoTopicCreation)
		if err != nil {
			return nil, err
		}
		resp.Topics = append(resp.Topics, described)
	}
	return resp, nil
}

func (b *Broker) metadataOf(version int16, asked protocol.MetadataRequestTopic, mayCreate bool) (protocol.MetadataResponseTopic, error) {
	var zero protocol.UUID
	if asked.TopicID == zero && asked.Name == nil {
		return protocol.MetadataResponseTopic{}, errors.New("metadata of a topic with neither name nor id")
	}
	if asked.TopicID == zero {
		return b.metadataOfName(*asked.Name, mayCreate), nil
	}
	if version < 12 { // the field exists since 10, but was not usable
		return protocol.MetadataResponseTopic{}, fmt.Errorf("metadata by topic id in version %d", version)
	}
	if topic, ok := b.topics.withID(asked.TopicID); ok {
		return b.describeTopic(topic), nil
	}
	return protocol.MetadataResponseTopic{
		ErrorCode:                 kerr.UnknownTopicID.Code(),
		TopicID:                   asked.TopicID,
		TopicAuthorizedOperations: unknownOperations,
	}, nil
}

// metadataOfName answers for a topic asked for by name, and creates it when
// it should: the answer that causes a topic to be made does not have it yet.
func (b *Broker) metadataOfName(name string, mayCreate bool) protocol.MetadataResponseTopic {
	if topic, ok := b.topics.named(name); ok {
		return b.describeTopic(topic)
	}
	code := kerr.UnknownTopicOrPartition
	if err := checkTopicName(name); err != nil {
		code = err.code
	} else if mayCreate && b.cfg.AutoCreateTopics {
		code = b.autoCreate(name)
	}
	return protocol.MetadataResponseTopic{
		ErrorCode:                 code.Code(),
		Name:                      &name,
		TopicAuthorizedOperations: unknownOperations,
	}
}

func (b *Broker) autoCreate(name string) kerr.Error {
	topic, err := b.topics.create(topicSpec{name: name, partitions: -1}, false)
	if err != nil && err.code != kerr.TopicAlreadyExists {
		return err.code
	}
	if err == nil {
		b.logger.Info("topic created because a client asked for it", "topic", name, "partitions", len(topic.partitions))
	}
	return kerr.UnknownTopicOrPartition
}

func (b *Broker) describeTopic(topic *topic) protocol.MetadataResponseTopic {
	described := protocol.MetadataResponseTopic{
		Name:                      &topic.name,
		TopicID:                   topic.id,
		Partitions:                make([]protocol.MetadataResponseTopicPartition, len(topic.partitions)),
		TopicAuthorizedOperations: unknownOperations,
	}
	nodes := []int32{b.cfg.NodeID}
	for i := range described.Partitions {
		described.Partitions[i] = protocol.MetadataResponseTopicPartition{
			PartitionIndex: int32(i),
			LeaderID:       b.cfg.NodeID,
			LeaderEpoch:    leaderEpoch,
			ReplicaNodes:   nodes,
			IsrNodes:       nodes,
		}
	}
	return described
}
