package afkak

import (
	"sync"
	"sync/atomic"
)

// fetchBudget bounds what all consumers of a client hold in bytes: answers that
// are queued or being read, the batch that each has decompressed, and what
// prefetching may bring on top. A feed that holds nothing may always ask, so
// nobody starves behind those who do not read on.
//
// A nil budget has no bound.
type fetchBudget struct {
	limit int64
	held  atomic.Int64

	// starved is set when somebody found no room; whoever makes room then
	// closes room.
	starved atomic.Bool

	mu   sync.Mutex // taken last, under a feed's
	room chan struct{}
}

// freed returns a channel that is closed when there is room again, for whoever
// finds none afterwards.
func (b *fetchBudget) freed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room == nil {
		b.room = make(chan struct{})
	}
	return b.room
}

// has tells whether so many bytes more fit; if not, see freed.
func (b *fetchBudget) has(bytes int) bool {
	if b == nil || b.held.Load()+int64(bytes) <= b.limit {
		return true
	}
	b.starved.Store(true)
	return b.held.Load()+int64(bytes) <= b.limit // there may be by now
}

// take takes bytes, or gives them back if negative.
func (b *fetchBudget) take(bytes int) {
	if b == nil || bytes == 0 {
		return
	}
	b.held.Add(int64(bytes))
	if bytes < 0 && b.starved.Swap(false) {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.room != nil {
			close(b.room)
			b.room = nil
		}
	}
}
