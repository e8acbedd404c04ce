// Package driver runs one workload with one client, in a process of its own,
// and measures it. It is what the clients of the comparison have in common: the
// small interface that each is put behind, the workloads, the records, and the
// clock, the processor time and the memory of a run.
//
// It knows no client; a program that does calls [Child].
package driver

import (
	"context"
	"time"
)

// Client is one client library, or one way to use it.
type Client struct {
	// Name is what it goes by on the command line and in the document.
	Name string

	// Module is the Go module whose version the document names.
	Module string

	// Setup says in a sentence what differs from the library's defaults, and
	// what a record's acknowledgement is worth.
	Setup string

	// NewProducer makes a producer for one topic.
	NewProducer func(ProducerConfig) (Producer, error)

	// Prepare, when set, takes the place of NewProducer for workloads that are
	// not paced. It is called before the clock starts.
	Prepare func(ProducerConfig) (Flood, error)

	// Consume reads a topic from its beginning; nil where there is nothing to
	// compare.
	Consume func(context.Context, ConsumerConfig) (Tally, error)
}

// Can says whether the client takes the workload.
func (c Client) Can(w Workload) bool {
	if w.Kind == Consume {
		return c.Consume != nil
	}
	return c.Prepare == nil || w.Codec == "none" // the floor has no codecs
}

// Flood sends by whatever means until stop is closed, or so many records are
// sent if that is not 0, and returns when everything has its answer.
type Flood func(records int64, stop <-chan struct{}) (Tally, error)

// ProducerConfig is what every producer of a run is given alike.
type ProducerConfig struct {
	Addr       string
	Topic      string
	Partitions int
	Codec      string        // "none", "snappy", "lz4" or "zstd", at the library's own level
	Linger     time.Duration // where the library has such a thing
	Records    *Records      // what the run will send; only the floor looks ahead

	// Latency, when set, is called once for each record that was acknowledged,
	// with the time since Send was called, from any goroutine.
	Latency func(time.Duration)
}

// BufferBytes is how much a producer may hold, where the library can be told:
// 64 MiB, the default of ours.
const BufferBytes = 64 << 20

// BatchBytes is how large a batch may become before compression, where the
// library can be told: what most have as their default, below the brokers'
// own limit of 1 MiB.
const BatchBytes = 1_000_000

// Tally is what a run counted.
type Tally struct {
	Records int64 // acknowledged, each by its own result; or consumed
	Failed  int64
	Err     error // the first reason of Failed
	Bytes   int64 // keys and values that were consumed
}

// Add adds another part of the same run.
func (t *Tally) Add(o Tally) {
	t.Records += o.Records
	t.Failed += o.Failed
	t.Bytes += o.Bytes
	if t.Err == nil {
		t.Err = o.Err
	}
}

// Count counts one record's result.
func (t *Tally) Count(err error) { t.CountN(1, err) }

// CountN counts the result that n records share.
func (t *Tally) CountN(n int, err error) {
	if err == nil {
		t.Records += int64(n)
		return
	}
	t.Failed += int64(n)
	if t.Err == nil {
		t.Err = err
	}
}

// Producer is a producer of one topic. Both methods are called by one
// goroutine.
type Producer interface {
	// Send hands over a record, and waits for room where the library does.
	// Key and value stay as they are until the run has ended.
	Send(key, value []byte) error

	// Close waits until each record has its own acknowledgement or error, ends
	// the producer, and returns how many there were.
	Close(context.Context) (Tally, error)
}

// ConsumerConfig is what every consumer of a run is given alike.
type ConsumerConfig struct {
	Addr  string
	Topic string
	Ends  []int64 // by partition: the offset to end before; the first is 0

	// AtEnd takes what closes a consumer. It is called once the clock has
	// stopped, for some wait until a fetch under way has its answer.
	AtEnd func(closer func() error)
}

// Total is how many records there are to consume.
func (c ConsumerConfig) Total() int64 {
	var n int64
	for _, end := range c.Ends {
		n += end
	}
	return n
}
