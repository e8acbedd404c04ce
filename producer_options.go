package afkak

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/afkak-go/afkak/internal/compress"
)

// ProducerOption changes a setting of [NewProducer].
type ProducerOption func(*producerConfig)

// Acks is how many replicas must have a batch before its records count as
// stored.
type Acks int16

const (
	// AcksAll waits for all in-sync replicas: with min.insync.replicas at 2 or
	// more, nothing that was acknowledged is lost with one broker.
	AcksAll Acks = -1

	// AcksNone waits for nothing: a record counts as sent once it was written
	// to the connection, its offset is not known (-1), and a failure on the
	// broker's side goes unnoticed.
	AcksNone Acks = 0

	// AcksLeader waits for the leader's log only: what it had not passed on
	// when it failed is lost.
	AcksLeader Acks = 1
)

type producerConfig struct {
	topicConfig // of topics that have no settings of their own

	requestTimeout  time.Duration
	dropHeaders     bool
	batchBytes      int
	maxRequestBytes int
	bufferBytes     int
	retries         int
	backoffMin      time.Duration
	backoffMax      time.Duration
	trigger         triggerConfig
	idempotence     bool
	insistent       bool // idempotence was asked for
	unordered       bool
	rackAware       bool

	availabilityTimeout time.Duration // 0: off

	interceptors []interceptor

	topics   []topicOptions
	own      map[string]topicConfig // what they come to, by topic
	of       *string                // the topic that options are applied for; nil: the producer
	problems []error                // with options, as they are applied
}

// inFlight is how many batches of a partition may be on their way without
// numbers: more than one is not in order any more when one is sent again.
func (cfg *producerConfig) inFlight() int {
	if cfg.unordered {
		return maxProduceCalls
	}
	return 1
}

// largestBatch is how large a batch may get before compression, whatever it
// compresses to: one of many, in the memory that there is.
func (cfg *producerConfig) largestBatch() int {
	return max(cfg.batchBytes, min(16*cfg.batchBytes, cfg.bufferBytes/32))
}

// triggerConfig is WithBatch's three triggers; zero switches one off.
type triggerConfig struct {
	set      bool
	messages int
	bytes    int
	interval time.Duration
}

func defaultProducerConfig() producerConfig {
	return producerConfig{
		topicConfig: topicConfig{
			acks:            AcksAll,
			ackTimeout:      10 * time.Second,
			deliveryTimeout: 2 * time.Minute,
			level:           compress.DefaultLevel,
			linger:          5 * time.Millisecond,
		},
		requestTimeout:  30 * time.Second,
		batchBytes:      1_000_000,
		maxRequestBytes: 16 << 20,
		bufferBytes:     64 << 20,
		retries:         -1,
		backoffMin:      100 * time.Millisecond,
		backoffMax:      time.Second,
		idempotence:     true,
	}
}

// WithAcks sets how many replicas must have a record before it counts as
// stored. Default: [AcksAll].
func WithAcks(acks Acks) ProducerOption {
	return func(cfg *producerConfig) { cfg.acks = acks }
}

// WithIdempotence switches idempotence (KIP-98) on or off. With it a batch that
// is sent again is stored once, and several batches of a partition may be on
// their way in order. It takes [AcksAll]: with other acks it is off, and asking
// for both is an error. A broker before Kafka 0.11 does not know it and is
// written to without, one batch of a partition at a time. A broker that denies
// it to the user (before 2.8 it takes the permission IdempotentWrite) fails the
// records; nothing falls back by itself. Default: true.
func WithIdempotence(on bool) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithIdempotence")
		cfg.idempotence, cfg.insistent = on, on
	}
}

// WithUnorderedRetries gives up the order of a partition's records for speed
// where they are not written idempotently: several batches are on their way at
// a time, and when one is sent again, those behind it may have been stored
// before it. Idempotent writing needs no such trade. Default: records stay in
// order.
func WithUnorderedRetries() ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithUnorderedRetries")
		cfg.unordered = true
	}
}

// WithAckTimeout sets how long the leader may wait for the other replicas
// before it answers with an error; the batch is then sent again. It matters
// with [AcksAll] only and must be shorter than the request timeout.
// Default: 10 s.
func WithAckTimeout(timeout time.Duration) ProducerOption {
	return func(cfg *producerConfig) { cfg.ackTimeout = timeout }
}

// WithProduceTimeout sets how long a produce request may go without an answer
// before the connection is given up and the batches are sent again.
// Default: 30 s.
func WithProduceTimeout(timeout time.Duration) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithProduceTimeout")
		cfg.requestTimeout = timeout
	}
}

// WithDeliveryTimeout bounds the time from Send to a record's result, whatever
// happens to brokers and connections in between (KIP-91). A record that may be
// stored in spite of the timeout says so: see [MaybeStored].
// Default: 2 min.
func WithDeliveryTimeout(timeout time.Duration) ProducerOption {
	return func(cfg *producerConfig) { cfg.deliveryTimeout = timeout }
}

// WithRetries sets how often a batch is sent again after a failure that may
// pass; 0 never does. A negative number means as often as the delivery timeout
// allows. Without idempotence a retry may store a batch twice, if only the
// first answer was lost: 0 trades that for failures where [MaybeStored] is
// true. Default: -1.
func WithRetries(retries int) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithRetries")
		cfg.retries = retries
	}
}

// WithCompression sets the codec of the batches. A codec that the partition's
// leader does not know fails the record before anything is sent: lz4 needs
// Kafka 0.8.2, zstd 2.1 (KIP-110). Default: [None].
func WithCompression(codec Codec) ProducerOption {
	return func(cfg *producerConfig) { cfg.codec = codec }
}

// WithCompressionLevel sets how hard the codec tries (KIP-390): 1 to 9 for
// [Gzip], 1 to 12 for [LZ4], 1 to 22 for [Zstd]; [Snappy] has no levels. 0 is
// the codec's own: 5 for gzip, 1 for zstd, and the fast mode of lz4, which is
// also what 1 and 2 are. Neighbours may be the same: zstd has four different
// ones here, 1 to 2, 3 to 5, 6 to 9 and 10 to 22. Default: 0.
//
// The levels of Kafka's own client come from other libraries. Its gzip has the
// same, with 6 by default, called -1; its lz4 1 to 17, of which the default, 9,
// is the fast mode, so take 0 here for it and 12 for those above; its zstd
// -131072 to 22, with 3 by default: what is below 1 is faster and larger than
// anything here, where 1 is as close as it gets.
func WithCompressionLevel(level int) ProducerOption {
	return func(cfg *producerConfig) { cfg.level = level }
}

// WithDropHeaders leaves the headers of records out where the partition's
// leader is too old for them, which is before Kafka 0.11. Default: such records
// fail with [ErrHeadersUnsupported], before anything of them is sent.
func WithDropHeaders() ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithDropHeaders")
		cfg.dropHeaders = true
	}
}

// WithPartitioner sets how a record's partition is chosen. Default: [Hashed].
func WithPartitioner(partitioner Partitioner) ProducerOption {
	return func(cfg *producerConfig) { cfg.partitioner = partitioner }
}

// WithRackAware makes records without a key go to partitions whose leader is in
// the client's own rack, which [WithRack] names, and to others only while none
// there is ready (KIP-1123): less traffic between racks, at the price of an even
// spread. It matters to [Hashed], [HashedBy] and [Sticky]. Default: racks do not
// matter.
func WithRackAware() ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithRackAware")
		cfg.rackAware = true
	}
}

// WithAvailabilityTimeout leaves partitions out for records without a key while
// their leader has not answered for so long, although something waits for it,
// as partitioner.availability.timeout.ms does (KIP-794). Without it they get
// less, because of their backlog, but something. It matters when the next
// partition is chosen: see [Sticky]. 0 switches it off. Default: 0.
func WithAvailabilityTimeout(timeout time.Duration) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithAvailabilityTimeout")
		cfg.availabilityTimeout = timeout
	}
}

// WithLinger sets how long a batch waits for more records before it is sent.
// A batch that is full does not wait, nor does anything once [Producer.Flush]
// was called or the buffer is used up. 0 sends as soon as the partition's
// broker can take more. Default: 5 ms.
func WithLinger(linger time.Duration) ProducerOption {
	return func(cfg *producerConfig) { cfg.linger = linger }
}

// WithBatchBytes sets the most bytes that one partition's batch may have on the
// wire. With [WithCompression] batches are filled with as many records as come
// to that after compression, by how the topic's have compressed so far: at most
// 16 times as many bytes, and no more than 1/32 of [WithBufferBytes] unless it
// is less than this. One that comes out too large is divided before it is sent. A
// record, or a list given to [Producer.SendAll], that does not fit before
// compression is refused with a [*RecordTooLargeError].
//
// The broker has a limit of its own, max.message.bytes of the topic or else its
// message.max.bytes, 1,048,588 unless changed. A smaller one is learnt from its
// refusals: the batch is split, and the topic's next ones are made as large as
// it takes. Default: 1,000,000.
func WithBatchBytes(bytes int) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithBatchBytes")
		cfg.batchBytes = bytes
	}
}

// WithBatch holds all records of the producer back until one of three
// triggers fires, as Afkak's batch_send does, and then sends everything that
// waits, for all partitions: so many messages wait, their values have so many
// bytes, or the first of them has waited for so long. 0 switches a trigger
// off; nothing is visible on the broker before one fires, unless
// [Producer.Flush] or [Producer.Close] is called or the buffer is used up.
// It takes the place of [WithLinger]; a partition's batch that is full does
// wait. The delivery timeout counts from Send and must be longer than the
// interval. Afkak's own defaults are 10 messages, 32 KiB, 30 s.
// Default: off.
func WithBatch(messages, bytes int, interval time.Duration) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithBatch")
		cfg.trigger = triggerConfig{set: true, messages: messages, bytes: bytes, interval: interval}
	}
}

// WithMaxRequestBytes sets the most bytes that one produce request carries, as
// far as batches allow: one larger batch still goes, alone. Brokers refuse
// requests above their socket.request.max.bytes, 100 MiB unless changed.
// Default: 16 MiB.
func WithMaxRequestBytes(bytes int) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithMaxRequestBytes")
		cfg.maxRequestBytes = bytes
	}
}

// WithBufferBytes bounds the memory for records that wait, are being
// compressed, are in flight, or wait for their callback ([Delivery.Then]) to run.
// When it is used up, [Producer.Send] waits and [Producer.TrySend] fails. Default:
// 64 MiB.
func WithBufferBytes(bytes int) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithBufferBytes")
		cfg.bufferBytes = bytes
	}
}

// validate returns everything that is wrong, at once; rack is the client's.
func (cfg *producerConfig) validate(rack string) error {
	check, errs := checks("")
	check(cfg.batchBytes >= minBatchBytes && cfg.batchBytes <= maxBatchBytes,
		"WithBatchBytes(%d): must be between %d and %d", cfg.batchBytes, minBatchBytes, maxBatchBytes)
	check(cfg.maxRequestBytes > 0, "WithMaxRequestBytes(%d): must be positive", cfg.maxRequestBytes)
	check(cfg.bufferBytes >= cfg.batchBytes,
		"WithBufferBytes(%d): must hold one batch of %d bytes", cfg.bufferBytes, cfg.batchBytes)
	check(cfg.availabilityTimeout >= 0, "WithAvailabilityTimeout(%v): must not be negative", cfg.availabilityTimeout)
	check(!cfg.rackAware || rack != "", "WithRackAware: which rack the client is in must be said: NewClient's WithRack")
	problems := slices.Concat(cfg.problems, *errs, cfg.validateTrigger())
	if wrong := cfg.validateTopic(""); len(wrong) > 0 {
		problems = append(problems, wrong...) // and so would be every topic
	} else {
		problems = append(problems, cfg.validateTopics()...)
	}
	return errors.Join(problems...)
}

// validateTopic returns what is wrong with what a topic may have settings of
// its own for; where begins the errors.
func (cfg *producerConfig) validateTopic(where string) []error {
	check, errs := checks(where)
	check(cfg.acks >= AcksAll && cfg.acks <= AcksLeader,
		"WithAcks(%d): must be AcksAll, AcksNone or AcksLeader", cfg.acks)
	check(!cfg.insistent || cfg.acks == AcksAll,
		"WithIdempotence(true): needs AcksAll, WithAcks says %d", cfg.acks)
	check(cfg.ackTimeout >= time.Millisecond, "WithAckTimeout(%v): must be at least 1ms", cfg.ackTimeout)
	check(cfg.requestTimeout > cfg.ackTimeout,
		"WithProduceTimeout(%v): must be longer than the ack timeout of %v", cfg.requestTimeout, cfg.ackTimeout)
	check(cfg.deliveryTimeout > 0, "WithDeliveryTimeout(%v): must be positive", cfg.deliveryTimeout)
	check(cfg.linger >= 0, "WithLinger(%v): must not be negative", cfg.linger)
	check(cfg.linger < cfg.deliveryTimeout,
		"WithLinger(%v): must be shorter than the delivery timeout of %v", cfg.linger, cfg.deliveryTimeout)
	check(!cfg.trigger.set || cfg.trigger.interval < cfg.deliveryTimeout,
		"WithBatch(…, %v): the interval must be shorter than the delivery timeout of %v", cfg.trigger.interval, cfg.deliveryTimeout)
	check(cfg.partitioner.kind != partitionByUser || cfg.partitioner.choose != nil,
		"WithPartitioner(PartitionBy(nil)): needs a function")
	check(cfg.partitioner.hash >= Murmur2 && cfg.partitioner.hash <= FNV1a,
		"WithPartitioner(HashedBy(%d)): no such hash", cfg.partitioner.hash)
	if err := compress.CheckLevel(compress.Codec(cfg.codec), cfg.level); err != nil {
		check(false, "WithCompression, WithCompressionLevel: %w", err)
	}
	return *errs
}

// checks returns a function that notes an error unless a check was passed, and
// where it notes them.
func checks(where string) (check func(ok bool, format string, args ...any), errs *[]error) {
	errs = new([]error)
	return func(ok bool, format string, args ...any) {
		if !ok {
			*errs = append(*errs, fmt.Errorf("afkak: %s"+format, append([]any{where}, args...)...))
		}
	}, errs
}

const (
	minBatchBytes = 128
	maxBatchBytes = 1 << 30
)

func (cfg *producerConfig) validateTrigger() (errs []error) {
	t := cfg.trigger
	if !t.set {
		return nil
	}
	call := fmt.Sprintf("WithBatch(%d, %d, %v)", t.messages, t.bytes, t.interval)
	if t.messages < 0 || t.bytes < 0 || t.interval < 0 {
		errs = append(errs, fmt.Errorf("afkak: %s: must not be negative", call))
	}
	if t.messages == 0 && t.bytes == 0 && t.interval == 0 {
		errs = append(errs, fmt.Errorf("afkak: %s: at least one trigger must be on, or nothing is ever sent", call))
	}
	return errs
}
