package clients

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// Franz is franz-go. Its documents have Produce with a promise for throughput,
// and more buffered records than the 10,000 that are its default.
func Franz() driver.Client {
	return driver.Client{
		Name: "franz-go", Module: "github.com/twmb/franz-go",
		Setup:       "`Produce` with a promise, records from a `sync.Pool`, `MaxBufferedRecords` raised, `MaxBufferedBytes` set. Acks all, idempotent",
		NewProducer: newFranzProducer,
		Consume:     consumeFranz,
	}
}

type franzProducer struct {
	client  *kgo.Client
	latency func(time.Duration)
	tally   driver.Tally // promises are called one after the other
	records sync.Pool
	promise func(*kgo.Record, error)
}

func newFranzProducer(cfg driver.ProducerConfig) (driver.Producer, error) {
	codec, err := franzCodec(cfg.Codec)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Addr),
		kgo.DefaultProduceTopic(cfg.Topic),
		kgo.ProducerBatchCompression(codec),
		kgo.ProducerBatchMaxBytes(driver.BatchBytes),
		kgo.ProducerLinger(cfg.Linger),
		kgo.MaxBufferedBytes(driver.BufferBytes),
		kgo.MaxBufferedRecords(driver.BufferBytes/100),
	)
	if err != nil {
		return nil, err
	}
	p := &franzProducer{client: client, latency: cfg.Latency}
	p.records.New = func() any { return new(kgo.Record) }
	p.promise = func(rec *kgo.Record, err error) {
		p.tally.Count(err)
		*rec = kgo.Record{}
		p.records.Put(rec)
	}
	return p, nil
}

func franzCodec(name string) (kgo.CompressionCodec, error) {
	switch name {
	case "none":
		return kgo.NoCompression(), nil
	case "snappy":
		return kgo.SnappyCompression(), nil
	case "lz4":
		return kgo.Lz4Compression(), nil
	case "zstd":
		return kgo.ZstdCompression(), nil
	}
	return kgo.CompressionCodec{}, fmt.Errorf("franz-go: no codec %q", name)
}

func (p *franzProducer) Send(key, value []byte) error {
	promise := p.promise
	if p.latency != nil {
		sent := time.Now()
		promise = func(rec *kgo.Record, err error) {
			if err == nil {
				p.latency(time.Since(sent))
			}
			p.promise(rec, err)
		}
	}
	rec := p.records.Get().(*kgo.Record)
	rec.Key, rec.Value = key, value
	p.client.Produce(context.Background(), rec, promise)
	return nil
}

func (p *franzProducer) Close(ctx context.Context) (driver.Tally, error) {
	err := p.client.Flush(ctx)
	p.client.Close()
	return p.tally, err
}

func consumeFranz(ctx context.Context, cfg driver.ConsumerConfig) (driver.Tally, error) {
	var tally driver.Tally
	from := make(map[int32]kgo.Offset)
	for partition, end := range cfg.Ends {
		if end > 0 {
			from[int32(partition)] = kgo.NewOffset().AtStart()
		}
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(cfg.Addr),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{cfg.Topic: from}),
	)
	if err != nil {
		return tally, err
	}
	cfg.AtEnd(func() error {
		client.Close()
		return nil
	})
	for total := cfg.Total(); tally.Records < total; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return tally, err
		}
		fetches.EachRecord(func(rec *kgo.Record) {
			tally.Records++
			tally.Bytes += int64(len(rec.Key) + len(rec.Value))
		})
	}
	return tally, nil
}
