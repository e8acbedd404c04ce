package afkak

import (
	"context"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
)

// placing is one record, or one list, on its way into a batch by the slow
// path: a batch must be opened, grown or closed first, or memory waited for.
type placing struct {
	entry  accum.Entry
	rec    Record
	topic  *producerTopic
	part   *producerPartition
	sticky bool // part is where records without a key go for now
	wait   bool // for memory
}

func (pl *placing) records() int {
	if pl.entry.Together {
		return len(pl.entry.List)
	}
	return 1
}

func (pl *placing) valueBytes() int {
	if !pl.entry.Together {
		return len(pl.entry.Value)
	}
	total := 0
	for _, value := range pl.entry.List {
		total += len(value)
	}
	return total
}

// sendSlow is send for what is not one record of a known topic.
func (p *Producer) sendSlow(ctx context.Context, entry accum.Entry, rec *Record, wait bool) Delivery {
	pl := &placing{entry: entry, rec: *rec, wait: wait}
	var err error
	if pl.topic, err = p.lookUp(ctx, rec.Topic, wait); err == nil {
		pl.part, pl.sticky, err = p.choose(pl.topic, p.currentView(pl.topic), &pl.rec)
	}
	if err != nil {
		return failedDelivery(rec.Topic, -1, p.refused(rec.Topic, -1, pl.records(), err))
	}
	return p.place(ctx, pl)
}

// place brings an entry into a batch, whatever that takes.
func (p *Producer) place(ctx context.Context, pl *placing) Delivery {
	for {
		placed, err := p.tryPlace(ctx, pl)
		if err != nil {
			id := pl.part.ID()
			return failedDelivery(pl.rec.Topic, id, p.refused(pl.rec.Topic, id, pl.records(), err))
		}
		if placed.Promise == nil {
			continue // somebody else was faster
		}
		if pl.sticky {
			p.went(pl.topic, pl.part, pl.part.Total())
		}
		if p.trigger != nil {
			p.count(pl.records(), pl.valueBytes())
		}
		return Delivery{
			promise: placed.Promise, timestamp: pl.entry.Timestamp,
			index: placed.Index, count: int32(pl.records()),
		}
	}
}

// tryPlace makes one attempt; without an error and without a promise another
// one is worth it.
func (p *Producer) tryPlace(ctx context.Context, pl *placing) (placed accum.Placed, err error) {
	if err := p.closedErr(); err != nil {
		return placed, err
	}
	room := pl.part.Room(&pl.entry)
	if room.TooLarge {
		return placed, &RecordTooLargeError{Size: room.Bytes, Limit: p.cfg.batchBytes, Records: pl.records()}
	}
	var buf []byte
	if room.Bytes > 0 {
		if buf, err = p.lend(ctx, pl, room); err != nil || buf == nil {
			return placed, err
		}
	}
	placed, err = pl.part.Place(buf, p.now(), &pl.entry)
	if placed.Spare != nil {
		p.memory.give(placed.Spare, cap(placed.Spare))
	}
	if err != nil {
		return placed, err
	}
	if placed.Opened {
		p.opened(pl.part)
	}
	if placed.Opened || placed.Closed {
		p.schedule(pl.part)
	}
	return placed, nil
}

// lend gets a buffer, waiting if need be; nil without an error: the producer is
// closing, or there is no larger one for the open batch, which was closed.
func (p *Producer) lend(ctx context.Context, pl *placing, room accum.Room) ([]byte, error) {
	want := memoryWish{size: room.Most, least: room.Bytes, optional: room.Grows}
	buf, ok := p.memory.take(want)
	if !ok && !pl.wait {
		want.size = room.Bytes
		if buf, ok = p.memory.take(want); !ok {
			return nil, fmt.Errorf("%w: the buffer of %d bytes is used up", ErrWouldBlock, p.cfg.bufferBytes)
		}
	}
	if !ok {
		var err error
		if buf, err = p.memory.wait(ctx, p.ctx.Done(), want, p.relieve(pl)); err != nil {
			return nil, fmt.Errorf("waiting for room in the buffer of %d bytes%s: %w", p.cfg.bufferBytes, p.heldUp(), err)
		}
	}
	if buf == nil && room.Grows && pl.part.Close() {
		p.schedule(pl.part)
	}
	return buf, nil
}

// opened follows the opening of a batch.
func (p *Producer) opened(part *producerPartition) {
	if p.steward.asleep.Load() {
		p.steward.poke()
	}
	if p.trigger != nil && p.memory.contended() {
		part.Close() // the trigger would hold back what others wait for
	}
}

// relieve returns what to call from time to time while pl waits for memory: it
// makes batches leave that nothing else makes leave, and ends the wait after the
// delivery timeout.
func (p *Producer) relieve(pl *placing) func(time.Duration) error {
	watch := callbackWatch{p: p}
	return func(waited time.Duration) error {
		if timeout := pl.topic.settings.deliveryTimeout; waited >= timeout {
			return &accum.TimeoutError{After: timeout}
		}
		if p.trigger != nil || p.gauge.Closed() == 0 {
			p.fire()
		}
		watch.look(waited)
		return nil
	}
}

// callbackWatch warns once in a wait for memory that callbacks hold it up.
type callbackWatch struct {
	p      *Producer
	ran    uint64
	since  time.Duration
	warned bool
}

// callbackPatience is how long callbacks may hold up everything before that is
// said.
const callbackPatience = time.Second

func (w *callbackWatch) look(waited time.Duration) {
	ran := w.p.callbacks.pages.Load()
	if ran != w.ran || w.p.gauge.Held() > 0 {
		w.ran, w.since = ran, waited
	}
	if !w.warned && waited-w.since >= callbackPatience {
		w.warned = true
		w.p.client.logger.Warn("Send waits for room that nothing holds but records whose callbacks have not run: a callback that sends must use TrySend",
			"waited", waited, "bytes", w.p.memory.inUse())
	}
}

// heldUp says so in an error if callbacks hold up who waits for memory.
func (p *Producer) heldUp() string {
	if p.gauge.Held() > 0 || p.memory.inUse() == 0 {
		return ""
	}
	return ", which records hold whose callbacks have not run (a callback that sends must use TrySend)"
}

// lookUp returns a topic that was perhaps never written to, asking the cluster
// about it if need be.
func (p *Producer) lookUp(ctx context.Context, name string, wait bool) (*producerTopic, error) {
	if topic := p.topic(name); topic != nil {
		return topic, nil
	}
	if err := p.start(); err != nil {
		return nil, err
	}
	if !wait {
		return p.lookUpAside(name)
	}
	ctx, cancel := context.WithTimeout(ctx, p.settingsOf(name).deliveryTimeout)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	for {
		if _, err := p.client.cluster.Topic(ctx, name, true); err != nil {
			if closed := p.closedErr(); closed != nil {
				return nil, closed
			}
			return nil, err
		}
		if topic := p.addTopic(name); topic != nil {
			return topic, nil
		}
	}
}

// lookUpAside is lookUp for those who do not wait. However many ask for a topic
// meanwhile, one goroutine does.
func (p *Producer) lookUpAside(name string) (*producerTopic, error) {
	if known, ok := p.client.cluster.Picture().Topic(name); ok && known.HasLeader() {
		if topic := p.addTopic(name); topic != nil {
			return topic, nil
		}
	}
	if _, asking := p.aside.LoadOrStore(name, struct{}{}); !asking {
		p.spawn(func() { // ends with the producer; Close waits for it
			ctx, cancel := context.WithTimeout(p.ctx, p.settingsOf(name).deliveryTimeout)
			defer cancel()
			_, _ = p.client.cluster.Topic(ctx, name, true)
			p.aside.Delete(name)
		})
	}
	return nil, fmt.Errorf("%w: topic %s is not known yet", ErrWouldBlock, name)
}

// addTopic makes room for a topic that the picture has; nil: it has lost it.
func (p *Producer) addTopic(name string) *producerTopic {
	topic := &producerTopic{name: name, settings: p.settingsOf(name), sizes: accum.NewSizes(p.cfg.batchBytes, p.cfg.largestBatch())}
	if p.currentView(topic) == nil {
		return nil
	}
	if other, exists := p.topics.LoadOrStore(name, topic); exists {
		return other.(*producerTopic)
	}
	p.latest.Store(topic)
	return topic
}

// start starts the clock and the steward, once.
func (p *Producer) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.closedErr(); err != nil {
		return err
	}
	if !p.started && !p.stopped {
		p.started = true
		p.wg.Go(func() { p.clock.run(p.ctx.Done()) })
		p.wg.Go(p.runSteward)
	}
	return nil
}

// spawn runs f on a goroutine that Close waits for.
func (p *Producer) spawn(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.stopped {
		p.wg.Go(f)
	}
}

const sweepMost, sweepLeast = time.Second, 10 * time.Millisecond

// sweepInterval is how often delivery timeouts are looked for.
func (p *Producer) sweepInterval() time.Duration {
	return min(max(p.cfg.shortestDelivery()/64, sweepLeast), sweepMost)
}
