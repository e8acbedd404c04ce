package afkak

import (
	"bytes"
	"context"
	"log/slog"
	"testing"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// cannedBatch is a batch of magic 2 as a broker keeps it.
func cannedBatch(t testing.TB, n, valueSize int) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	value := bytes.Repeat([]byte{'x'}, valueSize)
	for i := range n {
		b.Append(1_700_000_000_000+int64(i), nil, value, nil)
	}
	raw, err := b.Seal(record.Seal{Magic: 2, ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(raw)
}

// cannedAnswers is a run without a keeper, to which answers are handed.
type cannedAnswers struct{ *consumerRun }

// cannedRun makes a consumer that is at offset 0, and its run.
func cannedRun(t testing.TB, opts ...ConsumerOption) (*Consumer, cannedAnswers) {
	t.Helper()
	client := &Client{cluster: cluster.New(cluster.Config{}), logger: slog.New(slog.DiscardHandler)}
	c, err := NewConsumer(client, "orders", 3, opts...)
	if err != nil {
		t.Fatal(err)
	}
	run := &consumerRun{c: c, feed: newFeed(c.topic, c.partition, &c.cfg.fetch), stop: func() {}, nudge: make(chan struct{}, 1)}
	run.reader.Limit = c.cfg.fetch.maxBatchBytes
	if c.cfg.skipCorrupt {
		run.reader.OnCorrupt = run.skipped
	}
	run.feed.cursor.MoveTo(0)
	c.run, c.feed = run, run.feed
	c.processed.Store(0)
	c.first.Store(0)
	return c, cannedAnswers{run}
}

// answer hands over the records of an answer to what was asked last.
func (r cannedAnswers) answer(records []byte) {
	p := protocol.FetchResponseResponsePartition{HighWatermark: 1 << 40, Records: records}
	r.feed.take(r.feed.cursor.Ask(), &p)
}

// cannedConsumer is a consumer, and what hands it a batch that begins at base.
func cannedConsumer(t testing.TB, opts ...ConsumerOption) (*Consumer, func(batch []byte, base int64)) {
	t.Helper()
	c, run := cannedRun(t, opts...)
	return c, func(batch []byte, base int64) {
		record.AssignOffsets(batch, base, 1)
		run.answer(batch)
	}
}

func TestRecordsAllocateNothingPerRecord(t *testing.T) {
	const n = 10_000
	batch := cannedBatch(t, n, 100)
	c, feed := cannedConsumer(t)
	next := int64(0)
	got := 0
	allocs := testing.AllocsPerRun(5, func() {
		feed(batch, next)
		next += n
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if got++; rec.Offset == next-1 {
				c.byHand.Store(next)
				break
			}
		}
	})
	if allocs > 20 { // of the turn; none of them per record
		t.Errorf("got %v allocations for %d records", allocs, n)
	}
	if got != 6*n {
		t.Errorf("got %d records, want %d", got, 6*n)
	}
}

func TestProcessAllocatesNothingPerRecord(t *testing.T) {
	const n = 10_000
	batch := cannedBatch(t, n, 100)
	c, feed := cannedConsumer(t)
	next, got := int64(0), 0
	run := c.run
	allocs := testing.AllocsPerRun(5, func() {
		feed(batch, next)
		next += n
		err := c.Process(t.Context(), func(_ context.Context, recs []Record) error {
			if got += len(recs); recs[len(recs)-1].Offset == next-1 {
				c.Stop()
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		c.run = run // go on with it: nothing was lost
	})
	if allocs > 30 { // of the turn; none of them per record
		t.Errorf("got %v allocations for %d records", allocs, n)
	}
	if got != 6*n {
		t.Errorf("got %d records, want %d", got, 6*n)
	}
}

func BenchmarkConsumerRecords(b *testing.B) {
	const n = 5000
	batch := cannedBatch(b, n, 100)
	c, feed := cannedConsumer(b)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	next, sum := int64(0), 0
	feed(batch, 0)
	for rec, err := range c.Records(b.Context()) {
		if err != nil {
			b.Fatal(err)
		}
		sum += len(rec.Value)
		if rec.Offset == next+n-1 {
			next += n
			if !b.Loop() {
				break
			}
			feed(batch, next)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}

func BenchmarkConsumerProcess(b *testing.B) {
	const n = 5000
	batch := cannedBatch(b, n, 100)
	c, feed := cannedConsumer(b)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	next, sum := int64(0), 0
	feed(batch, 0)
	err := c.Process(b.Context(), func(_ context.Context, recs []Record) error {
		for i := range recs {
			sum += len(recs[i].Value)
		}
		if recs[len(recs)-1].Offset == next+n-1 {
			next += n
			if !b.Loop() {
				c.Stop()
				return nil
			}
			feed(batch, next)
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
