package suites

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

func TestWhatIsSentForTwentySecondsIsConsumed(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		const partitions, duration = 11, 20 * time.Second
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Replicated(t, client, partitions)
		var consumed, bytes [partitions]atomic.Int64
		var consumers []*afkak.Consumer
		var ends sync.WaitGroup
		for i := range partitions {
			c := consumer(t, client, topic, int32(i))
			consumers = append(consumers, c)
			ends.Go(func() {
				err := c.Process(ctx, func(_ context.Context, records []afkak.Record) error {
					for _, r := range records {
						if r.Offset != consumed[i].Add(1)-1 {
							return errors.New("an offset is missing or there twice")
						}
						bytes[i].Add(int64(len(r.Value)))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		sent, size := sendFor(t, client, topic, duration)
		sum := func(counts *[partitions]atomic.Int64) (n int64) {
			for i := range counts {
				n += counts[i].Load()
			}
			return n
		}
		harness.Eventually(t, "all that was sent is consumed", func(context.Context) error {
			if sum(&consumed) < sent {
				return errors.New("not yet")
			}
			return nil
		})
		for _, c := range consumers {
			c.Stop()
		}
		ends.Wait()
		if n, b := sum(&consumed), sum(&bytes); n != sent || b != size {
			t.Errorf("consumed %d records of %d bytes, sent %d of %d", n, b, sent, size)
		}
		t.Logf("%d records, %d MB", sent, size>>20)
	})
}

// sendFor sends 100 records of 1 KB at a time, and of every twentieth hundred 384 KB, and waits for each hundred.
func sendFor(t *testing.T, client *afkak.Client, topic string, duration time.Duration) (records, size int64) {
	t.Helper()
	ctx := harness.Context(t)
	p := producer(t, client, afkak.WithPartitioner(afkak.RoundRobin()))
	large := make([]byte, 384<<10)
	rand.Read(large)
	ended := time.After(duration)
	for turn := 1; ; turn++ {
		select {
		case <-ended:
			if err := p.Close(ctx); err != nil {
				t.Fatal(err)
			}
			return records, size
		default:
		}
		value := large[:1<<10]
		if turn%20 == 0 {
			value = large
		}
		var deliveries []afkak.Delivery
		for range 100 {
			deliveries = append(deliveries, p.Send(ctx, afkak.Record{Topic: topic, Value: value}))
		}
		stored(t, deliveries...)
		records, size = records+100, size+100*int64(len(value))
	}
}
