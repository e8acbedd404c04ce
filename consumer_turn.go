package afkak

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// turn is one call of Records or Process: the only one that reads, moves the
// progress and touches the run's reader.
type turn struct {
	c         *Consumer
	run       *consumerRun
	processes bool               // a Process; else a Records
	cancel    context.CancelFunc // ends the processor's context

	// halted is closed, and halt set, when the turn has to end without an error.
	halted chan struct{}
	halt   atomic.Bool
	// over is set when the caller's context has ended, so that the loop need
	// not ask the context for each record.
	over atomic.Bool
	// ended is closed when the turn has ended.
	ended chan struct{}

	last        int64 // records from this offset on are not delivered
	uncommitted int   // records processed since the loop last asked for a commit
}

// stop makes the turn end without an error when it next asks for a record.
// c.mu is held.
func (t *turn) stop() {
	if !t.halt.Swap(true) {
		close(t.halted)
	}
}

// begin starts a turn, once the one before has ended if that was told to. The
// turn's reader stands at the first record that is not processed.
func (c *Consumer) begin(ctx context.Context, processes bool) (*turn, error) {
	for {
		t, before, err := c.tryBegin(processes)
		if t != nil || err != nil {
			return t, err
		}
		select {
		case <-before.ended:
		case <-ctx.Done():
			return nil, fmt.Errorf("consume %s/%d: the stopped processor function is still running: %w", c.topic, c.partition, context.Cause(ctx))
		}
	}
}

func (c *Consumer) tryBegin(processes bool) (t, before *turn, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return nil, nil, fmt.Errorf("consume %s/%d: %w", c.topic, c.partition, ErrClosed)
	case c.turn != nil && c.turn.halt.Load():
		return nil, c.turn, nil
	case c.turn != nil:
		return nil, nil, fmt.Errorf("consume %s/%d: %w", c.topic, c.partition, ErrConsumerBusy)
	}
	if c.run != nil && !c.run.rewind(c.processed.Load()) {
		c.run.stop()
		c.run.feed.drop()
		c.run = nil
	}
	if c.run == nil {
		c.become(State{Kind: StateWaiting, Reason: "starting"})
		c.run = c.startRun()
	}
	c.turn = &turn{
		c: c, run: c.run, processes: processes, cancel: func() {},
		halted: make(chan struct{}), ended: make(chan struct{}),
	}
	return c.turn, nil, nil
}

// leave ends the turn.
func (t *turn) leave() {
	t.cancel()
	c := t.c
	c.mu.Lock()
	defer c.mu.Unlock()
	if by := c.commitPoint(); by > c.processed.Load() {
		c.processed.Store(by) // of the records in hand, as committed by hand
	}
	c.inHand.Store(0)
	c.turn = nil
	close(t.ended)
}

// watch makes the turn notice the end of ctx; the caller defers what it returns.
func (t *turn) watch(ctx context.Context) (unwatch func() bool) {
	return context.AfterFunc(ctx, func() { t.over.Store(true) })
}

// next fills raw with the next record to deliver; it waits for one. Asking is
// what makes the records before count as processed, unless t processes blocks.
// more is false at the end of the turn: without an error when somebody asked
// for it, or at the consumer's own end.
func (t *turn) next(ctx context.Context, raw *record.Record) (more bool, err error) {
	for !t.run.reader.Next(raw) {
		if t.run.reads {
			t.done(t.run.reader.Position())
		}
		if err := t.run.reader.Err(); err != nil {
			return false, t.fail(t.run.reader.Position(), err)
		}
		if more, err := t.refill(ctx); !more {
			return false, err
		}
	}
	if t.atEnd(raw.Offset) {
		t.done(raw.Offset)
		return false, nil
	}
	t.last = t.c.end.Load()
	return true, nil
}

// done moves the progress to position, but not beyond the end asked for, with
// nothing in hand.
func (t *turn) done(position int64) {
	position = min(position, t.c.end.Load())
	t.c.inHand.Store(0)
	if position > t.c.processed.Load() {
		t.c.processed.Store(position)
	}
}

// atEnd reports whether position is where the consumer was asked to end, and
// then ends it.
func (t *turn) atEnd(position int64) bool {
	end := t.c.end.Load()
	if end < 0 || position < 0 || position < end {
		return false
	}
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	t.c.halt(State{Kind: StateStopped, Reason: fmt.Sprintf("at the end asked for, offset %d", end)})
	return true
}

// refill waits for the next chunk.
func (t *turn) refill(ctx context.Context) (more bool, err error) {
	for {
		if ended, err := t.interrupted(ctx); ended {
			return false, err
		}
		chunk, ok, err := t.run.feed.pop()
		switch {
		case ok:
			t.run.reader.Start(chunk)
			t.run.reads, t.run.from = true, chunk.Broker
			return true, nil
		case err != nil:
			return false, t.failed(err)
		case t.atEnd(t.c.processed.Load()):
			return false, nil
		}
		select {
		case <-t.run.feed.filled: // or the start and the end are known
		case <-t.halted:
		case <-ctx.Done():
		}
	}
}

// interrupted reports whether the turn has to end, and with which error.
func (t *turn) interrupted(ctx context.Context) (bool, error) {
	if t.halt.Load() {
		return true, nil
	}
	if ctx.Err() == nil {
		return false, nil
	}
	if s := t.c.State(); s.Kind == StateWaiting && s.Err != nil {
		return true, fmt.Errorf("consume %s/%d: %w, %v", t.c.topic, t.c.partition, context.Cause(ctx), s)
	}
	return true, context.Cause(ctx)
}

// fail ends the run with an error of the reader.
func (t *turn) fail(offset int64, err error) error {
	addr := ""
	if b, known := t.c.client.cluster.Picture().Broker(t.run.from); known {
		addr = b.Addr()
	}
	err = t.c.fetchFailure(offset, t.run.from, addr, err)
	t.c.fail(t.run, err)
	return t.failed(err)
}

// failed lets go of the run, so that the next turn starts afresh.
func (t *turn) failed(err error) error {
	t.c.mu.Lock()
	defer t.c.mu.Unlock()
	if t.c.run == t.run {
		t.c.run = nil
	}
	t.run.stop()
	t.run.feed.drop()
	return err
}

// count notes that n records were processed, up to position, for the commits
// every so many. Whoever commits must find that progress.
func (t *turn) count(n int, position int64) {
	every := t.c.cfg.commitEvery
	if every == 0 {
		return
	}
	if t.uncommitted += n; t.uncommitted >= every {
		t.uncommitted = 0
		t.c.processed.Store(position)
		signal(t.run.nudge)
	}
}

// record makes the user's record of a raw one.
func (t *turn) record(raw *record.Record) Record {
	rec := Record{
		Topic: t.c.topic, Partition: t.c.partition,
		Key: raw.Key, Value: raw.Value, Headers: raw.Headers,
		Offset: raw.Offset, LeaderEpoch: t.run.reader.LeaderEpoch(),
	}
	if raw.Timestamp >= 0 {
		rec.Timestamp = time.UnixMilli(raw.Timestamp)
	}
	return rec
}
