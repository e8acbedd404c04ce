package afkak

import (
	"fmt"
	"time"
)

// Isolation says which records of transactions a consumer sees (KIP-98,
// Kafka 0.11).
type Isolation int8

const (
	// ReadUncommitted shows every record, whatever became of its transaction.
	ReadUncommitted Isolation = 0
	// ReadCommitted shows records of transactions once they are committed and
	// never those of aborted ones, and nothing behind a transaction that is
	// still open.
	ReadCommitted Isolation = 1
)

// String is the name that Kafka's isolation.level has for it.
func (i Isolation) String() string {
	switch i {
	case ReadUncommitted:
		return "read_uncommitted"
	case ReadCommitted:
		return "read_committed"
	}
	return fmt.Sprintf("isolation %d", int8(i))
}

// WithFetchMinBytes is how many bytes a broker waits for before it answers a
// fetch, for at most the time of [WithFetchMaxWait].
//
// Default: 1.
func WithFetchMinBytes(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.shared.minBytes = n })
}

// WithFetchMaxWait is how long a broker waits for the bytes of
// [WithFetchMinBytes] before it answers with what there is; a consumer's at
// least 1 ms, since it asks again at once.
// Where consumers have just come to a broker it is asked to wait less, so that
// the next one is not held up.
//
// Default: 500 ms.
func WithFetchMaxWait(d time.Duration) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.shared.maxWait = d })
}

// WithFetchMaxBytes is the most that one answer of a broker holds, all its
// partitions together. From Kafka 0.10.1 on, a single batch that is larger
// comes all the same (KIP-74); before, the client keeps to it by asking for
// fewer partitions at a time.
//
// Default: 50 MiB.
func WithFetchMaxBytes(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.shared.maxBytes = n })
}

// WithPartitionMaxBytes is the most that one answer holds of one partition,
// with the exceptions of [WithFetchMaxBytes] and [WithMaxFetchBuffer].
//
// Default: 1 MiB.
func WithPartitionMaxBytes(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.partitionMaxBytes = n })
}

// WithMaxFetchBuffer is how far the bytes asked of a partition may grow on
// brokers before Kafka 0.10.1, which cut off what does not fit: there a larger
// message ends the consumer with a [MessageTooLargeError]. The size grows
// sixteenfold up to 1 MiB, then twofold. It does not matter on later brokers.
//
// Default: 2 GiB less one byte, the most that can be asked for.
func WithMaxFetchBuffer(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.maxBuffer = n })
}

// WithPrefetchBytes bounds what is fetched of a partition before it is asked
// for, in bytes as they came over the wire. Fetching pauses when another
// answer might not fit, and goes on when there is room; with nothing at hand it
// always goes on, so one answer may exceed the bound. Batches are decompressed
// one at a time as they are read, so a consumer holds at most one
// decompressed batch beside this. [WithFetchBufferBytes] bounds all consumers
// of a client together.
//
// Default: 8 MiB.
func WithPrefetchBytes(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.prefetchBytes = n })
}

// WithMaxBatchBytes is the most that one batch may decompress to; a larger one
// ends the consumer with an error before the memory is spent.
//
// Default: 256 MiB.
func WithMaxBatchBytes(n int) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.maxBatchBytes = n })
}

// WithIsolation says which records of transactions are seen. Brokers before
// Kafka 0.11 have no transactions, and either level shows all records.
//
// Default: [ReadUncommitted].
func WithIsolation(i Isolation) FetchOption {
	return fetchOption(func(c *fetchConfig) { c.shared.isolation = i })
}
