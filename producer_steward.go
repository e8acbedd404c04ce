package afkak

import (
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
)

// steward is the producer's goroutine for what no sender looks after: delivery
// timeouts, partitions without a leader, and the end of the client. It sleeps
// while the producer holds nothing.
type steward struct {
	asleep atomic.Bool // poke it when there is something to look after
	wake   chan struct{}
}

// orphanInterval is how often a leader is asked for where there is none.
const orphanInterval = 250 * time.Millisecond

func (s *steward) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// runSteward ends with the producer; Close waits for it.
func (p *Producer) runSteward() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		changed := p.client.cluster.Changed()
		orphans := p.adopt()
		wait := time.Duration(accum.Forever)
		switch {
		case orphans:
			wait = min(orphanInterval, p.sweepInterval())
		case p.holdsSomething():
			wait, changed = p.sweepInterval(), nil
		default:
			changed = nil
			p.memory.rest()
		}
		timer.Reset(wait)
		select {
		case <-changed:
		case <-p.steward.wake:
		case <-timer.C:
			p.sweep()
		case <-p.client.cluster.Done():
			p.end(ErrClosed)
			return
		case <-p.ctx.Done():
			return
		}
	}
}

// holdsSomething decides whether the steward may sleep. Whoever opens a batch
// afterwards sees asleep and pokes it.
func (p *Producer) holdsSomething() bool {
	p.steward.asleep.Store(true)
	if p.gauge.Held() == 0 {
		return false
	}
	p.steward.asleep.Store(false)
	return true
}

// sweep fails what has passed its delivery timeout, and asks again for leaders
// that are missing.
func (p *Producer) sweep() {
	now := p.now()
	p.eachPartition(func(part *producerPartition) { part.Expire(now) })
	for _, part := range p.orphaned() {
		if _, generation := p.leader(part); generation > 0 {
			p.client.cluster.Stale(generation, part.Topic())
		}
	}
}

// adopt gives partitions to the senders of the leaders that have appeared, and
// reports whether some still have none.
func (p *Producer) adopt() bool {
	left := false
	for _, part := range p.orphaned() {
		if broker, _ := p.leader(part); broker >= 0 {
			p.schedule(part)
		} else {
			left = true
		}
	}
	return left
}

func (p *Producer) orphaned() []*producerPartition {
	p.mu.Lock()
	defer p.mu.Unlock()
	parts := make([]*producerPartition, 0, len(p.orphans))
	for part := range p.orphans {
		parts = append(parts, part)
	}
	return parts
}

// schedule has the partition's sender look at it when something is due. To be
// called after everything that may bring that nearer.
func (p *Producer) schedule(part *producerPartition) {
	for {
		s := part.sender.Load()
		if s == nil {
			if s = p.assign(part); s == nil {
				return
			}
		}
		if s.schedule(part) {
			return
		}
	}
}

// assign finds the sender of the partition's leader; nil if there is no leader
// or the producer has ended.
func (p *Producer) assign(part *producerPartition) *sender {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := part.sender.Load(); s != nil {
		return s
	}
	broker, generation := p.leader(part)
	switch {
	case p.stopped:
		return nil
	case broker < 0:
		if _, known := p.orphans[part]; !known {
			p.orphans[part] = struct{}{}
			p.client.cluster.Stale(generation, part.Topic())
			p.steward.poke()
		}
		return nil
	}
	delete(p.orphans, part)
	s := p.senders[broker]
	if s == nil {
		s = newSender(p, broker)
		p.senders[broker] = s
		p.wg.Go(s.run) // ends with the producer; Close waits for it
	}
	part.sender.Store(s)
	return s
}
