package afkak

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ConsumerOption changes a setting of [NewConsumer]. Every [PartitionOption] and
// every [FetchOption] is one too.
type ConsumerOption interface {
	applyConsumer(*consumerConfig)
}

// PartitionOption changes how a partition is read and its progress committed,
// by itself and as one of a group's: it serves [NewConsumer] and
// [NewGroupConsumer].
type PartitionOption interface {
	ConsumerOption
	GroupOption
}

// FetchOption changes how records are fetched, in every kind of consumer and
// in [Client.Fetch].
//
// Consumers of one client whose options agree in minimum bytes, wait, maximum
// bytes and isolation share their requests: one at a time to each broker, for
// all their partitions there.
type FetchOption interface {
	PartitionOption
	applyFetch(*fetchConfig)
}

type consumerOption func(*consumerConfig)

func (o consumerOption) applyConsumer(c *consumerConfig) { o(c) }

type partitionOption func(*consumerConfig)

func (o partitionOption) applyConsumer(c *consumerConfig) { o(c) }
func (o partitionOption) applyGroup(c *groupConfig)       { o(&c.partition) }

type fetchOption func(*fetchConfig)

func (o fetchOption) applyConsumer(c *consumerConfig) { o(&c.fetch) }
func (o fetchOption) applyGroup(c *groupConfig)       { o(&c.partition.fetch) }
func (o fetchOption) applyFetch(c *fetchConfig)       { o(c) }

// consumerConfig is what the options of one consumer came to.
type consumerConfig struct {
	start          Position
	startSet       bool
	end            Position
	endSet         bool
	group          string
	noCommitted    Position
	outOfRange     Position
	resets         bool // outOfRange is set
	commitEvery    int
	commitPeriod   time.Duration
	maxRecords     int
	retries        int
	minBackoff     time.Duration
	maxBackoff     time.Duration
	unknownTopic   time.Duration
	skipCorrupt    bool
	store          OffsetStore // nil: the brokers keep the offsets
	storeSet       bool
	commitMetadata string
	fetch          fetchConfig
	commitChanged  bool          // an auto-commit option was given
	offsets        *groupOffsets // of the member that it reads for; nil: the group has no members
}

// fetchConfig is what the fetch options came to.
type fetchConfig struct {
	shared            fetchParams
	partitionMaxBytes int
	prefetchBytes     int
	maxBuffer         int
	maxBatchBytes     int
}

// fetchParams go into every request of a fetcher; partitions with the same
// ones can share it.
type fetchParams struct {
	minBytes  int
	maxBytes  int
	maxWait   time.Duration
	isolation Isolation
}

const (
	defaultCommitEvery  = 100
	defaultCommitPeriod = 5 * time.Second
)

func defaultConsumerConfig() consumerConfig {
	return consumerConfig{
		noCommitted:  Earliest,
		commitEvery:  defaultCommitEvery,
		commitPeriod: defaultCommitPeriod,
		maxRecords:   500,
		minBackoff:   100 * time.Millisecond,
		maxBackoff:   2 * time.Second,
		unknownTopic: 10 * time.Second,
		fetch: fetchConfig{
			shared:            fetchParams{minBytes: 1, maxBytes: 50 << 20, maxWait: 500 * time.Millisecond},
			partitionMaxBytes: 1 << 20,
			prefetchBytes:     8 << 20,
			maxBuffer:         math.MaxInt32,
			maxBatchBytes:     256 << 20,
		},
	}
}

// newConsumerConfig applies opts and reports everything that is wrong at once.
func newConsumerConfig(opts []ConsumerOption) (consumerConfig, error) {
	c := defaultConsumerConfig()
	for _, o := range opts {
		if o != nil {
			o.applyConsumer(&c)
		}
	}
	c.finish()
	return c, errors.Join(c.checkPositions(), c.checkNumbers(), c.fetch.check())
}

// finish fills in the defaults that depend on other options.
func (c *consumerConfig) finish() {
	if !c.startSet && c.group != "" {
		c.start = Committed
	} else if !c.startSet {
		c.start = Earliest
	}
	if c.group == "" && !c.commitChanged {
		c.commitEvery, c.commitPeriod = 0, 0
	}
}

func (c *consumerConfig) checkPositions() error {
	errs := []error{
		c.start.check("StartAt", true),
		c.noCommitted.check("IfNoCommitted", false),
	}
	if c.resets {
		errs = append(errs, c.outOfRange.check("IfOutOfRange", false))
	}
	if c.endSet {
		errs = append(errs, c.end.check("EndAt", false))
	}
	if c.start == Committed && c.group == "" {
		errs = append(errs, errors.New("StartAt(committed): name the group with WithGroup"))
	}
	if c.group == "" && (c.commitEvery > 0 || c.commitPeriod > 0) {
		errs = append(errs, errors.New("automatic commits need a group: name it with WithGroup"))
	}
	if c.storeSet && c.store == nil {
		errs = append(errs, errors.New("WithOffsetStore: the store is nil"))
	}
	if c.storeSet && c.group == "" {
		errs = append(errs, errors.New("WithOffsetStore: name the group with WithGroup"))
	}
	return errors.Join(errs...)
}

func (c *consumerConfig) checkNumbers() error {
	return errors.Join(
		atLeast("WithFetchMaxWait", "duration of a consumer", c.fetch.shared.maxWait, time.Millisecond),
		atLeast("WithCommitEvery", "messages", c.commitEvery, 0),
		atLeast("WithCommitInterval", "duration", c.commitPeriod, 0),
		atLeast("WithMaxRecords", "records", c.maxRecords, 1),
		atLeast("WithConsumerRetries", "retries", c.retries, 0),
		atLeast("WithConsumerBackoff", "shortest", c.minBackoff, time.Millisecond),
		atLeast("WithConsumerBackoff", "longest", c.maxBackoff, c.minBackoff),
		atLeast("WithUnknownTopicTimeout", "duration", c.unknownTopic, 0),
	)
}

func (c *fetchConfig) check() error {
	p := &c.shared
	errs := []error{
		within32("WithFetchMinBytes", p.minBytes, 0),
		within32("WithFetchMaxBytes", p.maxBytes, 1),
		within32("WithPartitionMaxBytes", c.partitionMaxBytes, 1),
		within32("WithMaxFetchBuffer", c.maxBuffer, 1),
		atLeast("WithPrefetchBytes", "bytes", c.prefetchBytes, 1),
		atLeast("WithMaxBatchBytes", "bytes", c.maxBatchBytes, 1),
		atLeast("WithFetchMaxWait", "duration", p.maxWait, 0),
	}
	if p.maxWait.Milliseconds() > math.MaxInt32 {
		errs = append(errs, fmt.Errorf("WithFetchMaxWait(%v): at most %v", p.maxWait, math.MaxInt32*time.Millisecond))
	}
	if c.maxBuffer < c.partitionMaxBytes {
		errs = append(errs, fmt.Errorf("WithMaxFetchBuffer(%d): less than WithPartitionMaxBytes, which is %d", c.maxBuffer, c.partitionMaxBytes))
	}
	if p.isolation != ReadUncommitted && p.isolation != ReadCommitted {
		errs = append(errs, fmt.Errorf("WithIsolation(%d): use ReadUncommitted or ReadCommitted", p.isolation))
	}
	return errors.Join(errs...)
}

func atLeast[T int | time.Duration](option, what string, got, least T) error {
	if got < least {
		return fmt.Errorf("%s(%v): %s must be at least %v", option, got, what, least)
	}
	return nil
}

func within32(option string, got, least int) error {
	if got > math.MaxInt32 {
		return fmt.Errorf("%s(%d): at most %d bytes", option, got, math.MaxInt32)
	}
	return atLeast(option, "bytes", got, least)
}

// StartAt says where a consumer begins when it has no position of its own yet.
//
// Default: [Committed] with [WithGroup], otherwise [Earliest].
func StartAt(at Position) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.start, c.startSet = at, true })
}

// EndAt makes a consumer end, as if stopped, when it has delivered everything
// below a position. The position is looked up once, when the consumer first
// starts: EndAt(Latest) reads what is there at that moment.
//
// Default: never.
func EndAt(at Position) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.end, c.endSet = at, true })
}

// WithGroup names the consumer group under whose name offsets are kept. The
// consumer does not become a member of the group.
//
// What is committed is Kafka's convention, the offset of the next record to
// process (not that of the last one processed).
//
// Default: none; Commit is then an error.
func WithGroup(name string) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.group = name })
}

// WithOffsetStore keeps the group's offsets in a store instead of on the
// brokers: what [Committed] means, and what Commit and the automatic commits
// do. It needs [WithGroup]. Without it, Kafka 0.8.0, which keeps no offsets,
// answers with an [OffsetsUnsupportedError].
//
// Default: none, the brokers keep the offsets.
func WithOffsetStore(store OffsetStore) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.store, c.storeSet = store, true })
}

// WithCommitMetadata is text that is kept beside each offset that the consumer
// commits, such as who it is. Brokers take 4 KiB. Kafka 0.8.1, and later
// brokers where they keep offsets in ZooKeeper, take it and do not keep it.
//
// Default: empty.
func WithCommitMetadata(text string) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.commitMetadata = text })
}

// IfNoCommitted says where to begin, with StartAt(Committed) and as a member of a group, when the group has
// no committed offset for the partition.
//
// Default: [Earliest].
func IfNoCommitted(at Position) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.noCommitted = at })
}

// IfOutOfRange says where to go on when the log does not have the next offset
// any more, or not yet. Without it the consumer ends with an
// [OffsetOutOfRangeError]: it never jumps unasked.
//
// Default: end with the error.
func IfOutOfRange(at Position) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.outOfRange, c.resets = at, true })
}

// WithCommitEvery commits in the background each time that many records have
// been processed since the last commit; 0 turns this trigger off.
//
// Default: 100 where there is a group.
func WithCommitEvery(records int) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.commitEvery, c.commitChanged = records, true })
}

// WithCommitInterval commits in the background that often, if records have
// been processed since the last commit; 0 turns this trigger off.
//
// Default: 5 s where there is a group.
func WithCommitInterval(d time.Duration) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.commitPeriod, c.commitChanged = d, true })
}

// WithMaxRecords is the most records that a processor function is given at once.
//
// Default: 500.
func WithMaxRecords(n int) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.maxRecords = n })
}

// WithConsumerRetries is how many times in a row a consumer, or one of its
// commits, tries again what might succeed later (the leader moves, brokers are
// gone) before it ends with the error; 0 means without end.
//
// Default: 0.
func WithConsumerRetries(n int) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.retries = n })
}

// WithConsumerBackoff is how long a consumer waits before it tries again: the
// shortest wait at first, doubling to the longest, each with jitter.
//
// Default: 100 ms to 2 s.
func WithConsumerBackoff(shortest, longest time.Duration) PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.minBackoff, c.maxBackoff = shortest, longest })
}

// WithUnknownTopicTimeout is how long a consumer waits for a topic or partition
// that the brokers do not know before it ends with that error; 0 means not at
// all.
//
// Default: 10 s.
func WithUnknownTopicTimeout(d time.Duration) ConsumerOption {
	return consumerOption(func(c *consumerConfig) { c.unknownTopic = d })
}

// WithSkipCorrupt makes a consumer pass over batches whose checksum or content
// is wrong, with a warning in the log for each, instead of ending with an error.
// What was in them is lost to it.
//
// Default: end with the error.
func WithSkipCorrupt() PartitionOption {
	return partitionOption(func(c *consumerConfig) { c.skipCorrupt = true })
}
