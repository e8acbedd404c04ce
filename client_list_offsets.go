package afkak

import (
	"context"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/protocol"
)

// ListOffsetsPayload asks for an offset of one partition.
type ListOffsetsPayload struct {
	Topic     string
	Partition int32
	At        Position // Earliest, Latest, At or Ago
}

// ListOffsetsResult is the answer to one payload.
type ListOffsetsResult struct {
	Topic     string
	Partition int32
	// Offset is -1 when no record is that late, and when Err is not nil.
	Offset int64
	// Timestamp of the record at Offset, for At and Ago (Kafka 0.10.1);
	// otherwise zero.
	Timestamp time.Time
	// LeaderEpoch of that record; -1 when it is not known (before Kafka 2.1).
	LeaderEpoch int32
	Broker      int32 // that answered; -1: none
	// Err is nil or a *[OffsetError].
	Err error
}

// ListOffsets looks up where partitions begin, end, or where they were at a
// time. Of an empty log Earliest and Latest are the same.
//
// The results are in the order of the payloads, and always complete; if any
// failed, the error is a *[PayloadsError].
func (c *Client) ListOffsets(ctx context.Context, payloads []ListOffsetsPayload) ([]ListOffsetsResult, error) {
	return c.listOffsets(ctx, payloads, ReadUncommitted)
}

// listOffsets is ListOffsets for a reader with that isolation: under
// ReadCommitted the latest is the last stable offset (Kafka 0.11, KIP-98).
func (c *Client) listOffsets(ctx context.Context, payloads []ListOffsetsPayload, isolation Isolation) ([]ListOffsetsResult, error) {
	req := protocol.NewListOffsetsRequest()
	req.ReplicaID = -1
	req.IsolationLevel = int8(isolation)
	req.Topics = make([]protocol.ListOffsetsRequestTopic, len(payloads))
	now := time.Now()
	for i, payload := range payloads { // a topic of its own each, so that items count as payloads do
		timestamp, ok := payload.At.timestamp(now)
		if !ok {
			return nil, fmt.Errorf("afkak: list offsets: %v of payload %d: use Earliest, Latest, At or Ago", payload.At, i)
		}
		var part protocol.ListOffsetsRequestTopicPartition
		part.SetDefaults()
		part.PartitionIndex, part.Timestamp = payload.Partition, timestamp
		req.Topics[i].Name = payload.Topic
		req.Topics[i].Partitions = []protocol.ListOffsetsRequestTopicPartition{part}
	}
	outcomes, err := c.cluster.Each(ctx, cluster.Job{Request: req})
	if err != nil {
		return nil, err
	}
	results := make([]ListOffsetsResult, len(payloads))
	failures := failures{payloads: len(payloads)}
	for i := range payloads {
		results[i] = payloads[i].result(&outcomes[i])
		failures.add(i, results[i].Err)
	}
	return results, failures.err()
}

func (p *ListOffsetsPayload) result(o *cluster.Outcome) ListOffsetsResult {
	result := ListOffsetsResult{Topic: p.Topic, Partition: p.Partition, Offset: -1, LeaderEpoch: -1, Broker: o.Broker}
	if o.Err != nil {
		result.Err = &OffsetError{Op: "list offsets of", Topic: p.Topic, Partition: p.Partition, Broker: o.Broker, Addr: o.Addr, Err: o.Err}
		return result
	}
	answer := o.Answer.(*protocol.ListOffsetsResponseTopicPartition)
	if o.Version == 0 { // before Kafka 0.10.1: a list, of which one was asked for
		if len(answer.OldStyleOffsets) > 0 {
			result.Offset = answer.OldStyleOffsets[0]
		}
		return result
	}
	result.Offset, result.LeaderEpoch = answer.Offset, answer.LeaderEpoch
	if answer.Timestamp >= 0 {
		result.Timestamp = time.UnixMilli(answer.Timestamp)
	}
	return result
}
