package conn

import (
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// watch sees to it that expire runs at the time at, or before. c.mu is held.
func (c *Conn) watch(at, now time.Time) {
	if c.cause == nil && (c.alarmAt.IsZero() || at.Before(c.alarmAt)) {
		c.alarmAt = at
		c.alarm.Reset(at.Sub(now))
	}
}

// rewatch looks again at a call that expire had to leave to the writer. c.mu
// is held.
func (c *Conn) rewatch(p *pending) {
	if p.done != nil {
		c.watch(p.deadline, time.Now())
	}
}

// oldest is the request that the broker is busy with, or the peer is not
// reading. c.mu is held.
func (c *Conn) oldest() *pending { return c.flight.front() }

// silentAt is when a broker that has not answered its oldest request p counts
// as silent. c.mu is held.
func (c *Conn) silentAt(p *pending) time.Time {
	since := p.handed
	if c.lastAnswer.After(since) { // until then it was busy with others
		since = c.lastAnswer
	}
	if p.throttleAside && c.mutedUntil.After(since) { // until then it does not read
		since = c.mutedUntil
	}
	return since.Add(p.timeout)
}

// expire ends the calls whose time is over, and the connection if the broker
// is silent. It is the alarm's.
func (c *Conn) expire() {
	now := time.Now()
	c.mu.Lock()
	c.alarmAt = time.Time{}
	if c.cause != nil {
		c.mu.Unlock()
		return
	}
	if p := c.oldest(); p != nil && !now.Before(c.silentAt(p)) {
		silent := cause{correlation: p.correlation, op: p.name(), err: &TimeoutError{After: p.timeout}}
		c.mu.Unlock()
		c.end(silent)
		return
	}
	late := c.takeLate(now)
	c.watchNext(now)
	c.late.Add(1) // while the connection lives; the reader waits for it
	defer c.late.Done()
	c.mu.Unlock()
	for _, l := range late {
		l.done(nil, l.err)
	}
}

// lateCall is a call whose time is over.
type lateCall struct {
	done func(protocol.Response, error)
	err  error
}

// takeLate ends the waits that are over by now. Requests that were not written
// never will be; the answers to the others are thrown away when they come.
// c.mu is held.
func (c *Conn) takeLate(now time.Time) (late []lateCall) {
	end := func(p *pending) {
		err := c.error(p.name(), &TimeoutError{After: p.timeout, Behind: c.busyWith(p)}, p.sent)
		late = append(late, lateCall{p.settle(), err})
	}
	for _, p := range c.flight.all() {
		if p.overdue(now) {
			end(p)
		}
	}
	for i := 0; i < len(c.queue.all()); {
		p := c.queue.all()[i]
		if !p.overdue(now) {
			i++
			continue
		}
		end(p)
		c.drop(p)
	}
	return late
}

// overdue reports whether the wait for p is to end. While the writer reads the
// caller's memory it is not: the call would be done and its memory still read.
func (p *pending) overdue(now time.Time) bool {
	return p.done != nil && p.stage != writing && !now.Before(p.deadline)
}

// busyWith names the request that kept p waiting, or is "".
func (c *Conn) busyWith(p *pending) string {
	if first := c.oldest(); first != nil && first != p {
		return first.name()
	}
	return ""
}

// watchNext sets the alarm for what is due next. c.mu is held.
func (c *Conn) watchNext(now time.Time) {
	if p := c.oldest(); p != nil {
		c.watch(c.silentAt(p), now)
	}
	for _, list := range [...][]*pending{c.flight.all(), c.queue.all()} {
		for _, p := range list {
			if p.done != nil && p.stage != writing {
				c.watch(p.deadline, now)
			}
		}
	}
}
