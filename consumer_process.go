package afkak

import (
	"context"
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/internal/record"
)

// processorKey marks the context of a processor function with its consumer.
type processorKey struct{}

// Process hands the partition's records to fn, in the order of their offsets,
// as many at a time as are at hand but at most [WithMaxRecords], and never two
// at once. When fn returns nil, its records are processed. When it returns an
// error, nothing after them is delivered and none of them counts as processed
// or is committed; Process returns a [ProcessorError].
//
// Process returns nil after Stop and Close, and at the end that [EndAt] asked
// for. Otherwise it returns why it cannot go on, or the cause when ctx ended.
// It may then be called again, and begins with the first record that was not
// processed.
//
// The slice is reused after fn returns. The bytes of keys, values and headers
// are not: they may be kept, and share memory with each other. The context
// that fn is given ends with ctx, and with Stop.
func (c *Consumer) Process(ctx context.Context, fn func(ctx context.Context, records []Record) error) error {
	if fn == nil {
		return fmt.Errorf("process %s/%d: the processor function is nil", c.topic, c.partition)
	}
	t, err := c.begin(ctx, true)
	if err != nil {
		return err
	}
	defer t.leave()
	inside, cancel := context.WithCancel(context.WithValue(ctx, processorKey{}, c))
	defer cancel()
	t.cancelWith(cancel)
	block := make([]Record, 0, min(c.cfg.maxRecords, 64))
	for {
		block, err = t.block(ctx, block)
		if len(block) == 0 {
			return err
		}
		if err := t.process(inside, fn, block); err != nil {
			return err
		}
		clear(block) // let go of the bytes
	}
}

// cancelWith lets Stop cancel the processor's context.
func (t *turn) cancelWith(cancel context.CancelFunc) {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.cancel = cancel
}

// block fills into with the records at hand, at least one; it waits for that.
// None means that the turn ends. All are of one chunk, so that the reader can
// go back to the first.
func (t *turn) block(ctx context.Context, into []Record) ([]Record, error) {
	into = into[:0]
	var raw record.Record
	if ended, err := t.interrupted(ctx); ended {
		return into, err
	}
	more, err := t.next(ctx, &raw)
	if !more {
		return into, err
	}
	for {
		into = append(into, t.record(&raw))
		if len(into) == t.c.cfg.maxRecords || !t.run.reader.Next(&raw) || raw.Offset >= t.last {
			return into, nil
		}
	}
}

// process calls fn and moves the progress.
func (t *turn) process(ctx context.Context, fn func(context.Context, []Record) error, block []Record) error {
	c := t.c
	first, last := block[0].Offset, block[len(block)-1].Offset
	c.processed.Store(first)
	c.inHand.Store(last + 1 - first)
	if err := fn(ctx, block); err != nil {
		if t.halt.Load() && errors.Is(err, context.Canceled) {
			return nil // it did as Stop told it; the turn ends with the next block
		}
		return &ProcessorError{Topic: c.topic, Partition: c.partition, First: first, Last: last, Err: err}
	}
	c.inHand.Store(0)
	c.processed.Store(last + 1)
	t.count(len(block), last+1)
	return nil
}
