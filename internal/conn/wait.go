package conn

import (
	"context"

	"github.com/afkak-go/afkak/protocol"
)

// wait hands p over and waits for the answer or the end of ctx.
func (c *Conn) wait(ctx context.Context, p *pending) (protocol.Response, error) {
	name := p.lazyName()
	if err := ctx.Err(); err != nil {
		recycle(p)
		return nil, c.error(name.String(), err, false)
	}
	w := c.waiters.Get().(*waiter)
	defer c.waiters.Put(w)
	p.done = w.done
	id, err := c.handOver(p)
	if err != nil {
		return nil, err
	}
	select {
	case a := <-w.answers:
		return a.response, a.err
	case <-ctx.Done():
	}
	if sent, ok := c.abandon(id); ok {
		return nil, c.error(name.String(), ctx.Err(), sent)
	}
	a := <-w.answers // it is being called
	return a.response, a.err
}

// callName is the name of a call, made up only when it is needed.
type callName struct {
	key     protocol.APIKey
	version int16
	op      string
}

func (p *pending) lazyName() callName { return callName{p.key, p.version, p.op} }

func (n callName) String() string {
	if n.op != "" {
		return n.op
	}
	return requestName(n.key, n.version)
}

// abandon gives up the wait for a call. ok is false if it has ended already.
func (c *Conn) abandon(id int32) (sent, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.queue.all() {
		if p.correlation == id {
			c.drop(p)
			return false, true
		}
	}
	for _, p := range c.flight.all() {
		if p.correlation == id {
			return p.sent, p.settle() != nil
		}
	}
	return false, false
}

// drop takes p out of the queue. c.mu is held.
func (c *Conn) drop(p *pending) {
	c.queue.remove(p)
	c.queuedBytes -= p.size
	recycle(p)
}

// waiter is where Do waits. It is reused: exactly one answer comes per use, or
// surely none.
type waiter struct {
	answers chan answer
	done    func(protocol.Response, error)
}

type answer struct {
	response protocol.Response
	err      error
}

func newWaiter() any {
	w := &waiter{answers: make(chan answer, 1)}
	w.done = func(resp protocol.Response, err error) { w.answers <- answer{resp, err} }
	return w
}
