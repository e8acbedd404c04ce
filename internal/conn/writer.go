package conn

import (
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// joinBytes is how much of small requests is joined to one write.
const joinBytes = 64 << 10

// write is the writer goroutine.
func (c *Conn) write() {
	defer close(c.writerDone)
	var out batch
	for {
		select {
		case <-c.wake:
		case <-c.ending:
			return
		}
		for c.take(&out) {
			if !c.send(&out) {
				return
			}
		}
	}
}

// batch is what goes out with one write: small requests joined, or one that is
// written from where it lies.
type batch struct {
	joined []byte
	vector *pending
	marks  []mark     // of all of them
	silent []*pending // those that get no answer
}

// mark is where in a batch a request begins. Its pending may be gone by the
// time that the write ends, so it is known by its correlation id.
type mark struct {
	correlation int32
	begin       int
}

// take moves what can be written now from the queue to the flight. It reports
// whether there is anything.
func (c *Conn) take(out *batch) bool {
	out.joined, out.marks, out.silent, out.vector = out.joined[:0], out.marks[:0], out.silent[:0], nil
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause != nil || c.isMuted() {
		return false
	}
	for p := c.queue.front(); p != nil && (p.noResponse || c.unanswered < c.cfg.MaxInFlight); p = c.queue.front() {
		if !out.add(p) {
			break
		}
		c.queue.remove(p)
		c.queuedBytes -= p.size
		p.sent = true
		c.flight.push(p)
		if !p.noResponse {
			c.unanswered++
		}
	}
	return len(out.joined) > 0 || out.vector != nil
}

// add puts p into the batch if it has room for it.
func (b *batch) add(p *pending) bool {
	m := mark{p.correlation, len(b.joined)}
	switch {
	case b.vector != nil:
		return false
	case len(p.cuts) == 0 && len(b.joined)+p.size <= joinBytes:
		b.joined = append(b.joined, p.buf...)
		p.stage = written // its memory is not needed any more
		b.note(p, m)
		return true
	case len(b.joined) > 0:
		return false
	}
	b.vector = p
	p.stage = writing
	b.note(p, m)
	return true
}

func (b *batch) note(p *pending, m mark) {
	b.marks = append(b.marks, m)
	if p.noResponse {
		b.silent = append(b.silent, p)
	}
}

// send writes a batch. It reports whether the connection still lives.
func (c *Conn) send(out *batch) bool {
	var reached int
	var err error
	if out.vector != nil {
		reached, err = c.sink.writeVector(out.vector.buf, out.vector.cuts)
	} else {
		reached, err = c.sink.write(out.joined)
	}
	if err != nil {
		c.unsend(out, reached)
		c.end(cause{op: "connection", err: ioError(err)})
		return false
	}
	c.settleWritten(out)
	return true
}

// unsend takes back what surely did not leave when a write failed.
func (c *Conn) unsend(out *batch, reached int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range out.marks {
		if m.begin < reached {
			continue
		}
		for _, p := range c.flight.all() {
			if p.correlation == m.correlation {
				p.sent = false
			}
		}
	}
}

// settleWritten ends the calls that wait for nothing else, and lets the reader
// have those whose answer has come already.
func (c *Conn) settleWritten(out *batch) {
	c.mu.Lock()
	if p := out.vector; p != nil {
		p.stage = written
		clear(p.cuts) // the caller's memory
		p.cuts = p.cuts[:0]
		c.answered.Broadcast()
		c.rewatch(p)
	}
	var settled []func(protocol.Response, error)
	for _, p := range out.silent {
		if done := p.settle(); done != nil {
			settled = append(settled, done)
		}
		if p == c.oldest() { // the peer reads
			c.lastAnswer = time.Now()
		}
		c.flight.remove(p)
		recycle(p)
	}
	clear(out.silent)
	c.mu.Unlock()
	for _, done := range settled {
		done(nil, nil)
	}
}
