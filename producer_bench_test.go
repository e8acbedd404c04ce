package afkak

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/metadata"
)

// sinkProducer is a producer whose batches are answered as soon as they are
// full, on the sending goroutine: what is left is what Send costs its caller.
func sinkProducer(tb testing.TB, opts ...ProducerOption) *Producer {
	tb.Helper()
	client, err := NewClient([]string{"127.0.0.1:1"})
	if err != nil {
		tb.Fatal(err)
	}
	p, err := NewProducer(client, append([]ProducerOption{WithLinger(time.Minute)}, opts...)...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		p.Abort()
		_ = client.Close()
	})
	if err := p.start(); err != nil {
		tb.Fatal(err)
	}
	p.addKnownTopic("orders", 12)
	return p
}

// addKnownTopic adds a topic of which no cluster knows.
func (p *Producer) addKnownTopic(name string, partitions int) {
	found := &metadata.Topic{Name: name, Partitions: make([]metadata.Partition, partitions)}
	topic := &producerTopic{name: name, settings: p.settingsOf(name)}
	topic.mu.Lock()
	topic.view.Store(p.viewOf(topic, p.client.cluster.Picture(), found, nil))
	topic.mu.Unlock()
	p.topics.Store(name, topic)
	p.latest.Store(topic)
	p.mu.Lock()
	p.stopped = true // no sender: drain stands in for it
	p.mu.Unlock()
}

// drain answers everything that is full.
func (p *Producer) drain(tb testing.TB) {
	p.eachPartition(func(part *producerPartition) {
		for b := part.Take(0); b != nil; b = part.Take(0) {
			part.Answer(0, b, accum.Answer{Offset: 1, LogAppendTime: -1})
		}
	})
}

func benchmarkSend(b *testing.B, rec Record, opts ...ProducerOption) {
	p := sinkProducer(b, opts...)
	ctx := context.Background()
	b.SetBytes(int64(len(rec.Key) + len(rec.Value)))
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		d := p.Send(ctx, rec)
		if i%1024 == 0 {
			if _, err, ok := d.Result(); ok {
				b.Fatalf("settled already: %v", err)
			}
			p.drain(b)
		}
	}
}

// BenchmarkProducerSend is what a record of 100 bytes costs the goroutine that
// sends it: choice of the partition, encoding and accounting of memory.
func BenchmarkProducerSend(b *testing.B) {
	key, value := []byte("customer"), make([]byte, 92)
	b.Run("keyed", func(b *testing.B) { benchmarkSend(b, Record{Topic: "orders", Key: key, Value: value}) })
	b.Run("sticky", func(b *testing.B) { benchmarkSend(b, Record{Topic: "orders", Value: value}) })
	b.Run("roundrobin", func(b *testing.B) {
		benchmarkSend(b, Record{Topic: "orders", Key: key, Value: value}, WithPartitioner(RoundRobin()))
	})
	b.Run("stamped", func(b *testing.B) {
		benchmarkSend(b, Record{Topic: "orders", Key: key, Value: value, Timestamp: time.Now()})
	})
	b.Run("trigger", func(b *testing.B) {
		benchmarkSend(b, Record{Topic: "orders", Key: key, Value: value}, WithBatch(10_000, 0, 0))
	})
}

// BenchmarkProducerSendToManyPartitions is Send where no cache holds what it
// writes to: the keys go to a thousand partitions in turn.
func BenchmarkProducerSendToManyPartitions(b *testing.B) {
	p := sinkProducer(b)
	p.addKnownTopic("many", 1000)
	keys := make([][]byte, 1<<16)
	for i := range keys {
		keys[i] = strconv.AppendInt(nil, 10_000_000+int64(rand.IntN(90_000_000)), 10)
	}
	value := make([]byte, 100)
	ctx := context.Background()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.Send(ctx, Record{Topic: "many", Key: keys[i%len(keys)], Value: value})
		if i%100_000 == 0 {
			p.letGo()
			p.drain(b)
		}
	}
}

func BenchmarkProducerSendParallel(b *testing.B) {
	p := sinkProducer(b, WithPartitioner(RoundRobin()))
	rec := Record{Topic: "orders", Key: []byte("customer"), Value: make([]byte, 92)}
	b.SetBytes(100)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for i := 0; pb.Next(); i++ {
			p.Send(context.Background(), rec)
			if i%1024 == 0 {
				p.drain(b)
			}
		}
	})
}

func TestProducerSendAllocatesNothing(t *testing.T) {
	p := sinkProducer(t)
	rec := Record{Topic: "orders", Key: []byte("customer"), Value: make([]byte, 92)}
	for range 10_000 { // the batch has grown to its size
		p.Send(context.Background(), rec)
	}
	p.drain(t)
	p.Send(context.Background(), rec)
	if n := testing.AllocsPerRun(1000, func() { p.Send(context.Background(), rec) }); n != 0 {
		t.Errorf("send: %v allocations, want 0", n)
	}
}

// BenchmarkMemory is what a batch costs the budget: a buffer lent and given back
// while many others are out.
func BenchmarkMemory(b *testing.B) {
	m := newProducerMemory(64<<20, 2<<20)
	var held [1000][]byte
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		at := i * 7919 % len(held)
		if held[at] != nil {
			m.give(held[at], cap(held[at]))
		}
		held[at] = m.lendOne(1<<(10+i*31%6), 1)
	}
}
