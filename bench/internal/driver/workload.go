package driver

import (
	"fmt"
	"time"
)

// Kind is what a workload does.
type Kind int

const (
	Produce Kind = iota // as fast as it goes
	Paced               // a thousand records a second, each on its way at once
	Consume             // a topic from its beginning to its end
)

// Workload is one line of the comparison.
type Workload struct {
	Name       string // on the command line
	Title      string // in the document
	Kind       Kind
	Sink       bool // against the sink instead of a real Kafka
	Partitions int
	Codec      string
	ValueBytes int

	// OneTopic has all runs write to one topic, because making it takes a
	// broker longer than a run.
	OneTopic bool
}

// KeyBytes is how long every key is.
const KeyBytes = 8

// PacedRate is how many records a second a paced workload sends.
const PacedRate = 1000

// Linger is how long a batch of a workload may wait for more records.
func (w Workload) Linger() time.Duration {
	if w.Kind == Paced {
		return 0
	}
	return 5 * time.Millisecond
}

// Workloads are those of the document, in its order.
var Workloads = []Workload{
	{Name: "12p", Title: "100 B, 12 partitions", Partitions: 12, Codec: "none", ValueBytes: 100},
	{Name: "sink", Title: "100 B, 12 partitions, into the sink", Sink: true, Partitions: 12, Codec: "none", ValueBytes: 100},
	{Name: "1p", Title: "100 B, 1 partition", Partitions: 1, Codec: "none", ValueBytes: 100},
	{Name: "1000p", Title: "100 B, 1,000 partitions", Partitions: 1000, Codec: "none", ValueBytes: 100, OneTopic: true},
	{Name: "sink-1000p", Title: "100 B, 1,000 partitions, into the sink", Sink: true, Partitions: 1000, Codec: "none", ValueBytes: 100},
	{Name: "snappy", Title: "100 B, 12 partitions, snappy", Partitions: 12, Codec: "snappy", ValueBytes: 100},
	{Name: "lz4", Title: "100 B, 12 partitions, lz4", Partitions: 12, Codec: "lz4", ValueBytes: 100},
	{Name: "zstd", Title: "100 B, 12 partitions, zstd", Partitions: 12, Codec: "zstd", ValueBytes: 100},
	{Name: "1k", Title: "1 KiB, 12 partitions", Partitions: 12, Codec: "none", ValueBytes: 1024},
	{Name: "sink-1k", Title: "1 KiB, 12 partitions, into the sink", Sink: true, Partitions: 12, Codec: "none", ValueBytes: 1024},
	{Name: "1k-lz4", Title: "1 KiB, 12 partitions, lz4", Partitions: 12, Codec: "lz4", ValueBytes: 1024},
	{Name: "1k-zstd", Title: "1 KiB, 12 partitions, zstd", Partitions: 12, Codec: "zstd", ValueBytes: 1024},
	{Name: "consume", Title: "consume 100 B, 12 partitions", Kind: Consume, Partitions: 12, Codec: "none", ValueBytes: 100},
	{Name: "paced", Title: "100 B, 1,000 records/s, linger 0", Kind: Paced, Partitions: 1, Codec: "none", ValueBytes: 100},
	{Name: "sink-paced", Title: "100 B, 1,000 records/s, linger 0, into the sink", Kind: Paced, Sink: true, Partitions: 1, Codec: "none", ValueBytes: 100},
}

// FindWorkload returns the workload of that name.
func FindWorkload(name string) (Workload, error) {
	for _, w := range Workloads {
		if w.Name == name {
			return w, nil
		}
	}
	return Workload{}, fmt.Errorf("no workload is called %q", name)
}
