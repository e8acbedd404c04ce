package accum

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// Estimates are off by this much at times: a batch aims below its limit by it.
	sizeMargin = 1.05

	// A limit that was found by a refusal is tried to be raised after so many
	// batches that came near it, and forgotten after so long: the topic's
	// settings may have changed.
	raiseAfter  = 16
	forgetAfter = 10 * time.Minute
)

// Sizes is how large the batches of one topic may get, learnt from how far they
// compress and from what its brokers refuse. The topic's partitions share it.
// Safe for concurrent use.
type Sizes struct {
	most atomic.Int64 // bytes that an open batch may get to, before compression

	mu         sync.Mutex
	batchBytes int
	ceiling    int
	ratio      float64 // wire bytes for each byte before compression; 0: not known, or no codec
	limit      int     // of wire bytes
	refused    int     // the smallest batch that was; 0: none
	taken      int     // the largest batch that was since
	refusedAt  time.Duration
	full       int // batches near the limit that were taken since it was set
}

// NewSizes returns what is known before the first batch: it may have batchBytes,
// whether compressed or not. ceiling bounds what one may have before
// compression, however well the topic compresses; it is no less.
func NewSizes(batchBytes, ceiling int) *Sizes {
	s := &Sizes{batchBytes: batchBytes, ceiling: ceiling, limit: batchBytes}
	s.aim()
	return s
}

// aim sets what follows from the ratio and the limit. Called with mu held.
func (s *Sizes) aim() {
	most := s.limit
	if s.ratio > 0 {
		most = min(int(float64(s.limit)/(s.ratio*sizeMargin)), s.ceiling)
		if s.refused == 0 { // the limit is our own, and not that strict
			most = max(most, s.batchBytes)
		}
	}
	s.most.Store(int64(most))
}

// compressed learns from a batch of raw bytes that became wire bytes. Small ones
// say nothing of large ones. What compresses badly is believed at once, what
// compresses well by and by.
func (s *Sizes) compressed(raw, wire int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if raw < s.limit/4 {
		return
	}
	seen := float64(wire) / float64(raw)
	if s.ratio == 0 || seen > s.ratio {
		s.ratio = seen
	} else {
		s.ratio += (seen - s.ratio) / 4
	}
	s.aim()
}

// parts returns into how many parts a batch of raw bytes that became wire bytes
// should be divided before it is sent: 1 if it is good as it is.
func (s *Sizes) parts(raw, wire int) int {
	if s == nil {
		return 1
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if wire <= s.limit || s.refused == 0 && raw <= s.batchBytes {
		return 1
	}
	return int(float64(wire)*sizeMargin)/s.limit + 1
}

// refuse learns that a broker has refused a batch for its size.
func (s *Sizes) refuse(now time.Duration, wire int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.refused == 0 || wire < s.refused {
		s.refused = wire
	}
	s.refusedAt, s.full = now, 0
	limit := wire / 2
	if s.taken < wire {
		limit = max(limit, s.taken)
	}
	s.limit = min(s.limit, limit)
	s.aim()
}

// take learns that a broker has stored a batch.
func (s *Sizes) take(now time.Duration, wire int) {
	if s == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.refused == 0:
		s.taken = max(s.taken, wire)
		return
	case wire >= s.refused, now-s.refusedAt >= forgetAfter: // it takes more by now, or perhaps
		s.refused, s.limit, s.taken = 0, s.batchBytes, wire
	case wire < s.limit/8*7:
		s.taken = max(s.taken, wire)
		return
	default:
		s.taken = max(s.taken, wire)
		s.full++
		if gap := s.refused - s.limit; s.full >= raiseAfter && gap > s.refused/16 {
			s.full = 0
			s.limit += gap / 2
		}
	}
	s.aim()
}
