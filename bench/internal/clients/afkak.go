package clients

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/bench/internal/driver"
)

const afkakModule = "github.com/afkak-go/afkak"

// Afkak is ours, used by futures.
func Afkak() driver.Client {
	return driver.Client{
		Name: "afkak", Module: afkakModule,
		Setup:       "the defaults; every `Delivery` is kept and its `Result` looked at. Acks all, idempotent",
		NewProducer: func(cfg driver.ProducerConfig) (driver.Producer, error) { return newAfkakProducer(cfg, false) },
		Consume:     consumeAfkak,
	}
}

// AfkakThen is ours, used by callbacks.
func AfkakThen() driver.Client {
	return driver.Client{
		Name: "afkak-then", Module: afkakModule,
		Setup:       "as afkak, with a callback for every record (`Delivery.Then`)",
		NewProducer: func(cfg driver.ProducerConfig) (driver.Producer, error) { return newAfkakProducer(cfg, true) },
	}
}

type afkakProducer struct {
	client   *afkak.Client
	producer *afkak.Producer
	topic    string
	tally    driver.Tally
	latency  func(time.Duration)
	futures  futures                   // when callback is nil
	callback func(afkak.Result, error) // runs on one goroutine, which Close waits for
}

func newAfkakProducer(cfg driver.ProducerConfig, callbacks bool) (driver.Producer, error) {
	codec, err := afkak.ParseCodec(cfg.Codec)
	if err != nil {
		return nil, err
	}
	client, err := afkak.NewClient([]string{cfg.Addr})
	if err != nil {
		return nil, err
	}
	producer, err := afkak.NewProducer(client, afkak.WithCompression(codec), afkak.WithLinger(cfg.Linger),
		afkak.WithBatchBytes(driver.BatchBytes), afkak.WithBufferBytes(driver.BufferBytes))
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	p := &afkakProducer{client: client, producer: producer, topic: cfg.Topic, latency: cfg.Latency}
	if callbacks {
		p.callback = func(_ afkak.Result, err error) { p.tally.Count(err) }
	}
	return p, nil
}

func (p *afkakProducer) Send(key, value []byte) error {
	rec := afkak.Record{Topic: p.topic, Key: key, Value: value}
	switch {
	case p.latency != nil:
		sent := time.Now()
		p.producer.Send(context.Background(), rec).Then(func(_ afkak.Result, err error) {
			if err == nil {
				p.latency(time.Since(sent))
			}
			p.tally.Count(err)
		})
	case p.callback != nil:
		p.producer.Send(context.Background(), rec).Then(p.callback)
	default:
		p.futures.add(p.producer.Send(context.Background(), rec), &p.tally)
	}
	return nil
}

func (p *afkakProducer) Close(ctx context.Context) (driver.Tally, error) {
	err := errors.Join(p.producer.Close(ctx), p.client.Close())
	p.futures.reap(&p.tally)
	return p.tally, err
}

// futures is a queue of deliveries, from which those with a result are taken
// now and then. It holds them in chunks, which are used again.
type futures struct {
	chunks []*futuresChunk // the first is taken from, the last is added to
	taken  int             // of the first
	filled int             // of the last
	spare  []*futuresChunk
}

type futuresChunk [1 << 12]afkak.Delivery

func (f *futures) add(d afkak.Delivery, tally *driver.Tally) {
	if len(f.chunks) == 0 || f.filled == len(futuresChunk{}) {
		f.reap(tally)
		f.chunks, f.filled = append(f.chunks, f.chunk()), 0
	}
	f.chunks[len(f.chunks)-1][f.filled] = d
	f.filled++
}

func (f *futures) chunk() *futuresChunk {
	if n := len(f.spare); n > 0 {
		c := f.spare[n-1]
		f.spare = f.spare[:n-1]
		return c
	}
	return new(futuresChunk)
}

// reap counts those at the front that have their result.
func (f *futures) reap(tally *driver.Tally) {
	for len(f.chunks) > 0 {
		first, end := f.chunks[0], len(futuresChunk{})
		if len(f.chunks) == 1 {
			end = f.filled
		}
		for ; f.taken < end; f.taken++ {
			_, err, ok := first[f.taken].Result()
			if !ok {
				return
			}
			tally.Count(err)
			first[f.taken] = afkak.Delivery{}
		}
		f.chunks, f.taken = f.chunks[1:], 0
		f.spare = append(f.spare, first)
	}
}

// consumeAfkak reads with a consumer and a loop for each partition.
func consumeAfkak(ctx context.Context, cfg driver.ConsumerConfig) (driver.Tally, error) {
	client, err := afkak.NewClient([]string{cfg.Addr})
	if err != nil {
		return driver.Tally{}, err
	}
	cfg.AtEnd(client.Close)
	return eachPartition(cfg, func(partition int, end int64) (driver.Tally, error) {
		return consumeAfkakPartition(ctx, client, cfg, partition, end)
	})
}

func consumeAfkakPartition(ctx context.Context, client *afkak.Client, cfg driver.ConsumerConfig, partition int, end int64) (driver.Tally, error) {
	var tally driver.Tally
	c, err := afkak.NewConsumer(client, cfg.Topic, int32(partition), afkak.StartAt(afkak.Earliest), afkak.EndAt(afkak.Offset(end)))
	if err != nil {
		return tally, err
	}
	for rec, err := range c.Records(ctx) {
		if err != nil {
			return tally, err
		}
		tally.Records++
		tally.Bytes += int64(len(rec.Key) + len(rec.Value))
	}
	return tally, nil
}

// eachPartition runs f for every partition with records, each on a goroutine,
// and adds up what they counted.
func eachPartition(cfg driver.ConsumerConfig, f func(partition int, end int64) (driver.Tally, error)) (driver.Tally, error) {
	var (
		wg     sync.WaitGroup
		mu     sync.Mutex
		total  driver.Tally
		failed error
	)
	for partition, end := range cfg.Ends {
		if end == 0 {
			continue
		}
		wg.Go(func() { // ends with f
			tally, err := f(partition, end)
			mu.Lock()
			defer mu.Unlock()
			total.Add(tally)
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("partition %d: %w", partition, err))
			}
		})
	}
	wg.Wait()
	return total, failed
}
