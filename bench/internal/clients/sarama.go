package clients

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// Sarama is IBM/sarama.
func Sarama() driver.Client {
	return driver.Client{
		Name: "sarama", Module: "github.com/IBM/sarama",
		Setup:       "`AsyncProducer` with `Return.Successes`, flushes as fast as possible (its default). Acks all (default: the leader's); not idempotent by default, five requests in flight: a retry may reorder",
		NewProducer: newSaramaProducer,
		Consume:     consumeSarama,
	}
}

type saramaProducer struct {
	producer sarama.AsyncProducer
	topic    string
	latency  func(time.Duration)
	drained  sync.WaitGroup // the goroutines that read the two channels
	results  sync.WaitGroup // of the records that were sent

	acked, failed driver.Tally // each belongs to one of the two
}

func saramaConfig() *sarama.Config {
	cfg := sarama.NewConfig()
	cfg.Version = sarama.MaxVersion
	return cfg
}

func newSaramaProducer(cfg driver.ProducerConfig) (driver.Producer, error) {
	config := saramaConfig()
	config.Producer.RequiredAcks = sarama.WaitForAll
	config.Producer.Return.Successes = true
	config.Producer.MaxMessageBytes = driver.BatchBytes
	if err := config.Producer.Compression.UnmarshalText([]byte(cfg.Codec)); err != nil {
		return nil, err
	}
	producer, err := sarama.NewAsyncProducer([]string{cfg.Addr}, config)
	if err != nil {
		return nil, err
	}
	p := &saramaProducer{producer: producer, topic: cfg.Topic, latency: cfg.Latency}
	p.drained.Go(p.drainSuccesses) // both end when Close has closed the producer, and Close waits for them
	p.drained.Go(p.drainErrors)
	return p, nil
}

func (p *saramaProducer) drainSuccesses() {
	for msg := range p.producer.Successes() {
		if p.latency != nil {
			p.latency(time.Since(msg.Metadata.(time.Time)))
		}
		p.acked.Count(nil)
		p.results.Done()
	}
}

func (p *saramaProducer) drainErrors() {
	for failure := range p.producer.Errors() {
		p.failed.Count(failure.Err)
		p.results.Done()
	}
}

func (p *saramaProducer) Send(key, value []byte) error {
	msg := &sarama.ProducerMessage{Topic: p.topic, Key: sarama.ByteEncoder(key), Value: sarama.ByteEncoder(value)}
	if p.latency != nil {
		msg.Metadata = time.Now()
	}
	p.results.Add(1)
	p.producer.Input() <- msg
	return nil
}

// Close first waits for the results: a producer that is shutting down fails
// what it would otherwise send again.
func (p *saramaProducer) Close(context.Context) (driver.Tally, error) {
	p.results.Wait()
	p.producer.AsyncClose()
	p.drained.Wait()
	tally := p.acked
	tally.Add(p.failed)
	return tally, nil
}

func consumeSarama(ctx context.Context, cfg driver.ConsumerConfig) (driver.Tally, error) {
	consumer, err := sarama.NewConsumer([]string{cfg.Addr}, saramaConfig())
	if err != nil {
		return driver.Tally{}, err
	}
	return eachPartition(cfg, func(partition int, end int64) (driver.Tally, error) {
		return consumeSaramaPartition(ctx, consumer, cfg, int32(partition), end)
	})
}

func consumeSaramaPartition(ctx context.Context, consumer sarama.Consumer, cfg driver.ConsumerConfig, partition int32, end int64) (driver.Tally, error) {
	var tally driver.Tally
	c, err := consumer.ConsumePartition(cfg.Topic, partition, sarama.OffsetOldest)
	if err != nil {
		return tally, err
	}
	cfg.AtEnd(c.Close)
	for tally.Records < end {
		select {
		case msg, ok := <-c.Messages():
			if !ok {
				return tally, fmt.Errorf("the channel was closed after %d of %d records", tally.Records, end)
			}
			tally.Records++
			tally.Bytes += int64(len(msg.Key) + len(msg.Value))
		case <-ctx.Done():
			return tally, ctx.Err()
		}
	}
	return tally, nil
}
