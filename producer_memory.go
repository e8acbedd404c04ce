package afkak

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// producerMemory is the one byte budget of a producer and the buffers that its
// batches are written into. Everything that a batch holds is counted, from the
// moment it is lent until it is given back: after the batch's final answer, or when
// its callbacks have run. Callbacks are counted too, even where that goes over the
// limit: they are there.
//
// Those who wait for memory are served in the order they came: nobody takes
// what is free while somebody waits.
type producerMemory struct {
	limit int

	mu      sync.Mutex
	used    int   // bytes lent
	arena   arena // what most of them are of
	waiters list.List
	closed  bool
}

// memoryWish is what somebody wants of the memory.
type memoryWish struct {
	size     int  // bytes that are to be left
	least    int  // bytes that the buffer must have, if there is no piece of size
	optional bool // no buffer is an answer as well, if there is no piece of least
}

type memoryWaiter struct {
	memoryWish
	buf     []byte
	granted chan struct{} // closed when buf is the waiter's
}

// newProducerMemory makes the memory for batches of up to largest bytes.
func newProducerMemory(limit, largest int) *producerMemory {
	m := &producerMemory{limit: limit}
	m.arena.class = classOf(largest)
	for m.arena.class > 0 && sizeOfClass(m.arena.class) > limit {
		m.arena.class--
	}
	return m
}

// sizeOf returns the size of the buffers that hold n bytes.
func (m *producerMemory) sizeOf(n int) int {
	if class := classOf(n); class <= m.arena.class && sizeOfClass(class) <= m.limit {
		return sizeOfClass(class)
	}
	return n
}

// take lends a buffer; ok is false if size bytes are not left or others wait for
// memory.
func (m *producerMemory) take(wish memoryWish) (buf []byte, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.left(wish) || m.waiters.Len() > 0 {
		return nil, false
	}
	return m.lend(wish), true
}

func (m *producerMemory) left(wish memoryWish) bool { return m.used+m.sizeOf(wish.size) <= m.limit }

// lend returns a buffer and counts it. Called with mu held, if size bytes are left.
func (m *producerMemory) lend(wish memoryWish) []byte {
	buf := m.fromArena(classOf(wish.size), classOf(wish.least))
	if buf == nil && !wish.optional {
		buf = make([]byte, m.sizeOf(wish.least))
	}
	m.used += cap(buf)
	m.arena.trim(m.limit - m.outside())
	return buf
}

// outside returns the bytes lent that are not of the arena.
func (m *producerMemory) outside() int { return m.used - m.arena.lent }

// fromArena takes a buffer of the class, or the largest that there is, but none
// smaller than least. Called with mu held.
func (m *producerMemory) fromArena(class, least int) []byte {
	if least > m.arena.class {
		return nil
	}
	class = min(class, m.arena.class)
	buf := m.arena.take(class)
	if buf == nil && m.outside()+m.arena.size()+sizeOfClass(m.arena.class) <= m.limit {
		m.arena.add()
		buf = m.arena.take(class)
	}
	for ; buf == nil && class > least; class-- {
		buf = m.arena.take(class - 1)
	}
	return buf
}

// wait is take that queues until ctx or stop ends, or stuck returns an error; if
// stop did, there is none. stuck is called at once and every 10 ms, with the time
// since: nobody else may be about to give memory back.
func (m *producerMemory) wait(ctx context.Context, stop <-chan struct{}, wish memoryWish, stuck func(time.Duration) error) ([]byte, error) {
	w := &memoryWaiter{memoryWish: wish, granted: make(chan struct{})}
	m.mu.Lock()
	place := m.waiters.PushBack(w)
	m.grant()
	m.mu.Unlock()

	began := time.Now()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		if err := stuck(time.Since(began)); err != nil {
			m.leave(w, place)
			return nil, err
		}
		select {
		case <-w.granted:
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
		m.back(w.buf, cap(w.buf))
	default:
		m.waiters.Remove(place)
	}
	m.grant()
}

// grant serves the waiters whose turn it is. Called with mu held.
func (m *producerMemory) grant() {
	for place := m.waiters.Front(); place != nil; place = m.waiters.Front() {
		w := place.Value.(*memoryWaiter)
		if !m.left(w.memoryWish) {
			return
		}
		m.waiters.Remove(place)
		w.buf = m.lend(w.memoryWish)
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
	m.back(buf, counted)
	m.grant()
}

// count counts bytes that are elsewhere, whether they are left or not: they are
// taken already. Until they are given back, others wait.
func (m *producerMemory) count(bytes int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += bytes
	m.arena.trim(m.limit - m.outside())
}

// exchange takes back a buffer whose batch now holds counted bytes elsewhere.
func (m *producerMemory) exchange(buf []byte, counted int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.used += counted
	m.back(buf, cap(buf))
	m.grant()
}

// back uncounts bytes, and keeps the buffer for the next batch if it is of the
// arena. Called with mu held.
func (m *producerMemory) back(buf []byte, counted int) {
	m.used -= counted
	m.arena.give(buf)
	if m.closed {
		m.arena.trim(0)
	}
}

// rest drops most of what is kept when nothing is in use: a block stays, or
// several up to a quarter of the limit. A producer between two bursts would only
// have to make it again, so it is for one that rests.
func (m *producerMemory) rest() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.used == 0 {
		m.arena.trim(max(m.limit/4, sizeOfClass(m.arena.class)))
	}
}

// close keeps nothing from now on.
func (m *producerMemory) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	m.arena.trim(0)
}

// inUse returns the bytes that are lent.
func (m *producerMemory) inUse() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.used
}
