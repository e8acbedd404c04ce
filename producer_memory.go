package afkak

import (
	"container/list"
	"context"
	"math/bits"
	"sync"
	"time"
)

// minBuffer is the smallest buffer that a batch starts in.
const minBuffer = 1 << 10

// producerMemory is the one byte budget of a producer and the buffers that its
// batches are written into. Everything that a batch holds is counted, from the
// moment it is lent until it is given back after the batch's final answer.
// Buffers come in powers of two and are used again.
//
// Those who wait for memory are served in the order they came: nobody takes
// what is free while somebody waits.
type producerMemory struct {
	limit   int
	largest int // the size of the largest buffers: that of a full batch

	mu      sync.Mutex
	used    int        // bytes lent
	idle    int        // bytes in free
	free    [][][]byte // by size class
	waiters list.List  // of *memoryWaiter
	closed  bool
}

type memoryWaiter struct {
	size    int
	buf     []byte        // from free, or nil: to be made
	granted chan struct{} // closed when size is the waiter's
}

func newProducerMemory(limit, largest int) *producerMemory {
	m := &producerMemory{limit: limit, largest: largest}
	m.free = make([][][]byte, classOf(largest)+1)
	return m
}

// classOf returns the index of the smallest size class that holds n bytes.
func classOf(n int) int {
	if n <= minBuffer {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(minBuffer-1)
}

// sizeOf returns the size of the buffers that hold n bytes.
func (m *producerMemory) sizeOf(n int) int {
	return max(n, min(minBuffer<<classOf(n), m.largest))
}

// take lends a buffer of at least size bytes, nil if that much is not left or
// others wait for memory.
func (m *producerMemory) take(size int) []byte {
	m.mu.Lock()
	size = m.sizeOf(size)
	if m.used+size > m.limit || m.waiters.Len() > 0 {
		m.mu.Unlock()
		return nil
	}
	buf := m.lend(size)
	m.mu.Unlock()
	if buf == nil {
		buf = make([]byte, size)
	}
	return buf
}

// lend counts size bytes as used and returns a buffer for them, nil if it must
// be made. Called with mu held.
func (m *producerMemory) lend(size int) []byte {
	m.used += size
	class := classOf(size)
	if class < len(m.free) {
		if bufs := m.free[class]; len(bufs) > 0 && cap(bufs[len(bufs)-1]) >= size {
			buf := bufs[len(bufs)-1]
			bufs[len(bufs)-1] = nil
			m.free[class] = bufs[:len(bufs)-1]
			m.idle -= cap(buf)
			return buf
		}
	}
	m.shrink()
	return nil
}

// shrink drops idle buffers, small ones first, so that used and idle together
// stay within the limit. Batches that grew have left the small ones behind; and
// what is dropped takes memory until it is collected. Called with mu held.
func (m *producerMemory) shrink() {
	for class := 0; class < len(m.free) && m.used+m.idle > m.limit; class++ {
		for bufs := m.free[class]; len(bufs) > 0 && m.used+m.idle > m.limit; bufs = m.free[class] {
			m.idle -= cap(bufs[len(bufs)-1])
			bufs[len(bufs)-1] = nil
			m.free[class] = bufs[:len(bufs)-1]
		}
	}
}

// wait queues for a buffer of at least size bytes until ctx or stop ends; the
// error is nil if stop did. stuck is called at once and from time to time:
// nobody else may be about to give memory back.
func (m *producerMemory) wait(ctx context.Context, stop <-chan struct{}, size int, stuck func()) ([]byte, error) {
	w := &memoryWaiter{size: m.sizeOf(size), granted: make(chan struct{})}
	m.mu.Lock()
	place := m.waiters.PushBack(w)
	m.grant()
	m.mu.Unlock()

	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		stuck()
		select {
		case <-w.granted:
			if w.buf == nil {
				w.buf = make([]byte, w.size)
			}
			return w.buf, nil
		case <-ctx.Done():
			m.leave(w, place)
			return nil, ctx.Err()
		case <-stop:
			m.leave(w, place)
			return nil, nil
		case <-ticker.C:
		}
	}
}

// leave takes a waiter out of the queue, and back what it was granted meanwhile.
func (m *producerMemory) leave(w *memoryWaiter, place *list.Element) {
	m.mu.Lock()
	defer m.mu.Unlock()
	select {
	case <-w.granted:
		m.used -= w.size
		m.keep(w.buf)
	default:
		m.waiters.Remove(place)
	}
	m.grant()
}

// grant serves the waiters whose turn it is. Called with mu held.
func (m *producerMemory) grant() {
	for place := m.waiters.Front(); place != nil; place = m.waiters.Front() {
		w := place.Value.(*memoryWaiter)
		if m.used+w.size > m.limit {
			return
		}
		m.waiters.Remove(place)
		w.buf = m.lend(w.size)
		close(w.granted)
	}
}

// contended reports whether somebody waits.
func (m *producerMemory) contended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiters.Len() > 0
}

// give takes back a buffer that nobody reads or writes any more, and as many
// bytes as were counted for it.
func (m *producerMemory) give(buf []byte, counted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used -= counted
	m.keep(buf)
	m.grant()
}

// exchange takes back a buffer whose batch now holds counted bytes elsewhere.
func (m *producerMemory) exchange(buf []byte, counted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += counted - cap(buf)
	m.keep(buf)
	m.grant()
}

// keep puts a buffer aside for the next batch, if there is room. When nothing
// is in use, a quarter of the limit is kept at most. Called with mu held.
func (m *producerMemory) keep(buf []byte) {
	room := m.limit - m.used
	if m.used == 0 {
		room = m.limit / 4
	}
	class := classOf(cap(buf))
	if buf == nil || m.closed || class >= len(m.free) || m.idle+cap(buf) > room || cap(buf) != m.sizeOf(cap(buf)) {
		return
	}
	m.free[class] = append(m.free[class], buf[:cap(buf)])
	m.idle += cap(buf)
}

// close drops the idle buffers and keeps none from now on.
func (m *producerMemory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed, m.idle = true, 0
	clear(m.free)
}

// inUse returns the bytes that are lent.
func (m *producerMemory) inUse() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}
