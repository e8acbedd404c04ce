//go:build librdkafka && cgo

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

func client() driver.Client {
	return driver.Client{
		Name: "librdkafka", Module: "github.com/confluentinc/confluent-kafka-go/v2",
		Setup: "confluent-kafka-go: `Produce` with delivery reports from `Events`, which carry no key and value (`go.delivery.report.fields`), `batch.num.messages` 100,000. " +
			"Acks all; not idempotent by default, up to 1,000,000 requests in flight: a retry may reorder. Its C code's allocations are not counted",
		NewProducer: newProducer,
		Consume:     consume,
	}
}

type producer struct {
	kafka   *kafka.Producer
	topic   string
	latency func(time.Duration)
	tally   driver.Tally   // the goroutine's until it has ended
	drained sync.WaitGroup // the goroutine that reads the delivery reports
}

func newProducer(cfg driver.ProducerConfig) (driver.Producer, error) {
	config := kafka.ConfigMap{
		"bootstrap.servers":            cfg.Addr,
		"acks":                         "all",
		"compression.codec":            cfg.Codec,
		"partitioner":                  "murmur2_random",
		"linger.ms":                    int(cfg.Linger.Milliseconds()),
		"batch.size":                   driver.BatchBytes,
		"batch.num.messages":           100_000,
		"queue.buffering.max.kbytes":   driver.BufferBytes / 1024,
		"queue.buffering.max.messages": driver.BufferBytes / 100,
		"go.delivery.report.fields":    "none",
	}
	p, err := kafka.NewProducer(&config)
	if err != nil {
		return nil, err
	}
	out := &producer{kafka: p, topic: cfg.Topic, latency: cfg.Latency}
	out.drained.Go(out.drain) // ends when Close closes the producer, and Close waits for it
	return out, nil
}

func (p *producer) drain() {
	for event := range p.kafka.Events() {
		msg, ok := event.(*kafka.Message)
		if !ok {
			continue // what it says of brokers it retries by itself
		}
		err := msg.TopicPartition.Error
		if err == nil && p.latency != nil {
			p.latency(time.Since(msg.Opaque.(time.Time)))
		}
		p.tally.Count(err)
	}
}

func (p *producer) Send(key, value []byte) error {
	msg := kafka.Message{
		TopicPartition: kafka.TopicPartition{Topic: &p.topic, Partition: kafka.PartitionAny},
		Key:            key, Value: value,
	}
	if p.latency != nil {
		msg.Opaque = time.Now()
	}
	for {
		err := p.kafka.Produce(&msg, nil)
		var full kafka.Error
		if !errors.As(err, &full) || full.Code() != kafka.ErrQueueFull {
			return err
		}
		time.Sleep(time.Millisecond) // as its examples do when the queue is full
	}
}

func (p *producer) Close(ctx context.Context) (driver.Tally, error) {
	left := 1
	for left > 0 && ctx.Err() == nil {
		left = p.kafka.Flush(100)
	}
	p.kafka.Close()
	p.drained.Wait()
	if left > 0 {
		return p.tally, fmt.Errorf("%d messages never had a result: %w", left, ctx.Err())
	}
	return p.tally, nil
}

func consume(ctx context.Context, cfg driver.ConsumerConfig) (driver.Tally, error) {
	var tally driver.Tally
	c, err := kafka.NewConsumer(&kafka.ConfigMap{
		"bootstrap.servers":  cfg.Addr,
		"group.id":           "bench", // required, and unused: partitions are assigned by hand
		"enable.auto.commit": false,
		"auto.offset.reset":  "earliest",
	})
	if err != nil {
		return tally, err
	}
	cfg.AtEnd(c.Close)
	var from []kafka.TopicPartition
	for partition, end := range cfg.Ends {
		if end > 0 {
			from = append(from, kafka.TopicPartition{Topic: &cfg.Topic, Partition: int32(partition), Offset: 0})
		}
	}
	if err := c.Assign(from); err != nil {
		return tally, err
	}
	for total := cfg.Total(); tally.Records < total; {
		switch event := c.Poll(100).(type) {
		case *kafka.Message:
			if err := event.TopicPartition.Error; err != nil {
				return tally, err
			}
			tally.Records++
			tally.Bytes += int64(len(event.Key) + len(event.Value))
		case kafka.Error:
			if event.IsFatal() {
				return tally, event
			}
		case nil:
			if ctx.Err() != nil {
				return tally, ctx.Err()
			}
		}
	}
	return tally, nil
}
