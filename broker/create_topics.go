package broker

import (
	"fmt"
	"maps"
	"slices"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleCreateTopics(req *request, message *protocol.CreateTopicsRequest) (protocol.Response, error) {
	times := make(map[string]int)
	for _, asked := range message.Topics {
		times[asked.Name]++
	}
	resp := new(protocol.CreateTopicsResponse)
	for _, asked := range message.Topics {
		switch times[asked.Name] {
		case 0: // answered already
		case 1:
			resp.Topics = append(resp.Topics, b.createTopic(asked, message.ValidateOnly))
		default:
			times[asked.Name] = 0
			resp.Topics = append(resp.Topics, notCreated(asked.Name, requestErrorf(kerr.InvalidRequest, "topic %s is named more than once in the request", asked.Name)))
		}
	}
	return resp, nil
}

func (b *Broker) createTopic(asked protocol.CreateTopicsRequestTopic, validateOnly bool) protocol.CreateTopicsResponseTopic {
	spec, err := b.topicSpec(asked)
	if err != nil {
		return notCreated(asked.Name, err)
	}
	topic, err := b.topics.create(spec, validateOnly)
	if err != nil {
		return notCreated(asked.Name, err)
	}
	if !validateOnly {
		b.logger.Info("topic created", "topic", topic.name, "partitions", len(topic.partitions))
	}
	created := protocol.CreateTopicsResponseTopic{
		Name:              topic.name,
		TopicID:           topic.id,
		NumPartitions:     int32(len(topic.partitions)),
		ReplicationFactor: 1,
	}
	if validateOnly {
		created.TopicID = protocol.UUID{}
	}
	for _, name := range slices.Sorted(maps.Keys(topicSettings)) {
		value, source := topic.config.describe(name, b.topics.defaults)
		created.Configs = append(created.Configs, protocol.CreateTopicsResponseTopicConfig{Name: name, Value: &value, ConfigSource: int8(source)})
	}
	return created
}

func notCreated(name string, err *requestError) protocol.CreateTopicsResponseTopic {
	return protocol.CreateTopicsResponseTopic{
		Name:              name,
		ErrorCode:         err.code.Code(),
		ErrorMessage:      text(err.message),
		NumPartitions:     -1,
		ReplicationFactor: -1,
		Configs:           []protocol.CreateTopicsResponseTopicConfig{},
	}
}

// topicSpec reads what a request wants of a topic, as far as it does not
// depend on what else there is.
func (b *Broker) topicSpec(asked protocol.CreateTopicsRequestTopic) (topicSpec, *requestError) {
	if err := checkTopicName(asked.Name); err != nil {
		return topicSpec{}, err
	}
	spec := topicSpec{name: asked.Name, partitions: asked.NumPartitions, configs: make(map[string]string)}
	for _, config := range asked.Configs {
		if config.Value == nil {
			return spec, requestErrorf(kerr.InvalidConfig, "config %s has no value", config.Name)
		}
		spec.configs[config.Name] = *config.Value
	}
	if len(asked.Assignments) == 0 {
		return spec, checkReplicas(asked.ReplicationFactor)
	}
	if err := b.checkAssignments(asked); err != nil {
		return spec, err
	}
	spec.partitions = int32(len(asked.Assignments))
	return spec, nil
}

// checkReplicas accepts what one broker can do.
func checkReplicas(factor int16) *requestError {
	switch {
	case factor == -1 || factor == 1:
		return nil
	case factor < 1:
		return requestErrorf(kerr.InvalidReplicationFactor, "replication factor %d: it has to be 1 at least, or -1 for the default", factor)
	}
	return requestErrorf(kerr.InvalidReplicationFactor, "replication factor %d, but there is one broker", factor)
}

// checkAssignments accepts partitions 0, 1, 2, … each on this broker.
func (b *Broker) checkAssignments(asked protocol.CreateTopicsRequestTopic) *requestError {
	if asked.ReplicationFactor != -1 {
		return requestErrorf(kerr.InvalidRequest, "with partitions assigned to brokers the replication factor has to be -1, it is %d", asked.ReplicationFactor)
	}
	if asked.NumPartitions != -1 {
		return requestErrorf(kerr.InvalidRequest, "with partitions assigned to brokers their number has to be -1, it is %d", asked.NumPartitions)
	}
	seen := make(map[int32]bool)
	for _, assignment := range asked.Assignments {
		if seen[assignment.PartitionIndex] {
			return requestErrorf(kerr.InvalidReplicaAssignment, "partition %d is assigned more than once", assignment.PartitionIndex)
		}
		seen[assignment.PartitionIndex] = true
		if reason := b.checkAssignment(assignment.BrokerIDs); reason != "" {
			return requestErrorf(kerr.InvalidReplicaAssignment, "%s", reason)
		}
	}
	for i := range asked.Assignments {
		if !seen[int32(i)] {
			return requestErrorf(kerr.InvalidReplicaAssignment, "assigned partitions have to be numbered 0, 1, 2, …")
		}
	}
	return nil
}

func (b *Broker) checkAssignment(brokers []int32) string {
	if len(brokers) == 0 {
		return "a partition is assigned to no broker"
	}
	for _, id := range brokers {
		if id != b.cfg.NodeID {
			return fmt.Sprintf("there is no broker %d", id)
		}
	}
	if len(brokers) > 1 {
		return fmt.Sprintf("a partition is assigned to broker %d more than once", b.cfg.NodeID)
	}
	return ""
}
