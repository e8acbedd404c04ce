package afkak

import (
	"sync"

	"github.com/afkak-go/afkak/internal/accum"
)

// callbacks runs what was given to [Delivery.Then], in order, on a goroutine
// that runs while there is something to call.
type callbacks struct {
	mu      sync.Mutex
	queue   [][]accum.Call
	running bool
	idle    chan struct{} // closed when running ends; nil while it does not run
}

// enqueue adds calls behind those that wait. It never blocks on a callback.
func (c *callbacks) enqueue(calls []accum.Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue = append(c.queue, calls)
	if !c.running {
		c.running, c.idle = true, make(chan struct{})
		go c.run() // ends when the queue is empty; Producer.Close waits for it
	}
}

func (c *callbacks) run() {
	for {
		c.mu.Lock()
		batches := c.queue
		c.queue = nil
		if len(batches) == 0 {
			c.running = false
			close(c.idle)
			c.mu.Unlock()
			return
		}
		c.mu.Unlock()
		for _, calls := range batches {
			for i := range calls {
				call := &calls[i]
				deliver(call)
			}
		}
	}
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
