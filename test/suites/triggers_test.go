package suites

import (
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// trigger sends the records, checks that nothing is visible, sends the last one and waits for all.
func trigger(t *testing.T, target harness.Target, batch afkak.ProducerOption, records []afkak.Record, last afkak.Record) {
	t.Helper()
	client, ctx := target.Logged(t), harness.Context(t)
	topic := target.Created(t, client)
	p := producer(t, client, batch, afkak.WithPartitioner(afkak.Manual()))
	var deliveries []afkak.Delivery
	for i, r := range append(records, last) {
		if i == len(records) {
			nothingYet(t, client, topic, 0)
			nothingYet(t, client, topic, 1)
			if held := p.Stats().BufferedRecords; held != len(records) {
				t.Fatalf("%d records wait, want %d", held, len(records))
			}
		}
		r.Topic, r.Partition = topic, int32(i%2)
		deliveries = append(deliveries, p.Send(ctx, r))
	}
	stored(t, deliveries...)
	for partition := range 2 {
		var want []afkak.Record
		for i, r := range append(records, last) {
			if i%2 == partition {
				want = append(want, r)
			}
		}
		same(t, read(t, client, topic, int32(partition), len(want)), want)
	}
}

func TestABatchLeavesWithItsLastMessage(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		trigger(t, target, afkak.WithBatch(10, 0, 0), numbered(0, 9), numbered(9, 1)[0])
	})
}

func TestABatchLeavesWithItsLastByte(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		records := sized(9, 1000)
		trigger(t, target, afkak.WithBatch(0, 9010, 0), records, sized(1, 10)[0])
	})
}

func TestABatchLeavesWhenItsTimeHasCome(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		const interval = 3 * time.Second
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		p := producer(t, client, afkak.WithBatch(0, 0, interval), afkak.WithPartitioner(afkak.Manual()))
		began := time.Now()
		var deliveries []afkak.Delivery
		for _, r := range numbered(0, 10) {
			r.Topic = topic
			deliveries = append(deliveries, p.Send(ctx, r))
		}
		nothingYet(t, client, topic, 0)
		stored(t, deliveries...)
		if took := time.Since(began); took < interval-10*time.Millisecond {
			t.Errorf("left after %v, want %v", took, interval)
		}
		same(t, read(t, client, topic, 0, 10), numbered(0, 10))
	})
}
