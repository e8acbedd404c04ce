package afkak

import (
	"context"
	"iter"

	"github.com/afkak-go/afkak/internal/record"
)

// Records iterates over the partition's records, in the order of their
// offsets, and waits for more at the end of the log.
//
// A record counts as processed when the next one is asked for. After a break
// the last one does not, unless [Consumer.CommitRecord] said so, and the next
// call of Records or Process begins with it. The records' bytes are the
// caller's to read for as long as it likes: they are never reused. They share
// memory with each other, so whoever keeps a few of many should copy them.
//
// An error is the last thing that is yielded, with a zero Record. When ctx
// ends, that is its cause. After Stop and Close, and at the end that [EndAt]
// asked for, the loop just ends. After an error, calling Records again tries
// again.
func (c *Consumer) Records(ctx context.Context) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		t, err := c.begin(ctx, false)
		if err != nil {
			yield(Record{}, err)
			return
		}
		broken, err := t.pull(ctx, yield)
		t.leave()
		if err != nil && !broken {
			yield(Record{}, err)
		}
	}
}

// pull yields records until the turn ends, or the loop breaks.
func (t *turn) pull(ctx context.Context, yield func(Record, error) bool) (broken bool, err error) {
	defer t.watch(ctx)()
	var raw record.Record
	for {
		more, err := t.next(ctx, &raw)
		if !more {
			return false, err
		}
		t.c.processed.Store(raw.Offset) // and with that everything below
		t.c.inHand.Store(1)
		for {
			if !yield(t.record(&raw), nil) {
				return true, nil
			}
			t.count(1, raw.Offset+1)
			if t.halt.Load() || t.over.Load() {
				t.done(t.run.reader.Position())
				_, err := t.interrupted(ctx)
				return false, err
			}
			if !t.run.reader.Next(&raw) || raw.Offset >= t.last {
				break
			}
			t.c.processed.Store(raw.Offset)
		}
	}
}
