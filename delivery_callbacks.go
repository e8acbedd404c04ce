package afkak

import (
	"sync"
	"sync/atomic"

	"github.com/afkak-go/afkak/internal/accum"
)

// callbacks runs what was given to [Delivery.Then], in order, on a goroutine
// that runs while there is something to call. What waits is bounded by the
// producer's memory: a batch keeps its own until its callbacks have run, and they
// are counted as well.
type callbacks struct {
	memory *producerMemory
	pages  atomic.Uint64 // that have run: who waits for memory sees from it that they go on

	mu      sync.Mutex
	queue   accum.Calls
	running bool
	idle    chan struct{} // closed when running ends; nil while it does not run
}

// enqueue adds calls behind those that wait. It never blocks on a callback.
func (c *callbacks) enqueue(calls accum.Calls) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if spare := c.queue.Join(calls); spare != nil {
		c.free(spare)
	}
	if !c.running {
		c.running, c.idle = true, make(chan struct{})
		go c.run() // ends when the queue is empty; Producer.Close waits for it
	}
}

func (c *callbacks) run() {
	for page := c.next(); page != nil; page = c.next() {
		for i := range page.Calls() {
			deliver(&page.Calls()[i])
		}
		c.pages.Add(1)
		c.free(page)
	}
}

// next takes the next page; nil if there is none, and then run has to end.
func (c *callbacks) next() *accum.Page {
	c.mu.Lock()
	defer c.mu.Unlock()
	page := c.queue.Pop()
	if page == nil {
		c.running = false
		close(c.idle)
	}
	return page
}

// free gives back what is held for callbacks that have run.
func (c *callbacks) free(page *accum.Page) {
	lent := page.Free()
	c.memory.give(lent.Buffer, lent.Bytes)
}

func deliver(call *accum.Call) {
	d := Delivery{promise: call.Promise, index: call.Index, timestamp: call.Timestamp, count: 1}
	result, err, _ := d.Result()
	call.Fn.(func(Result, error))(result, err)
}

// drained returns a channel that is closed once nothing waits to be called.
func (c *callbacks) drained() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.running {
		none := make(chan struct{})
		close(none)
		return none
	}
	return c.idle
}
