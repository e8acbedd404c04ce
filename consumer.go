package afkak

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
)

// Consumer reads one partition of one topic, by pulling (see Records) or with
// a processor function (see Process), one of the two at a time. It keeps no
// group membership; with [WithGroup] it keeps offsets under a group's name.
//
// Nothing is fetched before the first Records or Process. From then on the
// consumer fetches ahead, within [WithPrefetchBytes], until Stop or Close, or
// until it fails. It outlasts moved leaders, restarted brokers and a cluster
// that is gone for a while; State says what it waits for. However it ends, it
// ends with an error or by the user's own act, never silently.
//
// All methods are safe for concurrent use.
type Consumer struct {
	client    *Client
	topic     string
	partition int32
	cfg       consumerConfig
	commits   *committer

	// processed is the offset below which everything is processed: where a
	// commit commits to and a new Records or Process begins. -1 until known.
	// The loop in turn stores it; everybody reads it.
	processed atomic.Int64
	// inHand is how many offsets above processed have been delivered.
	inHand atomic.Int64
	// byHand is the last offset that CommitRecord committed, -1: none.
	byHand atomic.Int64
	// first is where processing began; -1 until known.
	first atomic.Int64
	// end is the offset at which to end; MaxInt64 for never, -1 until known.
	end atomic.Int64

	// mu guards what follows. It is held over no I/O and no callback. Lock
	// order: Consumer.mu before feed.mu.
	mu     sync.Mutex
	run    *consumerRun // fetching; nil before the first turn and after an end
	feed   *feed        // of the last run, for its marks; nil before the first
	turn   *turn        // of the Records or Process under way; nil: none
	closed bool
	state  State
}

// NewConsumer makes a consumer of one partition of a topic. It dials nothing.
//
// The error names everything that is wrong with the arguments.
func NewConsumer(client *Client, topic string, partition int32, opts ...ConsumerOption) (*Consumer, error) {
	cfg, err := newConsumerConfig(opts)
	if client == nil {
		err = errors.Join(errors.New("the client is nil"), err)
	}
	if topic == "" {
		err = errors.Join(errors.New("the topic has no name"), err)
	}
	if partition < 0 {
		err = errors.Join(fmt.Errorf("partition %d: partitions are numbered from 0", partition), err)
	}
	if err != nil {
		return nil, fmt.Errorf("new consumer: %w", err)
	}
	return makeConsumer(client, topic, partition, cfg), nil
}

func makeConsumer(client *Client, topic string, partition int32, cfg consumerConfig) *Consumer {
	c := &Consumer{client: client, topic: topic, partition: partition, cfg: cfg}
	c.commits = newCommitter(c.sendCommit, cfg.backoff(), cfg.retries)
	c.processed.Store(-1)
	c.byHand.Store(-1)
	c.first.Store(-1)
	c.end.Store(-1)
	if !cfg.endSet {
		c.end.Store(never)
	}
	return c
}

// Topic is the topic's name.
func (c *Consumer) Topic() string { return c.topic }

// Partition is the partition's number.
func (c *Consumer) Partition() int32 { return c.partition }

// Position is the offset of the next record to be delivered, or less where
// the log has gaps; -1 until the start position has been looked up.
func (c *Consumer) Position() int64 {
	processed := c.processed.Load()
	if processed < 0 {
		return -1
	}
	return processed + c.inHand.Load()
}

// LastProcessed is the offset up to which, itself included, every record has
// been processed; -1 while none has been.
func (c *Consumer) LastProcessed() int64 {
	processed := c.processed.Load()
	if processed <= c.first.Load() {
		return -1
	}
	return processed - 1
}

// Committed is the offset that this consumer last committed, or found
// committed when it started: that of the next record to process, as Kafka
// counts. -1 while neither happened. It asks no broker.
func (c *Consumer) Committed() int64 { return c.commits.committed() }

// HighWatermark is the offset behind the last record that consumers may see,
// as the last answer of the broker had it; -1 until there was one.
func (c *Consumer) HighWatermark() int64 {
	high, _ := c.marks()
	return high
}

// Lag is how many offsets lie between what is processed and the end of the
// log, or with [ReadCommitted] the last stable offset, as the last answer of
// the broker had it; -1 until there was one.
func (c *Consumer) Lag() int64 {
	_, end := c.marks()
	processed := c.processed.Load()
	if end < 0 || processed < 0 {
		return -1
	}
	return max(end-processed, 0)
}

func (c *Consumer) marks() (highWatermark, end int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.feed == nil {
		return -1, -1
	}
	return c.feed.marks()
}

// Stop ends consuming at once, without a commit, and returns LastProcessed. A
// Records loop ends when it next asks for a record, and Process returns nil,
// both without an error. The context of a processor function that is running
// is cancelled; if the function succeeds nevertheless, its records count as
// processed.
//
// Records or Process may be called again: they go on with the first record
// that was not processed.
func (c *Consumer) Stop() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.halt(State{Kind: StateStopped, Reason: "stopped by you"})
	return c.LastProcessed()
}

// halt ends the turn and the run. c.mu is held.
func (c *Consumer) halt(s State) {
	if c.turn != nil {
		c.turn.stop()
		c.turn.cancel()
	}
	if c.run != nil {
		c.run.stop()
		c.run.feed.drop()
		c.run = nil
	}
	if c.state.Kind != StateFailed {
		c.become(s)
	}
}

// Close ends consuming in order: the processor function finishes the records
// that it was given, what is processed is committed if there is a group, and
// fetching stops. A Records loop ends when it next asks for a record; Close
// does not wait for that, so the record in its hands stays unprocessed unless
// it is committed by hand.
//
// When ctx ends first, what was not done yet is not done, the consumer is
// stopped all the same, and the error says what is missing. From Close on,
// Records and Process fail with [ErrClosed]. Closing again does nothing.
//
// A processor function may close its own consumer if it passes on its
// context; its records then count as unprocessed.
func (c *Consumer) Close(ctx context.Context) error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true // bars new turns
	t, r := c.turn, c.run
	if t != nil {
		t.stop()
	}
	c.mu.Unlock()

	err := c.finish(ctx, t)
	c.mu.Lock()
	c.halt(State{Kind: StateStopped, Reason: "closed by you"})
	c.mu.Unlock()
	if r != nil {
		select {
		case <-r.ended:
		case <-ctx.Done():
		}
	}
	return err
}

// finish waits for the records in hand, and commits.
func (c *Consumer) finish(ctx context.Context, t *turn) error {
	if t != nil && t.processes && ctx.Value(processorKey{}) != c {
		select {
		case <-t.ended:
		case <-ctx.Done():
			return fmt.Errorf("close consumer of %s/%d: the processor function is still running: %w", c.topic, c.partition, context.Cause(ctx))
		}
	}
	if c.cfg.group == "" || c.commitPoint() < 0 || c.commitPoint() == c.Committed() {
		return nil
	}
	if err := c.Commit(ctx); err != nil {
		return fmt.Errorf("close consumer of %s/%d: %w", c.topic, c.partition, err)
	}
	return nil
}
