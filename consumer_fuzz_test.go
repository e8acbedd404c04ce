package afkak

import (
	"bytes"
	"testing"
)

// FuzzConsumerAnswer hands arbitrary bytes to a consumer as the records of an
// answer: its loop never panics, offsets only grow, and an end is an error.
func FuzzConsumerAnswer(f *testing.F) {
	f.Add(cannedBatch(f, 3, 10))
	f.Add(append(cannedBatch(f, 1, 1), 0, 0, 0))
	f.Add(bytes.Repeat([]byte{0}, 70))
	f.Fuzz(func(t *testing.T, records []byte) {
		for _, opts := range [][]ConsumerOption{nil, {WithSkipCorrupt()}} {
			c, run := cannedRun(t, append(opts, WithMaxBatchBytes(1<<20))...)
			c.end.Store(1 << 40) // where the loop ends if nothing else ends it
			run.answer(records)
			run.feed.close(ErrClosed)
			last := int64(-1)
			for rec, err := range c.Records(t.Context()) {
				if err != nil {
					return
				}
				if rec.Offset <= last {
					t.Fatalf("offset %d after %d", rec.Offset, last)
				}
				last = rec.Offset
			}
		}
	})
}
