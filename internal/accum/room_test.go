package accum

import (
	"math/bits"
	"testing"
	"time"
)

// fill appends records until the open batch has at least size bytes, or is full.
// It lends what Room asks for, in powers of two, and returns how many buffers
// that took and how many bytes were copied from one to the next.
func fill(t *testing.T, p *Partition, size int) (buffers, moved int) {
	t.Helper()
	e := &Entry{Value: make([]byte, 100)}
	for p.open == nil || p.open.builder.Len() < size {
		if pr, _, _ := p.Append(0, nil, e.Value, nil); pr != nil {
			continue
		}
		room := p.Room(e)
		if room.Full {
			return buffers, moved
		}
		var buf []byte
		if room.Bytes > 0 {
			buf = make([]byte, min(1<<bits.Len(uint(max(room.Most, 1024)-1)), p.cfg.BatchBytes))
			buffers++
			if p.open != nil {
				moved += p.open.builder.Len()
			}
		}
		if placed, err := p.Place(buf, 0, e); err != nil || placed.Promise == nil {
			t.Fatalf("place: %+v, %v", placed, err)
		}
	}
	return buffers, moved
}

func store(t *testing.T, p *Partition) {
	t.Helper()
	p.Close()
	b := p.Take(time.Second)
	if b == nil {
		t.Fatal("nothing to take")
	}
	p.Answer(time.Second, b, Answer{Offset: 1, LogAppendTime: -1})
}

func TestBatchStartsInABufferForAsMuchAsTheLastOnes(t *testing.T) {
	p := NewPartition(benchConfig(), "orders", 0)
	fill(t, p, 500_000)
	store(t, p)
	for _, size := range []int{500_000, 450_000, 1000, 370_000} { // a small one in between says little
		if buffers, moved := fill(t, p, size); buffers != 1 || moved != 0 {
			t.Errorf("a batch of %d bytes after one of 500,000 took %d buffers and moved %d bytes, want 1 and 0", size, buffers, moved)
		}
		store(t, p)
	}
	for range 40 {
		fill(t, p, 100)
		store(t, p)
	}
	if room := p.Room(&Entry{Value: make([]byte, 100)}); room.Most > 1000 {
		t.Errorf("after 40 small batches the next still gets %d bytes", room.Most)
	}
}

func TestBatchBehindAFullOneStartsInABufferOfItsSize(t *testing.T) {
	cfg := benchConfig()
	p := NewPartition(cfg, "orders", 0)
	fill(t, p, cfg.BatchBytes)
	room := p.Room(&Entry{Value: make([]byte, 100)})
	if !room.Full || room.Most < cfg.BatchBytes-200 {
		t.Errorf("got %+v, want a buffer of nearly %d bytes", room, cfg.BatchBytes)
	}
}

func TestGrowingBatchCopiesAThirdOfItself(t *testing.T) {
	cfg := benchConfig()
	p := NewPartition(cfg, "orders", 0)
	if _, moved := fill(t, p, cfg.BatchBytes); moved > cfg.BatchBytes*2/5 {
		t.Errorf("%d bytes were copied for a batch of %d", moved, cfg.BatchBytes)
	}
}
