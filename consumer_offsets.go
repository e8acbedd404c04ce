package afkak

import (
	"context"

	"github.com/afkak-go/afkak/protocol"
)

// Versions of ListOffsets that matter here.
const (
	listOffsetsByTime    = 1 // looks records up by time (KIP-79), not files
	listOffsetsIsolation = 2 // knows the last stable offset (KIP-98)
)

// listOffset asks the leader where a position is.
func (c *Consumer) listOffset(ctx context.Context, lead leader, at Position) (int64, error) {
	versions, _, err := c.client.cluster.BrokerVersions(ctx, lead.broker)
	if err != nil {
		c.client.cluster.Stale(lead.generation, c.topic) // it may be led by another, or from another address
		return 0, &OffsetError{Op: "list offsets of", Topic: c.topic, Partition: c.partition, Broker: lead.broker, Addr: lead.addr, Err: err}
	}
	speaks, _ := versions.Range(protocol.KeyListOffsets)
	isolation := c.cfg.fetch.shared.isolation
	if speaks.Max < listOffsetsIsolation {
		isolation = ReadUncommitted
	}
	offset, err := c.listOffsetWith(ctx, at, isolation)
	if err != nil || offset >= 0 {
		return offset, err
	}
	if speaks.Max < listOffsetsByTime { // no file of the log is that old
		return c.listOffsetWith(ctx, Earliest, isolation)
	}
	return c.listOffsetWith(ctx, Latest, isolation) // no record is that young
}

func (c *Consumer) listOffsetWith(ctx context.Context, at Position, isolation Isolation) (int64, error) {
	results, err := c.client.listOffsets(ctx, []ListOffsetsPayload{{Topic: c.topic, Partition: c.partition, At: at}}, isolation)
	if len(results) == 0 {
		return 0, err
	}
	return results[0].Offset, results[0].Err
}

// fetchCommitted asks for the group's offset; -1 if it has none.
func (c *Consumer) fetchCommitted(ctx context.Context) (int64, error) {
	if c.cfg.store != nil {
		stored, ok, err := c.cfg.store.LoadOffset(ctx, c.cfg.group, c.topic, c.partition)
		if err != nil || !ok {
			return -1, c.storeError("load", err)
		}
		return stored.Offset, nil
	}
	if c.cfg.offsets != nil {
		return c.cfg.offsets.committed(ctx, CommittedPayload{Topic: c.topic, Partition: c.partition})
	}
	results, err := c.client.FetchOffsets(ctx, c.cfg.group, []CommittedPayload{{Topic: c.topic, Partition: c.partition}})
	if len(results) == 0 {
		return 0, err
	}
	return results[0].Offset, results[0].Err
}

// sendCommit commits the offset of the next record to process.
func (c *Consumer) sendCommit(ctx context.Context, offset int64) error {
	if c.cfg.store != nil {
		err := c.cfg.store.StoreOffset(ctx, c.cfg.group, c.topic, c.partition, StoredOffset{Offset: offset, Metadata: c.cfg.commitMetadata})
		return c.storeError("store", err)
	}
	payload := CommitPayload{Topic: c.topic, Partition: c.partition, Offset: offset, Metadata: c.cfg.commitMetadata}
	if c.cfg.offsets != nil {
		return c.cfg.offsets.commit(ctx, payload)
	}
	results, err := c.client.CommitOffsets(ctx, c.cfg.group, []CommitPayload{payload})
	if len(results) == 0 {
		return err
	}
	return results[0].Err
}

// storeError says what was being done with the user's store; nil stays nil.
func (c *Consumer) storeError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &OffsetError{Op: op + " in the offset store", Group: c.cfg.group, Topic: c.topic, Partition: c.partition, Broker: -1, Err: err}
}
