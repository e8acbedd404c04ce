package afkak

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
)

// Producer writes records to topics, in batches, and says of each record
// whether it was stored. One Producer is meant to be shared by everything in a
// program that writes with the same settings, but for those of single topics:
// [WithTopic]. It is safe for concurrent use.
//
// Records of one partition are stored in the order of the Send calls, through
// retries and moves of leaders.
//
// Where the broker can (Kafka 0.11, KIP-98) and unless [WithIdempotence] says
// otherwise, each record is stored once: a batch whose answer was lost is sent
// again with the same number, by which the broker knows it. Up to five batches
// of a partition are on their way at a time (one on 0.11). A record that failed
// although it may be stored says so, see [MaybeStored]; then, as after any
// failure, the records behind it are sent under a new epoch (KIP-360), so that
// none of them can be taken for one that was lost. The producer goes on by
// itself.
//
// A topic that is deleted and made again is another topic. Records that are
// surely not stored yet go to the new one; those that may be in the old one fail
// with [ErrTopicRecreated], for which [MaybeStored] is true, and are not sent
// again. It is known for certain where the broker is told topics by ID (Kafka
// 4.1, KIP-516), and noticed with the next metadata from 2.8 on.
//
// Without idempotence one batch of a partition is on its way at a time, which
// keeps the order; when its answer is lost, it is sent again and may then be stored
// twice.
type Producer struct {
	client *Client
	cfg    producerConfig

	usual     topicSettings             // of topics that have none of their own
	own       map[string]*topicSettings // by topic
	gauge     accum.Gauge
	supply    accum.Supply
	memory    *producerMemory
	clock     *coarseClock
	callbacks *callbacks
	trigger   *trigger  // nil without WithBatch
	began     time.Time // what now counts from

	latest atomic.Pointer[producerTopic] // the topic that was made last: the only one of most producers
	topics sync.Map                      // name → *producerTopic; only grows
	aside  sync.Map                      // names of topics that are being looked up while nobody waits

	identity producerIdentity
	calls    atomic.Uint64 // numbers the produce requests

	closing atomic.Pointer[error] // why nothing is accepted any more; nil: it is
	ctx     context.Context       // ends when the goroutines have to
	cancel  context.CancelFunc
	wg      sync.WaitGroup // senders, their discoveries, clock, steward
	steward steward

	// mu is taken before a topic's and a sender's, never while one is held.
	mu      sync.Mutex
	started bool // clock and steward run
	stopped bool // no goroutine may be started any more
	senders map[int32]*sender
	orphans map[*producerPartition]struct{} // wait for a leader
}

// NewProducer makes a Producer on a client. It dials nothing and starts
// nothing until the first record. The error joins everything that is wrong
// with the options.
//
// Close the Producer before its client; a client that is closed first aborts
// it.
func NewProducer(client *Client, opts ...ProducerOption) (*Producer, error) {
	if client == nil {
		return nil, errors.New("afkak: NewProducer needs a client")
	}
	cfg := defaultProducerConfig()
	for _, opt := range opts {
		opt(&cfg)
	}
	cfg.applyTopics()
	if err := cfg.validate(client.rack); err != nil {
		return nil, err
	}
	p := &Producer{
		client:  client,
		cfg:     cfg,
		memory:  newProducerMemory(cfg.bufferBytes, cfg.largestBatch()),
		clock:   newCoarseClock(),
		began:   time.Now(),
		senders: make(map[int32]*sender),
		orphans: make(map[*producerPartition]struct{}),
	}
	p.callbacks = &callbacks{memory: p.memory}
	p.ctx, p.cancel = context.WithCancel(context.Background())
	p.steward.wake = make(chan struct{}, 1)
	p.identity.id = -1
	p.makeSettings()
	if cfg.trigger.set {
		p.trigger = newTrigger(cfg.trigger)
	}
	return p, nil
}

func (p *Producer) accumConfig(topic *topicConfig) accum.Config {
	cfg := accum.Config{
		BatchBytes:      p.cfg.batchBytes,
		Linger:          topic.linger,
		MaxInFlight:     p.cfg.inFlight(),
		DeliveryTimeout: topic.deliveryTimeout,
		Retries:         p.cfg.retries,
		Backoff:         accum.Backoff{Min: p.cfg.backoffMin, Max: p.cfg.backoffMax},
		Gauge:           &p.gauge,
		Supply:          &p.supply,
		Explain:         explainBatch,
		Deliver:         p.callbacks.enqueue,
		Count:           p.memory.count,
		Release:         p.release,
	}
	if p.cfg.trigger.set {
		cfg.Hold, cfg.Linger = true, accum.Forever
		cfg.Unheld = func(records, valueBytes int) { p.trigger.takeBack(records, valueBytes) }
		if p.cfg.trigger.interval > 0 {
			cfg.Linger = p.cfg.trigger.interval
		}
	}
	return cfg
}

// Send hands a record to the producer, which has copied it when Send returns,
// and returns its future. ctx bounds the wait for room in the buffer, and for
// the first sight of a topic; nothing later. The delivery timeout bounds both as
// well. Whatever goes wrong is in the Delivery, which may be ignored.
func (p *Producer) Send(ctx context.Context, rec Record) Delivery {
	if len(p.cfg.interceptors) > 0 {
		return p.sendIntercepted(ctx, rec, true)
	}
	return p.send(ctx, &rec, true)
}

// TrySend is [Producer.Send] that never waits: where Send would, the Delivery
// has failed with [ErrWouldBlock] and the record was not taken. For a topic
// that was never written to, it starts finding out about it.
func (p *Producer) TrySend(rec Record) Delivery {
	if len(p.cfg.interceptors) > 0 {
		return p.sendIntercepted(context.Background(), rec, false)
	}
	return p.send(context.Background(), &rec, false)
}

// send is the hot path, as far as append: it allocates nothing.
func (p *Producer) send(ctx context.Context, rec *Record, wait bool) Delivery {
	topic := p.topic(rec.Topic)
	if topic == nil {
		return p.sendSlow(ctx, p.entry(rec), rec, wait)
	}
	part, sticky, err := p.choose(topic, p.currentView(topic), rec)
	if err != nil {
		return failedDelivery(rec.Topic, -1, p.refused(rec.Topic, -1, 1, err))
	}
	timestamp := p.timestamp(rec)
	promise, index, total := part.Append(timestamp, rec.Key, rec.Value, rec.Headers)
	if promise == nil {
		entry := accum.Entry{Timestamp: timestamp, Key: rec.Key, Value: rec.Value, Headers: rec.Headers}
		return p.place(ctx, &placing{entry: entry, rec: *rec, topic: topic, part: part, sticky: sticky, wait: wait})
	}
	if sticky {
		p.went(topic, part, total)
	}
	if p.trigger != nil {
		p.count(1, len(rec.Value))
	}
	return Delivery{promise: promise, timestamp: timestamp, index: index, count: 1}
}

func (p *Producer) timestamp(rec *Record) int64 {
	if rec.Timestamp.IsZero() {
		return p.clock.now()
	}
	return rec.Timestamp.UnixMilli()
}

// topic returns what the producer holds for a topic, nil if it was never
// looked up.
func (p *Producer) topic(name string) *producerTopic {
	if topic := p.latest.Load(); topic != nil && topic.name == name {
		return topic
	}
	if found, ok := p.topics.Load(name); ok {
		return found.(*producerTopic)
	}
	return nil
}

// SendAll hands over a list of values that stay together: with the same key,
// in one batch of one partition, stored all or none, in order. The Delivery's
// offset is the first one's. A list that is empty or that no batch can hold
// fails before anything is sent.
func (p *Producer) SendAll(ctx context.Context, topic string, key []byte, values ...[]byte) Delivery {
	if len(values) == 0 {
		return failedDelivery(topic, -1, p.refused(topic, -1, 0, errors.New("the list of values is empty")))
	}
	rec := Record{Topic: topic, Key: key, Value: values[0]}
	if len(p.cfg.interceptors) > 0 {
		return p.sendAllIntercepted(ctx, rec, values)
	}
	return p.sendAll(ctx, &rec, values)
}

func (p *Producer) sendAll(ctx context.Context, rec *Record, values [][]byte) Delivery {
	entry := p.entry(rec)
	entry.List, entry.Together = values, true
	return p.sendSlow(ctx, entry, rec, true)
}

func (p *Producer) entry(rec *Record) accum.Entry {
	return accum.Entry{Timestamp: p.timestamp(rec), Key: rec.Key, Value: rec.Value, Headers: rec.Headers}
}

// now is the reading of the clock that the partitions go by.
func (p *Producer) now() time.Duration { return time.Since(p.began) }

// closedErr returns why nothing is accepted any more, nil while it is.
func (p *Producer) closedErr() error {
	if err := p.closing.Load(); err != nil {
		return *err
	}
	return nil
}

// release takes back a batch's memory. Called under its partition's lock.
func (p *Producer) release(lent accum.Lent) { p.memory.give(lent.Buffer, lent.Bytes) }

// refused is the error of records that were not accepted.
func (p *Producer) refused(topic string, partition int32, records int, err error) error {
	return &ProduceError{Topic: topic, Partition: partition, Broker: -1, Records: records, Err: err}
}
