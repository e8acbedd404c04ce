package cluster

import (
	"strconv"
	"strings"

	"github.com/afkak-go/afkak/protocol"
)

// Item names one thing that a request asks about and an answer answers:
// a partition, a group, a transaction, a resource, or one of a group's
// partitions. It is comparable, which is how answers find their questions.
type Item struct {
	Key       string // group, transactional ID, or "type/name" of a resource
	Topic     string
	TopicID   protocol.UUID // where the request has IDs instead of names
	Partition int32         // -1: not about a partition
}

// String names the item as an error should: orders/3, group/orders/3, group.
func (i Item) String() string {
	var parts []string
	if i.Key != "" {
		parts = append(parts, i.Key)
	}
	switch {
	case i.Topic != "":
		parts = append(parts, i.Topic)
	case i.TopicID != (protocol.UUID{}):
		parts = append(parts, i.TopicID.String())
	}
	if i.Partition >= 0 {
		parts = append(parts, strconv.Itoa(int(i.Partition)))
	}
	return strings.Join(parts, "/")
}

// place is a kind of broker that a request can belong to.
type place int8

const (
	anyBroker   place = iota
	controller        // the one that Metadata names; under KRaft it forwards
	leader            // of target.item's partition
	coordinator       // of target.key
	thatBroker        // target.broker
)

// Kinds of coordinator, as FindCoordinator numbers them.
const (
	GroupKey       int8 = 0
	TransactionKey int8 = 1 // Kafka 0.11 (KIP-98)
	ShareKey       int8 = 2 // Kafka 4.1 (KIP-932)
)

// target is where one unit belongs. It is comparable.
type target struct {
	place     place
	topic     string        // of a leader
	topicID   protocol.UUID // of a leader, when topic is empty
	partition int32
	keyType   int8 // of a coordinator
	key       string
	broker    int32
}

func toLeader(item Item) target {
	return target{place: leader, topic: item.Topic, topicID: item.TopicID, partition: item.Partition}
}

func toCoordinator(keyType int8, key string) target {
	return target{place: coordinator, keyType: keyType, key: key}
}

func toBroker(id int32) target { return target{place: thatBroker, broker: id} }
