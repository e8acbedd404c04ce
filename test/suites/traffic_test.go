package suites

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

const (
	trafficPace = 5 * time.Millisecond // between two records
	resumption  = 20 * time.Second     // records flow again so soon after the cluster has recovered
)

// traffic is a producer and the consumers of both partitions of a topic, at work while something happens to the
// cluster, and the account of what was acknowledged and of what was read.
type traffic struct {
	t      *testing.T
	ctx    context.Context
	client *afkak.Client
	topic  string
	once   bool // the brokers know what they have stored already (KIP-98)

	producer  *afkak.Producer
	sending   sync.WaitGroup
	stop      func() // ends the sending
	consumers []*afkak.Consumer
	consuming sync.WaitGroup

	mu     sync.Mutex
	acked  [2][]acknowledged // in the order of the acknowledgements
	failed []error
	read   [2][]string // by offset
}

type acknowledged struct {
	value  string
	offset int64
	at     time.Time
}

// quick are clients that do not wait long for a broker that is silent.
var quick = []afkak.ClientOption{afkak.WithRequestTimeout(10 * time.Second), afkak.WithDialTimeout(5 * time.Second)}

// flow starts traffic on a topic of its own and returns when it flows.
func flow(t *testing.T, target harness.Target, opts ...afkak.ClientOption) *traffic {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	sending, stop := context.WithCancel(ctx)
	opts = append(slices.Clone(quick), opts...)
	f := &traffic{t: t, ctx: ctx, client: target.Logged(t, opts...), stop: stop, once: target.AtLeast("0.11")}
	t.Cleanup(func() { // of a test that failed; otherwise all has ended
		cancel()
		f.sending.Wait()
		f.consuming.Wait()
	})
	f.topic = target.Created(t, f.client)
	f.producer = producer(t, f.client, afkak.WithPartitioner(afkak.Manual()), afkak.WithProduceTimeout(10*time.Second),
		afkak.WithAckTimeout(5*time.Second), afkak.WithDeliveryTimeout(5*time.Minute))
	f.sending.Go(func() { f.send(sending) }) // until stop is called
	readers := target.Logged(t, opts...)
	for partition := range int32(2) {
		c := consumer(t, readers, f.topic, partition)
		f.consumers = append(f.consumers, c)
		f.consuming.Go(func() { f.consume(c) }) // until c is stopped
	}
	f.flows(100)
	return f
}

func (f *traffic) send(ctx context.Context) {
	pace := time.NewTicker(trafficPace)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		value, partition := fmt.Sprintf("%08d", n), n%2
		f.producer.Send(f.ctx, afkak.Record{Topic: f.topic, Partition: int32(partition), Value: []byte(value)}).
			Then(func(r afkak.Result, err error) { f.settle(partition, value, r, err) })
	}
}

func (f *traffic) settle(partition int, value string, r afkak.Result, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.failed = append(f.failed, fmt.Errorf("%s: %w", value, err))
		return
	}
	f.acked[partition] = append(f.acked[partition], acknowledged{value, r.Offset, time.Now()})
}

func (f *traffic) consume(c *afkak.Consumer) {
	err := c.Process(f.ctx, func(_ context.Context, records []afkak.Record) error {
		f.mu.Lock()
		defer f.mu.Unlock()
		for _, r := range records {
			if want := int64(len(f.read[c.Partition()])); r.Offset != want {
				return fmt.Errorf("offset %d after %d", r.Offset, want-1)
			}
			f.read[c.Partition()] = append(f.read[c.Partition()], string(r.Value))
		}
		return nil
	})
	if err != nil && f.ctx.Err() == nil {
		f.t.Errorf("the consumer of partition %d: %v", c.Partition(), err)
	}
}

// flows waits until so many more records of each partition are acknowledged and read.
func (f *traffic) flows(more int) {
	f.t.Helper()
	acked, read := f.counts()
	harness.Eventually(f.t, "records flow", func(context.Context) error {
		nowAcked, nowRead := f.counts()
		for partition := range acked {
			if a, r := nowAcked[partition]-acked[partition], nowRead[partition]-read[partition]; a < more || r < more {
				return fmt.Errorf("partition %d: %d acknowledged, %d read; the consumer is %v", partition, a, r, f.consumers[partition].State())
			}
		}
		return nil
	})
}

func (f *traffic) counts() (acked, read [2]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for partition := range acked {
		acked[partition], read[partition] = len(f.acked[partition]), len(f.read[partition])
	}
	return acked, read
}

// resumes checks that records flow soon after the cluster's recovery, which is now.
func (f *traffic) resumes() {
	f.t.Helper()
	recovered := time.Now()
	f.flows(1)
	took := time.Since(recovered)
	if took > resumption {
		f.t.Errorf("records flow again only %v after the cluster", took)
	}
	f.t.Logf("flows again after %v", took.Round(time.Millisecond))
	f.flows(100)
}

// settleUp ends the traffic and compares the accounts: everything is sent, everything that was acknowledged is where that was said,
// everything in the log was read, in order, and only what was sent again, to brokers that cannot know it, is there twice.
func (f *traffic) settleUp() {
	f.t.Helper()
	f.stop()
	f.sending.Wait()
	if err := f.producer.Close(f.ctx); err != nil {
		f.t.Error(err)
	}
	ends, err := f.client.ListOffsets(f.ctx, []afkak.ListOffsetsPayload{
		{Topic: f.topic, At: afkak.Latest}, {Topic: f.topic, Partition: 1, At: afkak.Latest},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	harness.Eventually(f.t, "all is read", func(context.Context) error {
		_, read := f.counts()
		if int64(read[0]) < ends[0].Offset || int64(read[1]) < ends[1].Offset {
			return fmt.Errorf("read %v of %d and %d", read, ends[0].Offset, ends[1].Offset)
		}
		return nil
	})
	for _, c := range f.consumers {
		c.Stop()
	}
	f.consuming.Wait()
	if len(f.failed) > 0 {
		f.t.Errorf("%d records failed: %v", len(f.failed), errors.Join(f.failed[:min(3, len(f.failed))]...))
	}
	for partition := range f.acked {
		f.compare(partition)
	}
}

func (f *traffic) compare(partition int) {
	f.t.Helper()
	read := f.read[partition]
	seen, last := map[string][]int{}, "" // offsets of each value
	for at, value := range read {
		if seen[value] == nil && value < last {
			f.t.Errorf("partition %d: %s comes first after %s", partition, value, last)
		}
		if seen[value] == nil {
			last = value
		}
		seen[value] = append(seen[value], at)
	}
	lost, elsewhere := 0, 0
	for _, a := range f.acked[partition] {
		there := a.offset < int64(len(read)) && read[a.offset] == a.value
		switch {
		case there:
			continue
		case seen[a.value] != nil:
			elsewhere++
		default:
			lost++
		}
		if lost+elsewhere <= 3 {
			f.t.Logf("partition %d: %s was acknowledged at offset %d and read at %v", partition, a.value, a.offset, seen[a.value])
		}
	}
	f.t.Logf("partition %d: %d acknowledged, %d read, %d of them twice, %d lost", partition, len(f.acked[partition]), len(read), len(read)-len(seen), lost)
	if twice := len(read) - len(seen); twice > 0 && f.once {
		f.t.Errorf("partition %d: %d records are there twice", partition, twice)
	}
	if lost+elsewhere > 0 {
		f.t.Errorf("partition %d: %d acknowledged records are lost, %d are not where they were said to be", partition, lost, elsewhere)
	}
}
