package afkak

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// listOffset asks the leader which offset a timestamp (or one of Kafka's
// special ones) stands for; -1 where nothing is that late.
func (c *Consumer) listOffset(ctx context.Context, timestamp int64) (int64, error) {
	var part protocol.ListOffsetsRequestTopicPartition
	part.SetDefaults()
	part.PartitionIndex, part.Timestamp = c.partition, timestamp
	req := protocol.NewListOffsetsRequest()
	req.ReplicaID = -1
	req.Topics = []protocol.ListOffsetsRequestTopic{{Name: c.topic, Partitions: []protocol.ListOffsetsRequestTopicPartition{part}}}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return 0, err
	}
	for _, t := range resp.(*protocol.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			if err := kerr.FromCode(p.ErrorCode); err != nil {
				return 0, err
			}
			if len(p.OldStyleOffsets) > 0 {
				return p.OldStyleOffsets[0], nil
			}
			return p.Offset, nil
		}
	}
	return 0, fmt.Errorf("the answer lacks %s/%d", c.topic, c.partition)
}

// fetchCommitted asks for the group's offset; -1 if it has none.
func (c *Consumer) fetchCommitted(ctx context.Context) (int64, error) {
	req := protocol.NewOffsetFetchRequest()
	req.GroupID = c.cfg.group
	req.Topics = []protocol.OffsetFetchRequestTopic{{Name: c.topic, PartitionIndexes: []int32{c.partition}}}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return 0, err
	}
	for _, t := range resp.(*protocol.OffsetFetchResponse).Topics {
		for _, p := range t.Partitions {
			return p.CommittedOffset, kerr.FromCode(p.ErrorCode)
		}
	}
	return 0, fmt.Errorf("the answer lacks %s/%d", c.topic, c.partition)
}

// sendCommit commits the next offset to read.
func (c *Consumer) sendCommit(ctx context.Context, offset int64) error {
	var part protocol.OffsetCommitRequestTopicPartition
	part.SetDefaults()
	part.PartitionIndex, part.CommittedOffset = c.partition, offset
	req := protocol.NewOffsetCommitRequest()
	req.GroupID = c.cfg.group
	req.Topics = []protocol.OffsetCommitRequestTopic{{Name: c.topic, Partitions: []protocol.OffsetCommitRequestTopicPartition{part}}}
	resp, err := c.client.Do(ctx, req)
	if err != nil {
		return err
	}
	for _, t := range resp.(*protocol.OffsetCommitResponse).Topics {
		for _, p := range t.Partitions {
			return kerr.FromCode(p.ErrorCode)
		}
	}
	return fmt.Errorf("the answer lacks %s/%d", c.topic, c.partition)
}
