package afkak

import (
	"context"

	"github.com/afkak-go/afkak/protocol"
)

// listOffset asks the leader where a position is; -1 where nothing is that late.
func (c *Consumer) listOffset(ctx context.Context, lead leader, at Position) (int64, error) {
	isolation, err := c.listIsolation(ctx, lead)
	if err != nil {
		return 0, err
	}
	results, err := c.client.listOffsets(ctx, []ListOffsetsPayload{{Topic: c.topic, Partition: c.partition, At: at}}, isolation)
	if len(results) == 0 {
		return 0, err
	}
	return results[0].Offset, results[0].Err
}

// listIsolation is the consumer's isolation where the leader knows of such.
func (c *Consumer) listIsolation(ctx context.Context, lead leader) (Isolation, error) {
	isolation := c.cfg.fetch.shared.isolation
	if isolation == ReadUncommitted {
		return isolation, nil
	}
	versions, _, err := c.client.cluster.BrokerVersions(ctx, lead.broker)
	if err != nil {
		return 0, err
	}
	const firstWithIsolation = 2 // KIP-98
	if speaks, known := versions.Range(protocol.KeyListOffsets); !known || speaks.Max < firstWithIsolation {
		return ReadUncommitted, nil
	}
	return isolation, nil
}

// fetchCommitted asks for the group's offset; -1 if it has none.
func (c *Consumer) fetchCommitted(ctx context.Context) (int64, error) {
	results, err := c.client.FetchOffsets(ctx, c.cfg.group, []CommittedPayload{{Topic: c.topic, Partition: c.partition}})
	if len(results) == 0 {
		return 0, err
	}
	return results[0].Offset, results[0].Err
}

// sendCommit commits the offset of the next record to process.
func (c *Consumer) sendCommit(ctx context.Context, offset int64) error {
	results, err := c.client.CommitOffsets(ctx, c.cfg.group, []CommitPayload{{Topic: c.topic, Partition: c.partition, Offset: offset}})
	if len(results) == 0 {
		return err
	}
	return results[0].Err
}
