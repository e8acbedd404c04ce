package accum

import (
	"math/rand/v2"
	"time"
)

// Forever is a duration that never passes. As a Linger it means that an open
// batch leaves only when it is full or closed; as a time, never.
const Forever = time.Duration(1<<63 - 1)

// Config is what all partitions of one producer share. It must not change
// while a partition uses it.
type Config struct {
	// BatchBytes is the most that one batch may take on the wire before
	// compression, its header included.
	BatchBytes int

	// Linger is how long an open batch waits for more records.
	Linger time.Duration

	// Hold keeps batches back, full ones too, until [Partition.Close] or, since
	// the first of them was opened, Linger.
	Hold bool

	// Unheld hears of records, and the size of their values, that were
	// cancelled while they were held back; required with Hold. Called under the
	// partition's lock: it must be short.
	Unheld func(records, valueBytes int)

	// MaxInFlight is the most batches of one partition that may be unanswered
	// while no other terms were agreed. More than one keeps the order only
	// with sequence numbers.
	MaxInFlight int

	// DeliveryTimeout bounds the time from the opening of a batch to its
	// result.
	DeliveryTimeout time.Duration

	// Retries is how often one batch is sent again; negative: until its
	// delivery timeout.
	Retries int

	// Backoff is the wait before a retry.
	Backoff Backoff

	// Gauge counts the batches and the records; required.
	Gauge *Gauge

	// Supply makes the promises; required.
	Supply *Supply

	// Explain turns what ended a batch into the error that its records get.
	// Called under the partition's lock: it must be short. Nil keeps the error.
	Explain func(topic string, partition int32, records int, err error) error

	// Deliver runs callbacks, in the order it was given them. Called under the
	// partition's or the promise's lock: it must only enqueue. The batch's
	// memory comes with them, see [Page.Free]: what waits for its callback is
	// held like any other record.
	Deliver func(Calls)

	// Count counts bytes that callbacks take from now on, whether there is room
	// or not; required for callbacks. Called under the promise's lock: it must
	// be short.
	Count func(bytes int)

	// Release takes back the memory that was lent to a batch, in parts if the
	// batch was split: no retry can need it any more. Called under the
	// partition's lock: it must be short.
	Release func(Lent)
}

func (cfg *Config) release(lent Lent) {
	if cfg.Release != nil && lent.Bytes > 0 {
		cfg.Release(lent)
	}
}

func (cfg *Config) explain(p *Partition, records int, err error) error {
	if cfg.Explain == nil {
		return err
	}
	return cfg.Explain(p.topic, p.id, records, err)
}

// Backoff is an exponential wait with a cap and jitter.
type Backoff struct {
	Min, Max time.Duration
}

// Wait returns how long to wait before the given attempt's retry (the first
// is 1): Min doubled each time, at most Max, less up to a fifth at random so
// that partitions which failed together do not come back together.
func (b Backoff) Wait(attempt int) time.Duration {
	wait := b.Max
	if shift := attempt - 1; shift < 30 && b.Min<<shift > 0 {
		wait = min(b.Min<<shift, b.Max)
	}
	if jitter := wait / 5; jitter > 0 {
		wait -= rand.N(jitter)
	}
	return wait
}
