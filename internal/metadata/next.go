package metadata

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// reliableEpochs is the first version of Metadata whose leader epochs can be
// compared: brokers before 2.4 could answer with an older one (KAFKA-9212).
const reliableEpochs = 9

// Asked is what a Metadata request asked for.
type Asked struct {
	All   bool     // every topic of the cluster
	Names []string // these; none of them: only the brokers
}

// Next makes the picture that follows from an answer. Only topics that were
// asked for change; one that the answer lacks becomes unknown. A partition
// keeps a newer leader epoch against an older answer, unless the topic was
// created anew (its ID changed); then answers that still have the old ID change
// nothing.
func (p *Picture) Next(resp *protocol.MetadataResponse, version int16, asked Asked, now time.Time) *Picture {
	next := &Picture{
		Generation:   p.Generation + 1,
		ClusterID:    p.ClusterID,
		ControllerID: resp.ControllerID,
		At:           now,
		brokers:      nextBrokers(p.brokers, resp.Brokers),
		topics:       maps.Clone(p.topics),
	}
	if resp.ClusterID != nil {
		next.ClusterID = *resp.ClusterID
	}
	if version < 1 { // the controller is named from version 1 (Kafka 0.10)
		next.ControllerID = NoBroker
	}
	if next.topics == nil {
		next.topics = make(map[string]*Topic, len(resp.Topics))
	}
	next.takeTopics(resp, version, asked)
	next.names = topicNames(next.topics)
	return next
}

// Without makes the picture in which these topics are not known; without
// names, no topic is.
func (p *Picture) Without(topics ...string) *Picture {
	next := *p
	next.Generation++
	next.topics = map[string]*Topic{}
	if len(topics) > 0 {
		next.topics = maps.Clone(p.topics)
		maps.DeleteFunc(next.topics, func(name string, _ *Topic) bool { return slices.Contains(topics, name) })
	}
	next.names = topicNames(next.topics)
	return &next
}

// nextBrokers takes the answer's brokers. An empty list is what Kafka 0.8
// answers while it has no topic, not a cluster without brokers.
func nextBrokers(known []Broker, answered []protocol.MetadataResponseBroker) []Broker {
	if len(answered) == 0 {
		return known
	}
	brokers := make([]Broker, 0, len(answered))
	for _, b := range answered {
		broker := Broker{ID: b.NodeID, Host: b.Host, Port: b.Port}
		if b.Rack != nil {
			broker.Rack = *b.Rack
		}
		brokers = append(brokers, broker)
	}
	slices.SortFunc(brokers, func(a, b Broker) int { return int(a.ID) - int(b.ID) })
	return slices.CompactFunc(brokers, func(a, b Broker) bool { return a.ID == b.ID })
}

// takeTopics puts the answer's topics in place. Called while p is being made.
func (p *Picture) takeTopics(resp *protocol.MetadataResponse, version int16, asked Asked) {
	wanted := make(map[string]bool, len(asked.Names))
	for _, name := range asked.Names {
		wanted[name] = true
	}
	known := p.topics
	if asked.All {
		p.topics = make(map[string]*Topic, len(resp.Topics))
	}
	for i := range resp.Topics {
		answered := &resp.Topics[i]
		if answered.Name == nil || (!asked.All && !wanted[*answered.Name]) {
			continue
		}
		name := *answered.Name
		delete(wanted, name)
		p.topics[name] = p.nextTopic(known[name], answered, version)
	}
	for name := range wanted {
		p.topics[name] = p.missing(known[name], name)
	}
}

// nextTopic makes a topic of its answer. known is the topic as it was, or nil.
func (p *Picture) nextTopic(known *Topic, answered *protocol.MetadataResponseTopic, version int16) *Topic {
	topic := &Topic{
		Name:       *answered.Name,
		ID:         answered.TopicID,
		Err:        kerr.FromCode(answered.ErrorCode),
		Internal:   answered.IsInternal,
		Generation: p.Generation,
		At:         p.At,
	}
	if known != nil && topic.ID != (protocol.UUID{}) && topic.ID == known.former {
		lagging := *known // the broker that answered has not heard that it was made again
		lagging.Generation, lagging.At = p.Generation, p.At
		return &lagging
	}
	same := topic.succeed(known)
	switch {
	case len(answered.Partitions) > 0:
		topic.Partitions = partitions(answered.Partitions, version)
		if same {
			keepNewer(topic.Partitions, known.Partitions)
		}
		if errors.Is(topic.Err, kerr.LeaderNotAvailable) {
			topic.Err = nil // each partition says so itself
		}
	case known != nil && passing(topic.Err):
		topic.Partitions = known.Partitions
	}
	return topic
}

// succeed takes the place of the topic known by the name before, if any, and
// reports whether it is the same one.
func (t *Topic) succeed(known *Topic) bool {
	switch {
	case known == nil:
		return false
	case t.ID == known.ID, t.ID == (protocol.UUID{}): // brokers before 2.8, and errors, have no IDs
		t.ID, t.former = known.ID, known.former
		return true
	}
	t.former = known.ID
	return false
}

// missing is a topic of which an answer said nothing.
func (p *Picture) missing(known *Topic, name string) *Topic {
	topic := &Topic{Name: name, Err: kerr.UnknownTopicOrPartition, Generation: p.Generation, At: p.At}
	if known != nil {
		topic.ID, topic.Partitions, topic.former = known.ID, known.Partitions, known.former
	}
	return topic
}

// passing tells whether an error may be one broker's lag: the partitions known
// before are then still the best guess.
func passing(err error) bool {
	var code kerr.Error
	return errors.As(err, &code) && code.Retriable()
}

// partitions indexes the answer's partitions by their number. Numbers far
// beyond how many there are come from no Kafka and are left out, so that a
// lying broker cannot make us allocate.
func partitions(answered []protocol.MetadataResponseTopicPartition, version int16) []Partition {
	most := int32(2*len(answered) + 64)
	last := int32(-1)
	for i := range answered {
		if id := answered[i].PartitionIndex; id < most {
			last = max(last, id)
		}
	}
	parts := make([]Partition, last+1)
	for i := range parts {
		parts[i] = Partition{ID: int32(i), Leader: NoBroker, LeaderEpoch: -1, Err: kerr.UnknownTopicOrPartition}
	}
	for i := range answered {
		if a := &answered[i]; a.PartitionIndex >= 0 && a.PartitionIndex <= last {
			parts[a.PartitionIndex] = partition(a, version)
		}
	}
	return parts
}

func partition(a *protocol.MetadataResponseTopicPartition, version int16) Partition {
	part := Partition{
		ID:          a.PartitionIndex,
		Leader:      a.LeaderID,
		LeaderEpoch: a.LeaderEpoch,
		Replicas:    a.ReplicaNodes,
		ISR:         a.IsrNodes,
		Offline:     a.OfflineReplicas,
		Err:         kerr.FromCode(a.ErrorCode),
	}
	if part.Leader < 0 || errors.Is(part.Err, kerr.LeaderNotAvailable) {
		part.Leader = NoBroker
	}
	if version < reliableEpochs {
		part.LeaderEpoch = -1
	}
	return part
}

// keepNewer puts a partition as it was known over an answer with an older
// leader epoch: the broker that answered had not heard yet.
func keepNewer(parts, known []Partition) {
	for i := range min(len(parts), len(known)) {
		if parts[i].LeaderEpoch >= 0 && parts[i].LeaderEpoch < known[i].LeaderEpoch {
			parts[i] = known[i]
		}
	}
}

func topicNames(topics map[string]*Topic) map[protocol.UUID]string {
	names := make(map[protocol.UUID]string, len(topics))
	for name, topic := range topics {
		if topic.ID != (protocol.UUID{}) {
			names[topic.ID] = name
		}
	}
	return names
}
