package accum

import (
	"testing"
	"time"
)

func benchConfig() *Config {
	return &Config{
		BatchBytes: 1_000_000, Linger: 5 * time.Millisecond, MaxInFlight: 1,
		DeliveryTimeout: 2 * time.Minute, Retries: -1, Gauge: new(Gauge), Supply: new(Supply),
		Backoff: Backoff{Min: 100 * time.Millisecond, Max: time.Second},
	}
}

func BenchmarkAppend(b *testing.B) {
	p := NewPartition(benchConfig(), "orders", 0)
	key, value := make([]byte, 8), make([]byte, 92)
	buf := make([]byte, 1_000_000)
	b.SetBytes(100)
	b.ReportAllocs()
	for b.Loop() {
		if pr, _, _ := p.Append(1700000000000, key, value, nil); pr == nil {
			buf = cycle(b, p, buf, &Entry{Timestamp: 1700000000000, Key: key, Value: value})
		}
	}
}

// cycle sends the open batch, if there is one, and opens the next in its buffer.
func cycle(tb testing.TB, p *Partition, buf []byte, e *Entry) []byte {
	p.Close()
	if batch := p.Take(0); batch != nil {
		p.Answer(0, batch, Answer{Offset: 1, LogAppendTime: -1})
	}
	placed, err := p.Place(buf, 0, e)
	if err != nil || placed.Promise == nil {
		tb.Fatalf("place: %+v, %v", placed, err)
	}
	return buf
}

// TestBatchesAllocateLessThanOneInTenTimes counts what it takes to open a batch
// and to settle it. With many partitions that is once in a few records.
func TestBatchesAllocateLessThanOneInTenTimes(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector sync.Pool forgets at random: run it without")
	}
	p := NewPartition(benchConfig(), "orders", 0)
	entry := Entry{Timestamp: 1700000000000, Key: make([]byte, 8), Value: make([]byte, 92)}
	buf := make([]byte, 1000)
	tenTimes := func() {
		for range 10 {
			buf = cycle(t, p, buf, &entry)
		}
	}
	if n := testing.AllocsPerRun(1000, tenTimes); n > 0 {
		t.Errorf("ten batches: %v allocations, want less than one", n)
	}
}
