package accum

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

func (s *Sizes) mostIs(t *testing.T, least, most int) {
	t.Helper()
	if got := int(s.most.Load()); got < least || got > most {
		t.Errorf("a batch may get to %d bytes, want %d to %d", got, least, most)
	}
}

func TestBatchesGrowAsFarAsTheirTopicCompresses(t *testing.T) {
	s := NewSizes(1000, 8000)
	s.mostIs(t, 1000, 1000)
	s.compressed(1000, 500)
	s.mostIs(t, 1900, 2000)
	s.compressed(100, 110) // a small one says nothing
	s.mostIs(t, 1900, 2000)
	for range 50 {
		s.compressed(2000, 500)
	}
	s.mostIs(t, 3700, 3900)
	for range 50 {
		s.compressed(4000, 40)
	}
	s.mostIs(t, 8000, 8000)
	s.compressed(8000, 8010) // all of a sudden
	s.mostIs(t, 1000, 1000)
}

func TestLimitIsFoundByRefusalsAndRaisedWithCare(t *testing.T) {
	const real = 700
	s := NewSizes(1000, 1000)
	refusals := 0
	for range 2000 {
		if size := int(s.most.Load()); size > real {
			s.refuse(time.Second, size)
			refusals++
		} else {
			s.take(time.Second, size)
		}
	}
	if refusals < 1 || refusals > 8 {
		t.Errorf("%d refusals, want a few", refusals)
	}
	s.mostIs(t, real*9/10, real)
	s.take(time.Second+forgetAfter, 600)
	s.mostIs(t, 1000, 1000)
}

func TestRefusedBatchesOfOneTimeCountOnce(t *testing.T) {
	s := NewSizes(1000, 1000)
	s.take(0, 800)
	for range 5 { // all were in flight
		s.refuse(0, 1000)
	}
	s.mostIs(t, 800, 800)
	s.refuse(0, 400)
	s.mostIs(t, 200, 200)
	s.take(0, 600) // the limit is another now
	s.mostIs(t, 1000, 1000)
}

func TestBatchThatComesOutTooLargeIsDividedBeforeItIsSent(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.BatchBytes = 1000; cfg.Retries = 0 })
	sizes := NewSizes(1000, 16_000)
	sizes.compressed(1000, 100)
	s.p.Share(sizes)
	s.p.Identify(77, 0, 0)
	noise := rand.New(rand.NewPCG(1, 1))
	var futures []future
	for range 40 {
		value := make([]byte, 100)
		for i := range value {
			value[i] = byte(noise.Uint32())
		}
		futures = append(futures, s.send(0, string(value)))
	}
	s.p.Close()
	sequence, batches := int32(0), 0
	for at := time.Duration(0); sequence < 40; at += ms {
		b := s.p.Take(at)
		if b == nil {
			t.Fatalf("nothing to take, with %d of 40 sent", sequence)
		}
		before := b.Memory()
		spare, err := b.Seal(record.Seal{Magic: 2, Codec: compress.LZ4})
		if err != nil {
			t.Fatal(err)
		}
		if spare != nil {
			s.lent += b.Memory() - before
		}
		if s.p.Divide(b) {
			continue
		}
		if len(b.Wire()) > 1000 {
			t.Errorf("%d bytes are sent", len(b.Wire()))
		}
		s.numbered(b, 77, 0, sequence)
		count := int32(b.Count())
		s.stored(at, b, int64(sequence))
		sequence += count
		batches++
	}
	for i, f := range futures {
		f.has(int64(i))
	}
	if batches > 8 {
		t.Errorf("%d batches of 4,000 bytes", batches)
	}
	s.holdsNothing()
}
