package group

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/afkak-go/afkak/internal/assign"
	"github.com/afkak-go/afkak/protocol"
)

// payloadVersion is that of what members tell each other by way of the
// coordinator: a number and the message. Later versions only add what the
// cooperative protocol and assignors that mind racks need; whoever reads them
// reads this one.
const payloadVersion = 0

func encodeSubscription(topics []string) []byte {
	m := protocol.NewConsumerProtocolSubscription()
	m.Topics = topics
	return encoded(m.AppendTo)
}

func encodeAssignment(partitions []assign.Partition) []byte {
	m := protocol.NewConsumerProtocolAssignment()
	for _, p := range partitions { // by topic
		last := len(m.AssignedPartitions) - 1
		if last < 0 || m.AssignedPartitions[last].Topic != p.Topic {
			m.AssignedPartitions = append(m.AssignedPartitions, protocol.ConsumerProtocolAssignmentAssignedPartition{Topic: p.Topic})
			last++
		}
		m.AssignedPartitions[last].Partitions = append(m.AssignedPartitions[last].Partitions, p.Partition)
	}
	return encoded(m.AppendTo)
}

func encoded(appendTo func([]byte, int16) ([]byte, error)) []byte {
	b, err := appendTo(binary.BigEndian.AppendUint16(nil, payloadVersion), payloadVersion)
	if err != nil { // topics have names that brokers allow
		panic("group: encode a message between members: " + err.Error())
	}
	return b
}

var errShort = errors.New("it has no version")

func decodeSubscription(b []byte) (topics []string, err error) {
	m := protocol.NewConsumerProtocolSubscription()
	if err := decode(b, m.Versions().Max, m.DecodePrefix); err != nil {
		return nil, err
	}
	return m.Topics, nil
}

// decodeAssignment sorts the partitions; each is there once. No bytes are no
// partitions: so the coordinator answers whom the leader has left out.
func decodeAssignment(b []byte) ([]assign.Partition, error) {
	if len(b) == 0 {
		return nil, nil
	}
	m := protocol.NewConsumerProtocolAssignment()
	if err := decode(b, m.Versions().Max, m.DecodePrefix); err != nil {
		return nil, err
	}
	var all []assign.Partition
	for _, topic := range m.AssignedPartitions {
		for _, p := range topic.Partitions {
			if p < 0 || topic.Topic == "" {
				return nil, errors.New("it has a partition that cannot be: " + assign.Partition{Topic: topic.Topic, Partition: p}.String())
			}
			all = append(all, assign.Partition{Topic: topic.Topic, Partition: p})
		}
	}
	slices.SortFunc(all, assign.Partition.Compare)
	return slices.Compact(all), nil
}

// decode reads a version that is newer than those known as the newest known:
// newer ones begin with the same.
func decode(b []byte, newest int16, decodePrefix func([]byte, int16) (int, error)) error {
	if len(b) < 2 {
		return errShort
	}
	version := int16(binary.BigEndian.Uint16(b))
	if version < 0 {
		return errors.New("its version is negative")
	}
	_, err := decodePrefix(b[2:], min(version, newest))
	return err
}
