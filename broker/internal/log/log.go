// Package log is one partition's log, in memory: batches in the order of
// their offsets, found again by offset or by timestamp.
//
// It knows nothing of what is inside a batch: the caller has validated it,
// given it offsets and says how far they reach. It copies a batch once, when
// it is appended; what Read returns is a view of that copy, which is never
// changed or reused, so a reader may keep it while the log goes on growing.
//
// A Log has no lock and no goroutine: the caller serialises its calls.
package log

import (
	"errors"
	"sort"
)

// ErrOutOfRange is returned for an offset before the start or after the end
// of the log.
var ErrOutOfRange = errors.New("offset is outside the log")

// Log is the sequence of batches of one partition. The zero value is an
// empty log that starts at offset 0.
type Log struct {
	// segments are ordered by offset; only the last one is appended to, and
	// none is empty.
	segments []*segment
	start    int64 // log start offset
	end      int64 // log end offset: what the next record gets
	bytes    int64 // sum of the segments' sizes
}

// Start returns the log start offset: the first one that can be read.
func (l *Log) Start() int64 { return l.start }

// End returns the log end offset: the one that the next record will have.
func (l *Log) End() int64 { return l.end }

// Bytes returns the size of all batches held.
func (l *Log) Bytes() int64 { return l.bytes }

// Append copies one batch to the end of the log. Its first record must
// have been given the offset End, its last one lastOffset.
func (l *Log) Append(data []byte, lastOffset, maxTimestamp int64) {
	seg := l.tail(len(data))
	seg.append(data, batch{base: l.end, last: lastOffset, maxTimestamp: maxTimestamp})
	l.bytes += int64(len(data))
	l.end = lastOffset + 1
}

// tail returns the segment that has room for n more bytes.
func (l *Log) tail(n int) *segment {
	var previous int
	if len(l.segments) > 0 {
		last := l.segments[len(l.segments)-1]
		if last.fits(n) {
			return last
		}
		previous = cap(last.data)
	}
	seg := newSegment(previous, n)
	l.segments = append(l.segments, seg)
	return seg
}

// Read returns batches from the one that holds offset on, maxBytes of them
// at most: the last one may be cut off in its middle, as Kafka does. The first
// one is not: when it does not fit it is returned whole with wholeFirst, and
// nothing is without. At the end of the log Read returns nothing.
func (l *Log) Read(offset int64, maxBytes int, wholeFirst bool) ([]byte, error) {
	if offset < l.start || offset > l.end {
		return nil, ErrOutOfRange
	}
	if offset == l.end {
		return nil, nil
	}
	s := l.segmentOf(offset)
	seg := l.segments[s]
	b := seg.batchOf(offset)
	pos := seg.batches[b].pos
	if first := seg.endOf(b) - pos; maxBytes < first {
		if !wholeFirst {
			return nil, nil
		}
		maxBytes = first
	}
	return l.slice(s, pos, maxBytes), nil
}

// slice returns n bytes from position pos of segment s on, or as many as
// there are. They are a view of the segment, unless they span two.
func (l *Log) slice(s, pos, n int) []byte {
	data := l.segments[s].data[pos:]
	if len(data) >= n || s+1 == len(l.segments) {
		n = min(n, len(data))
		return data[:n:n]
	}
	size := len(data)
	for i := s + 1; i < len(l.segments) && size < n; i++ {
		size += len(l.segments[i].data)
	}
	joined := append(make([]byte, 0, min(size, n)), data...)
	for i := s + 1; len(joined) < cap(joined); i++ {
		data = l.segments[i].data
		joined = append(joined, data[:min(len(data), cap(joined)-len(joined))]...)
	}
	return joined
}

// segmentOf returns the index of the segment that holds offset, which must
// be one of the log's.
func (l *Log) segmentOf(offset int64) int {
	return sort.Search(len(l.segments), func(i int) bool { return l.segments[i].last() >= offset })
}

// BatchSince returns the first batch with a record of timestamp or later,
// nil when there is none.
func (l *Log) BatchSince(timestamp int64) []byte {
	for _, seg := range l.segments {
		if seg.maxTimestamp < timestamp {
			continue
		}
		for i, b := range seg.batches {
			if b.last >= l.start && b.maxTimestamp >= timestamp {
				return seg.batch(i)
			}
		}
	}
	return nil
}

// BatchOfMaxTimestamp returns the first of the batches with the largest
// timestamp in the log, nil when the log is empty.
func (l *Log) BatchOfMaxTimestamp() []byte {
	var found []byte
	var largest int64
	for _, seg := range l.segments {
		if found != nil && seg.maxTimestamp <= largest {
			continue
		}
		for i, b := range seg.batches {
			if b.last >= l.start && (found == nil || b.maxTimestamp > largest) {
				found, largest = seg.batch(i), b.maxTimestamp
			}
		}
	}
	return found
}

// AdvanceStart moves the log start offset up to offset and lets go of the
// segments before it. It does nothing when the log starts there or later.
func (l *Log) AdvanceStart(offset int64) error {
	if offset > l.end {
		return ErrOutOfRange
	}
	if offset <= l.start {
		return nil
	}
	l.start = offset
	for len(l.segments) > 0 && l.segments[0].last() < offset {
		l.dropFirst()
	}
	return nil
}

// Retain lets go of the oldest segments as long as at least limit bytes
// remain; the last segment always stays.
func (l *Log) Retain(limit int64) {
	for len(l.segments) > 1 && l.bytes-int64(len(l.segments[0].data)) >= limit {
		l.start = max(l.start, l.segments[0].last()+1)
		l.dropFirst()
	}
}

func (l *Log) dropFirst() {
	l.bytes -= int64(len(l.segments[0].data))
	l.segments[0] = nil
	l.segments = l.segments[1:]
}
