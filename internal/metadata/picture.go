package metadata

import (
	"maps"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// NoBroker stands where no broker is known: the leader of a partition without
// one, the controller before Kafka 0.10.
const NoBroker int32 = -1

// Picture is what is known of a cluster. It is immutable and safe for
// concurrent use; the zero value knows nothing.
type Picture struct {
	// Generation counts the answers that led here. Whoever was sent to a
	// wrong broker says by which generation, so that one refresh serves all.
	Generation uint64
	// ClusterID is empty before Kafka 0.10.1 (KIP-78).
	ClusterID string
	// ControllerID is NoBroker before Kafka 0.10. Under KRaft it is any
	// broker, which forwards.
	ControllerID int32
	// At is when the last answer was taken in.
	At time.Time

	brokers []Broker // by ID
	topics  map[string]*Topic
	names   map[protocol.UUID]string // of the topics that have an ID
}

// Broker is one broker as the cluster advertises it.
type Broker struct {
	ID   int32
	Host string
	Port int32
	Rack string // empty: none, or before Kafka 0.10
}

// Addr is the broker's address as net.Dial takes it.
func (b Broker) Addr() string {
	return net.JoinHostPort(b.Host, strconv.Itoa(int(b.Port)))
}

// Topic is one topic. Its slices are shared by all readers: do not write.
type Topic struct {
	Name string
	ID   protocol.UUID // zero before Kafka 2.8 (KIP-516)
	// Err is what the cluster said of the topic, nil when it is well. With a
	// retriable one the partitions are those known before.
	Err        error
	Internal   bool
	Generation uint64    // of the picture in which the topic was last answered
	At         time.Time // when that was
	// Partitions is indexed by partition; one that the answer lacked has Err.
	Partitions []Partition

	former protocol.UUID // of the topic that had the name before; IDs never come back
}

// Partition is one partition of a topic.
type Partition struct {
	ID          int32
	Leader      int32 // NoBroker: none at the moment
	LeaderEpoch int32 // -1: unknown, or not to be relied on (before Kafka 2.4)
	Replicas    []int32
	ISR         []int32
	Offline     []int32 // nil before Kafka 1.0 (KIP-112)
	Err         error
}

// Empty is the picture of a cluster of which nothing is known.
func Empty() *Picture { return &Picture{ControllerID: NoBroker} }

// Broker finds a broker by its node ID.
func (p *Picture) Broker(id int32) (Broker, bool) {
	i, found := slices.BinarySearchFunc(p.brokers, id, func(b Broker, id int32) int { return int(b.ID) - int(id) })
	if !found {
		return Broker{}, false
	}
	return p.brokers[i], true
}

// Brokers lists all brokers by ID. The slice is shared: do not write.
func (p *Picture) Brokers() []Broker { return p.brokers }

// Topic finds a topic by name; false means that nobody asked for it yet.
func (p *Picture) Topic(name string) (*Topic, bool) {
	topic, ok := p.topics[name]
	return topic, ok
}

// TopicByID finds a topic by its ID (Kafka 2.8, KIP-516).
func (p *Picture) TopicByID(id protocol.UUID) (*Topic, bool) {
	name, ok := p.names[id]
	if !ok {
		return nil, false
	}
	return p.Topic(name)
}

// Topics lists the names of the topics that are known, sorted.
func (p *Picture) Topics() []string { return slices.Sorted(maps.Keys(p.topics)) }

// Leader finds who leads a partition. The error is the reason why nobody can
// be named: the topic's, the partition's, or LEADER_NOT_AVAILABLE.
func (t *Topic) Leader(partition int32) (Partition, error) {
	switch {
	case t.Err != nil:
		return Partition{}, t.Err
	case partition < 0 || int(partition) >= len(t.Partitions):
		return Partition{}, kerr.UnknownTopicOrPartition
	}
	part := t.Partitions[partition]
	if part.Leader != NoBroker { // an error beside a leader concerns its replicas
		return part, nil
	}
	if part.Err != nil {
		return Partition{}, part.Err
	}
	return Partition{}, kerr.LeaderNotAvailable
}

// HasLeader tells whether at least one partition can be written and read.
func (t *Topic) HasLeader() bool {
	return t.Err == nil && slices.ContainsFunc(t.Partitions, func(p Partition) bool { return p.Leader != NoBroker })
}
