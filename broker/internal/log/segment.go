package log

import "sort"

// Segments start small, so that an idle partition costs little, and double up
// to the size at which one more segment no longer matters.
const (
	minSegmentBytes = 16 << 10
	maxSegmentBytes = 4 << 20
)

// segment is a run of batches in one piece of memory.
type segment struct {
	// data never moves: readers hold slices of it. Bytes below its length do
	// not change any more.
	data         []byte
	batches      []batch
	maxTimestamp int64
}

// batch is where one batch lies and what it covers.
type batch struct {
	base, last   int64 // offsets
	maxTimestamp int64 // ms since the epoch
	pos          int   // of the first byte in the segment
}

// newSegment makes room for at least n bytes; previous is the capacity of
// the segment before it, 0 for the first.
func newSegment(previous, n int) *segment {
	size := min(max(2*previous, minSegmentBytes), maxSegmentBytes)
	return &segment{data: make([]byte, 0, max(size, n))}
}

func (s *segment) fits(n int) bool { return cap(s.data)-len(s.data) >= n }

func (s *segment) append(data []byte, b batch) {
	b.pos = len(s.data)
	if len(s.batches) == 0 || b.maxTimestamp > s.maxTimestamp {
		s.maxTimestamp = b.maxTimestamp
	}
	s.data = append(s.data, data...)
	s.batches = append(s.batches, b)
}

// last returns the last offset in the segment.
func (s *segment) last() int64 { return s.batches[len(s.batches)-1].last }

// batchOf returns the index of the batch that holds offset, or of the next
// one when offset fell into a gap.
func (s *segment) batchOf(offset int64) int {
	return sort.Search(len(s.batches), func(i int) bool { return s.batches[i].last >= offset })
}

// endOf returns the position behind batch i.
func (s *segment) endOf(i int) int {
	if i+1 < len(s.batches) {
		return s.batches[i+1].pos
	}
	return len(s.data)
}

func (s *segment) batch(i int) []byte {
	end := s.endOf(i)
	return s.data[s.batches[i].pos:end:end]
}
