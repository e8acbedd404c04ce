package accum

import "sync"

// promiseChunk is how many promises are made at a time. A future that is kept
// keeps so many: a few KiB.
const promiseChunk = 16

// Supply makes the promises of the partitions that share it. Where batches are
// small because there are many partitions, one at a time would be most of what
// a producer allocates. A promise is never used again, for futures may be kept.
// The zero value is ready for use, by any number of goroutines.
type Supply struct {
	mu   sync.Mutex
	left []Promise
}

func (s *Supply) promise() *Promise {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.left) == 0 {
		s.left = make([]Promise, promiseChunk)
	}
	pr := &s.left[0]
	s.left = s.left[1:]
	return pr
}

// batches are those that are settled and that nobody refers to any more.
var batches = sync.Pool{New: func() any { return new(Batch) }}

// recycle ends the use of b.
func recycle(b *Batch) {
	*b = Batch{}
	batches.Put(b)
}
