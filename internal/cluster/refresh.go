package cluster

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

// refresher is the one goroutine that asks for metadata. Whoever needs some
// leaves a wish; wishes that are due together become one request.
type refresher struct {
	c     *Cluster
	start sync.Once
	wake  chan struct{} // holds at most one signal

	mu      sync.Mutex
	wishes  map[string]*wish     // by topic
	brokers *wish                // for the list of brokers alone
	heeded  map[string]uint64    // by topic: the newest generation that was complained about
	inUse   map[string]time.Time // topics that somebody asked for, and when last
	failed  time.Time            // when the last refresh failed; zero after one that did not
}

// wish is what one refresh is to bring.
type wish struct {
	create bool      // the topic may be created by asking
	due    time.Time // not before
	done   chan struct{}
	err    error // set before done is closed
}

func (r *refresher) init(c *Cluster) {
	r.c = c
	r.wake = make(chan struct{}, 1)
	r.wishes = map[string]*wish{}
	r.heeded = map[string]uint64{}
	r.inUse = map[string]time.Time{}
}

// Stale says "I was sent to a wrong broker by this generation of the picture".
// It leads to one refresh of the topics, however many say so, and returns at once.
func (c *Cluster) Stale(generation uint64, topics ...string) {
	r := &c.refresher
	picture := c.Picture()
	now := time.Now()
	r.mu.Lock()
	for _, name := range topics {
		r.inUse[name] = now
		topic, known := picture.Topic(name)
		if known && topic.Generation > generation {
			continue // it was asked for since
		}
		if heeded, ok := r.heeded[name]; ok && heeded >= generation {
			continue // it is being asked for
		}
		r.heeded[name] = generation
		due := now
		if known {
			due = topic.At.Add(c.cfg.RetryBackoff.Min)
		}
		r.wishFor(name, false, due)
	}
	r.mu.Unlock()
	r.signal()
}

// Use has topics asked for again when what is known of them is too old.
func (c *Cluster) Use(topics ...string) {
	now := time.Now()
	c.refresher.mu.Lock()
	for _, name := range topics {
		c.refresher.inUse[name] = now
	}
	c.refresher.mu.Unlock()
	c.refresher.signal()
}

// ask wishes for a topic now.
func (r *refresher) ask(name string, create bool) *wish {
	now := time.Now()
	r.mu.Lock()
	r.inUse[name] = now
	w := r.wishFor(name, create, now)
	r.mu.Unlock()
	r.signal()
	return w
}

// askBrokers wishes for the list of brokers now.
func (r *refresher) askBrokers() *wish {
	r.mu.Lock()
	if r.brokers == nil {
		r.brokers = &wish{done: make(chan struct{})}
	}
	w := r.brokers
	r.mu.Unlock()
	r.signal()
	return w
}

// wishFor joins the wish for a topic, or makes one. Requires mu.
func (r *refresher) wishFor(name string, create bool, due time.Time) *wish {
	w := r.wishes[name]
	if w == nil {
		w = &wish{due: due, done: make(chan struct{})}
		r.wishes[name] = w
	}
	w.create = w.create || create
	if due.Before(w.due) {
		w.due = due
	}
	return w
}

func (r *refresher) signal() {
	r.start.Do(func() { r.c.spawn(r.loop) })
	select {
	case r.wake <- struct{}{}:
	default: // it has not looked yet, and will see this too
	}
}

// await waits until a wish has been tried.
func (c *Cluster) await(ctx context.Context, w *wish) error {
	select {
	case <-w.done:
		return lookedUp(w.err)
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ctx.Done():
		return ErrClosed
	}
}

// refreshBrokers asks for the list of brokers.
func (c *Cluster) refreshBrokers(ctx context.Context) error {
	if err := c.await(ctx, c.refresher.askBrokers()); err != nil {
		return fmt.Errorf("ask for the list of brokers: %w", err)
	}
	return nil
}

// loop serves wishes until Close.
func (r *refresher) loop() {
	timer := time.NewTimer(r.c.cfg.MetadataMaxAge)
	defer timer.Stop()
	for {
		select {
		case <-r.c.ctx.Done():
			r.abandon()
			return
		case <-r.wake:
		case <-timer.C:
		}
		round, next := r.take(time.Now())
		if !round.empty() {
			r.serve(round)
			next = 0 // what was wished for meanwhile may be due
		}
		timer.Reset(next)
	}
}

// round is what one turn of the loop asks for.
type round struct {
	existing, create []string // topics; sorted
	wishes           map[string]*wish
	brokers          *wish
}

func (r *round) empty() bool { return len(r.wishes) == 0 && r.brokers == nil }

// take removes the wishes that are due, and tells how long until the next is.
func (r *refresher) take(now time.Time) (*round, time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := r.wishForOld(now)
	taken := &round{wishes: map[string]*wish{}, brokers: r.brokers}
	r.brokers = nil
	for name, w := range r.wishes {
		if left := w.due.Sub(now); left > 0 {
			next = min(next, left)
			continue
		}
		delete(r.wishes, name)
		taken.wishes[name] = w
		if w.create {
			taken.create = append(taken.create, name)
		} else {
			taken.existing = append(taken.existing, name)
		}
	}
	slices.Sort(taken.create)
	slices.Sort(taken.existing)
	return taken, next
}

// wishForOld wishes for the topics in use whose answer is too old, and forgets
// topics that are gone and that nobody asked for since. It tells how long until
// the next one is too old. Requires mu.
func (r *refresher) wishForOld(now time.Time) time.Duration {
	picture := r.c.Picture()
	age := r.c.cfg.MetadataMaxAge
	next := age
	for name, asked := range r.inUse {
		topic, known := picture.Topic(name)
		if !known {
			continue // it has a wish, or will have one when it is asked for
		}
		left := age - now.Sub(topic.At)
		switch {
		case left > 0:
			next = min(next, left)
		case topic.Err == kerr.UnknownTopicOrPartition && now.Sub(asked) >= age:
			delete(r.inUse, name)
			delete(r.heeded, name)
		default:
			r.wishFor(name, false, r.pause(now))
		}
	}
	return next
}

// pause is when to ask again because of age alone: at once, but after a failure
// not without a pause, or the loop would spin while all brokers are gone.
// Requires mu.
func (r *refresher) pause(now time.Time) time.Time {
	if r.failed.IsZero() {
		return now
	}
	return r.failed.Add(r.c.cfg.RetryBackoff.Max)
}

// serve asks, at most twice: topics that may be created by asking are asked
// for apart from those that may not.
func (r *refresher) serve(round *round) {
	var err error
	if len(round.create) > 0 {
		err = r.c.fetchMetadata(r.c.ctx, round.create, true)
	}
	if err == nil && (len(round.existing) > 0 || len(round.create) == 0) {
		err = r.c.fetchMetadata(r.c.ctx, round.existing, false)
	}
	if err != nil && r.c.ctx.Err() == nil {
		r.c.cfg.Logger.Warn("metadata refresh failed", "topics", len(round.wishes), "err", err)
	}
	r.settle(round, err)
}

// settle tells those who wait. After a failure, complaints about the same
// generation are heeded again.
func (r *refresher) settle(round *round, err error) {
	r.mu.Lock()
	r.failed = time.Time{}
	if err != nil {
		r.failed = time.Now()
	}
	for name := range round.wishes {
		if err != nil {
			delete(r.heeded, name)
		}
	}
	r.mu.Unlock()
	for _, w := range round.wishes {
		w.err = err
		close(w.done)
	}
	if round.brokers != nil {
		round.brokers.err = err
		close(round.brokers.done)
	}
}

// abandon ends all wishes when the Cluster closes.
func (r *refresher) abandon() {
	r.mu.Lock()
	left := &round{wishes: r.wishes, brokers: r.brokers}
	r.wishes, r.brokers = map[string]*wish{}, nil
	r.mu.Unlock()
	r.settle(left, ErrClosed)
}

// Forget drops what is known of topics; without names, of all topics.
func (c *Cluster) Forget(topics ...string) {
	r := &c.refresher
	r.mu.Lock()
	if len(topics) == 0 {
		clear(r.inUse)
		clear(r.heeded)
	}
	for _, name := range topics {
		delete(r.inUse, name)
		delete(r.heeded, name)
	}
	r.mu.Unlock()
	c.change(func(p *metadata.Picture) *metadata.Picture { return p.Without(topics...) })
}
