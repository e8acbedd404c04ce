package afkak

import (
	"errors"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// earlyOffsets puts right what Kafka before 0.8.2 answers to a produce request
// that waited for other replicas: the offset behind a batch where its first
// record's belongs. That is so for all partitions of a request if any of them
// has another replica; when none has, the broker answers at once, and rightly.
type earlyOffsets struct {
	waits   bool // such a broker, and acks of all replicas
	shared  bool // a partition of the request has other replicas
	alone   bool // a partition of the request has none
	unknown bool // of a partition of the request it is not known
}

func newEarlyOffsets(versions *protocol.Versions, acks Acks) earlyOffsets {
	produce, _ := versions.Range(protocol.KeyProduce)
	_, coordinates := versions.Range(protocol.KeyFindCoordinator) // came with 0.8.2
	return earlyOffsets{waits: acks == AcksAll && produce.Max == 0 && !coordinates}
}

// add takes a partition of the request into account. topic may be nil.
func (e *earlyOffsets) add(topic *metadata.Topic, partition int32) {
	if !e.waits {
		return
	}
	if topic == nil || int(partition) >= len(topic.Partitions) {
		e.unknown = true
		return
	}
	part := &topic.Partitions[partition]
	// These brokers name only the replicas that are up, and say so.
	if len(part.Replicas) > 1 || errors.Is(part.Err, kerr.ReplicaNotAvailable) {
		e.shared = true
	} else {
		e.alone = true
	}
}

// first returns the first record's offset of a batch of so many, for the
// offset in the answer; -1 if it cannot be told.
func (e earlyOffsets) first(answered int64, records int) int64 {
	switch {
	case e.waits && e.shared && answered >= int64(records):
		return answered - int64(records)
	case e.waits && e.unknown:
		return -1
	}
	return answered
}
