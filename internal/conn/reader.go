package conn

import (
	"errors"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// read is the reader goroutine.
func (c *Conn) read() {
	for {
		if why := c.readAnswer(); why != nil {
			c.end(*why)
			break
		}
	}
	c.finish()
}

// readAnswer takes one answer off the wire and ends its call. What it returns
// ends the connection.
func (c *Conn) readAnswer() *cause {
	size, err := c.frames.size()
	if err != nil {
		return c.readFailed(err)
	}
	p, wanted := c.awaited()
	if p == nil {
		return &cause{op: "connection", err: &ProtocolError{
			What: fmt.Sprintf("an answer of %d bytes came that nothing had asked for", size), Hint: "not a Kafka listener?"}}
	}
	if !p.bare {
		if size, err = c.match(p, size); err != nil {
			return c.readFailed(err)
		}
	}
	if !wanted {
		if err := c.frames.discard(size); err != nil {
			return c.readFailed(err)
		}
		c.complete(p, nil, nil)
		return nil
	}
	body, err := c.frames.body(size)
	if err != nil {
		return c.readFailed(err)
	}
	c.served = c.served || p.key != protocol.KeyAPIVersions
	resp := p.response
	if err := p.decode(body); err != nil {
		broken := &ProtocolError{What: fmt.Sprintf("its answer of %d bytes cannot be decoded", size), Err: err}
		why := &cause{correlation: p.correlation, op: p.name(), err: broken}
		c.complete(p, nil, c.error(why.op, broken, true))
		return why
	}
	c.complete(p, resp, nil)
	return nil
}

// readFailed says why the connection ends when reading does. What breaks the
// protocol belongs to the request that was waiting for its answer.
func (c *Conn) readFailed(err error) *cause {
	var broken *ProtocolError
	if errors.As(err, &broken) {
		if p, _ := c.awaited(); p != nil {
			return &cause{correlation: p.correlation, op: p.name(), err: broken}
		}
		return &cause{op: "connection", err: broken}
	}
	why := &cause{op: "connection", err: ioError(err)}
	if p, _ := c.awaited(); p != nil && isClosed(err) && !c.served && c.cfg.SASL == nil && p.key != protocol.KeyAPIVersions {
		why.err = &NetworkError{Err: err, Hint: "it has answered nothing but ApiVersions: does this listener want SASL?"}
	}
	return why
}

// awaited returns the request whose answer comes next, nil if there is none,
// and whether anybody still waits for it. It stays the reader's: nobody else
// takes an answerable request out of the flight.
func (c *Conn) awaited() (p *pending, wanted bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.flight.all() {
		if !p.noResponse {
			return p, p.done != nil
		}
	}
	return nil, false
}

// match reads the correlation id of an answer and returns the size of the
// rest.
func (c *Conn) match(p *pending, size int) (int, error) {
	if size < 4 {
		return 0, &ProtocolError{What: fmt.Sprintf("an answer of %d bytes was announced, too few for its number", size), Hint: "not a Kafka listener?"}
	}
	id, err := c.frames.correlation()
	if err != nil {
		return 0, err
	}
	if id != p.correlation {
		return 0, &ProtocolError{What: fmt.Sprintf("the answer has number %d, that of request %d was due", id, p.correlation)}
	}
	return size - 4, nil
}

// decode reads body, which the response aliases from now on.
func (p *pending) decode(body []byte) error {
	if !p.bare && p.key.ResponseHeaderVersion(p.version) >= 1 { // flexible (KIP-482): tagged fields, of which none is known
		r := kbin.NewReader(body)
		for tags := r.Tags(); tags.Next(); {
			tags.Unknown()
		}
		if err := r.Err(); err != nil {
			return err
		}
		body = body[r.Offset():]
	}
	return p.response.DecodeFrom(body, p.version)
}

// complete ends a call whose answer was taken off the wire.
func (c *Conn) complete(p *pending, resp protocol.Response, err error) {
	now := time.Now()
	throttle := c.throttleOf(resp)
	c.mu.Lock()
	for p.stage == writing && c.cause == nil {
		// An honest broker answers when it has read the whole, so the writer
		// is about to notice that it is done. A liar waits for its timeout.
		c.answered.Wait()
	}
	if p.stage == writing { // the connection ends: finish fails p
		c.mu.Unlock()
		return
	}
	done := p.settle()
	c.flight.remove(p)
	recycle(p)
	c.unanswered--
	c.lastAnswer = now
	if throttle > 0 {
		c.mute(now, throttle)
	}
	if next := c.oldest(); next != nil {
		c.watch(c.silentAt(next), now)
	}
	if c.queue.front() != nil {
		c.kick()
	}
	c.mu.Unlock()
	if done != nil {
		done(resp, err)
	}
}
