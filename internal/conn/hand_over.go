package conn

import (
	"encoding/binary"
	"math"
	"time"
)

// handOver gives p to the writer and returns its correlation id. On an error p
// is gone.
func (c *Conn) handOver(p *pending) (int32, error) {
	now := time.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.refusal(p); err != nil {
		recycle(p)
		return 0, err
	}
	c.identify(p)
	p.handed, p.deadline = now, now.Add(p.timeout)
	if p.throttleAside && c.mutedUntil.After(now) {
		p.deadline = c.mutedUntil.Add(p.timeout)
	}
	c.queue.push(p)
	c.queuedBytes += p.size
	c.watch(p.deadline, now)
	c.kick()
	return p.correlation, nil
}

// refusal says why p cannot be taken, nil if it can. c.mu is held.
func (c *Conn) refusal(p *pending) error {
	switch {
	case c.cause != nil:
		return c.ended(p)
	case c.queuedBytes > 0 && c.queuedBytes+p.size > c.cfg.MaxQueuedBytes:
		return c.error(p.name(), ErrQueueFull, false)
	}
	return nil
}

// firstCorrelation is two ends of a line: an HTTP server answers a request with
// that in its header, rather than wait for more, so that it can be named.
const firstCorrelation = 0x0d0a0d0a

// identify gives p the next correlation id, which is never 0. c.mu is held.
func (c *Conn) identify(p *pending) {
	if c.correlation == math.MaxInt32 {
		c.correlation = 0
	}
	c.correlation++
	p.correlation = c.correlation
	if !p.bare {
		binary.BigEndian.PutUint32(p.buf[correlationAt:], uint32(p.correlation))
	}
}

// kick tells the writer that there may be something to write.
func (c *Conn) kick() {
	select {
	case c.wake <- struct{}{}:
	default: // it has been told
	}
}
