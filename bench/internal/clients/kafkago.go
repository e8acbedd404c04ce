package clients

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// KafkaGo is segmentio/kafka-go.
func KafkaGo() driver.Client {
	return driver.Client{
		Name: "kafka-go", Module: "github.com/segmentio/kafka-go",
		Setup: "`Writer` with `Async` and `Completion`, 1,000 messages a call, `BatchSize` 10,000 (default: 100), `BatchTimeout` 5 ms, with 1,000 partitions 200 ms (default: 1 s). " +
			"Acks all (default: none); it has no idempotence. Nothing bounds what it holds, so the benchmark stops at 64 MiB of values without a result",
		NewProducer: newKafkaGoProducer,
		Consume:     consumeKafkaGo,
	}
}

const (
	kafkaGoCall  = 1000   // messages in a call of WriteMessages
	kafkaGoBatch = 10_000 // messages in a batch, at most
)

type kafkaGoProducer struct {
	writer  *kafka.Writer
	conns   *kafka.Transport
	latency func(time.Duration)
	call    []kafka.Message

	// held are the messages without a result, most those that are allowed. mu
	// guards it and tally: completions come from one goroutine per partition.
	mu    sync.Mutex
	room  sync.Cond
	held  int
	most  int
	tally driver.Tally
}

func newKafkaGoProducer(cfg driver.ProducerConfig) (driver.Producer, error) {
	p := &kafkaGoProducer{latency: cfg.Latency}
	p.room.L = &p.mu
	call := kafkaGoCall
	if cfg.Latency != nil {
		call = 1
	}
	p.call = make([]kafka.Message, 0, call)
	p.conns = new(kafka.Transport) // the default one keeps what it knows of topics beyond the producer
	p.writer = &kafka.Writer{
		Transport:    p.conns,
		Addr:         kafka.TCP(cfg.Addr),
		Topic:        cfg.Topic,
		Balancer:     kafka.Murmur2Balancer{},
		BatchSize:    kafkaGoBatch,
		BatchBytes:   driver.BatchBytes,
		BatchTimeout: kafkaGoTimeout(cfg),
		RequiredAcks: kafka.RequireAll,
		Async:        true,
		Completion:   p.complete,
	}
	if cfg.Codec != "none" {
		if err := p.writer.Compression.UnmarshalText([]byte(cfg.Codec)); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// kafkaGoTimeout is longer with many partitions: each batch is a request of its
// own, and a few records in each cost a hundred times as much.
func kafkaGoTimeout(cfg driver.ProducerConfig) time.Duration {
	if cfg.Partitions > 100 {
		return 200 * time.Millisecond
	}
	return max(cfg.Linger, time.Nanosecond) // 0 would be the default of 1 s
}

func (p *kafkaGoProducer) complete(messages []kafka.Message, err error) {
	if p.latency != nil && err == nil {
		for i := range messages {
			p.latency(time.Since(messages[i].WriterData.(time.Time)))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.CountN(len(messages), err)
	p.held -= len(messages)
	p.room.Signal()
}

func (p *kafkaGoProducer) Send(key, value []byte) error {
	msg := kafka.Message{Key: key, Value: value}
	if p.latency != nil {
		msg.WriterData = time.Now()
	}
	p.most = driver.BufferBytes / len(value)
	p.call = append(p.call, msg)
	if len(p.call) < cap(p.call) {
		return nil
	}
	return p.write()
}

func (p *kafkaGoProducer) write() error {
	p.mu.Lock()
	for p.held >= p.most {
		p.room.Wait()
	}
	p.held += len(p.call)
	p.mu.Unlock()
	err := p.writer.WriteMessages(context.Background(), p.call...)
	p.call = p.call[:0]
	return err
}

func (p *kafkaGoProducer) Close(context.Context) (driver.Tally, error) {
	var err error
	if len(p.call) > 0 {
		err = p.write()
	}
	if closing := p.writer.Close(); err == nil {
		err = closing
	}
	p.conns.CloseIdleConnections()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil && p.held > 0 {
		err = fmt.Errorf("%d messages never had a result", p.held)
	}
	return p.tally, err
}

func consumeKafkaGo(ctx context.Context, cfg driver.ConsumerConfig) (driver.Tally, error) {
	return eachPartition(cfg, func(partition int, end int64) (driver.Tally, error) {
		return consumeKafkaGoPartition(ctx, cfg, partition, end)
	})
}

func consumeKafkaGoPartition(ctx context.Context, cfg driver.ConsumerConfig, partition int, end int64) (driver.Tally, error) {
	var tally driver.Tally
	reader := kafka.NewReader(kafka.ReaderConfig{
		Brokers: []string{cfg.Addr}, Topic: cfg.Topic, Partition: partition, MinBytes: 1, MaxBytes: 10 << 20,
		MaxWait: 500 * time.Millisecond, // default: 10 s, which its Close may take then
	})
	cfg.AtEnd(reader.Close)
	for tally.Records < end {
		msg, err := reader.ReadMessage(ctx)
		if err != nil {
			return tally, err
		}
		tally.Records++
		tally.Bytes += int64(len(msg.Key) + len(msg.Value))
	}
	return tally, nil
}
