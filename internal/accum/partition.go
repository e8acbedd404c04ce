package accum

import (
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// batchHeader is what a magic 2 batch takes before its first record.
const batchHeader = 61

// Partition is what a producer holds for one partition. Safe for concurrent
// use.
type Partition struct {
	cfg   *Config
	topic string
	id    int32

	mu            sync.Mutex
	producerID    int64 // -1: none yet, or not idempotent
	nextSequence  int32 // of the next batch that gets its numbers
	inFlight      int32
	window        int32 // the leader's MaxInFlight; 0: nothing was agreed
	leader        int32 // with whom that was agreed
	producerEpoch int16
	plain         bool // the leader knows no sequence numbers
	proven        bool // the leader has stored something of this epoch, and nothing has failed since
	broken        bool // numbers are missing, or perhaps: the next batch takes a new epoch
	unclear       bool // a batch of this epoch has ended that may still be stored
	provenAt      time.Duration

	open    *Batch // being appended to
	waiting list   // closed and not in flight, by ordinal
	sent    list   // in flight, by ordinal

	nextOrdinal uint64
	gate        uint64        // batches with a smaller ordinal may be taken; matters with Hold
	retryAt     time.Duration // nothing is taken before
	expect      int           // size that the next batch may come to
	backlog     int           // bytes of the closed batches, before compression
	sizes       *Sizes        // of the topic's batches; nil: BatchBytes, whatever is known
	closedTotal int64         // bytes of all batches that were ever closed
	barred      error         // why nothing more may be appended; nil: it may
	topicID     TopicID       // of the topic that the next batch is taken for
}

// NewPartition returns an empty partition without an identity.
func NewPartition(cfg *Config, topic string, id int32) *Partition {
	p := new(Partition)
	p.Init(cfg, topic, id)
	return p
}

// Init makes the zero Partition ready, where it is part of something larger.
func (p *Partition) Init(cfg *Config, topic string, id int32) {
	p.cfg, p.topic, p.id = cfg, topic, id
	p.producerID, p.producerEpoch, p.leader = -1, -1, -1
}

// Share sets what the partition goes by in the size of its batches, and all
// others of its topic. To be called before anything is appended.
func (p *Partition) Share(sizes *Sizes) { p.sizes = sizes }

// Topic returns the topic's name.
func (p *Partition) Topic() string { return p.topic }

// ID returns the partition's number.
func (p *Partition) ID() int32 { return p.id }

// Close closes the open batch and lets go what was held back, so that all of
// it leaves as soon as its turn comes. It reports whether anything waits.
func (p *Partition) Close() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo()
	return p.waiting.head != nil
}

// Bar closes the partition and refuses everything after with err. The first
// err stays.
func (p *Partition) Bar(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.letGo()
	if p.barred == nil {
		p.barred = err
	}
}

func (p *Partition) letGo() {
	p.closeOpen()
	p.gate = p.nextOrdinal
}

// closeOpen moves the open batch to the waiting ones.
func (p *Partition) closeOpen() {
	b := p.open
	if b == nil {
		return
	}
	p.open = nil
	b.encoded = b.builder.Len()
	p.expect = afterwards(p.expect, b.encoded)
	p.backlog += b.encoded
	p.closedTotal += int64(b.encoded)
	p.waiting.insert(b)
	p.cfg.Gauge.closed.Add(1) // before open goes down: Held is never 0 in between
	p.cfg.Gauge.open.Add(-1)
}

// Next returns the time from which Take has something to give, [Forever] if
// only an event can change that.
func (p *Partition) Next() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inFlight >= p.limit() {
		return Forever
	}
	return p.next()
}

// next is when the first unsent batch may leave.
func (p *Partition) next() time.Duration { return max(p.due(), p.retryAt) }

// Overdue reports whether what is held back has waited for as long as Linger.
func (p *Partition) Overdue(now time.Duration) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	due := p.due()
	return p.cfg.Hold && due > 0 && due <= now
}

// due is when the first unsent batch has waited long enough.
func (p *Partition) due() time.Duration {
	first := p.waiting.head
	switch {
	case first != nil && (!p.cfg.Hold || first.ordinal < p.gate):
		return 0
	case first == nil:
		first = p.open
	}
	if first == nil || p.cfg.Linger == Forever {
		return Forever
	}
	return first.opened + p.cfg.Linger
}

// InFlight returns the number of batches that were taken and not answered.
func (p *Partition) InFlight() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return int(p.inFlight)
}

// Held is what a partition holds at one moment.
type Held struct {
	Records  int // without an outcome, with and without a request on its way
	InFlight int // batches
}

// Held returns what the partition holds.
func (p *Partition) Held() (held Held) {
	p.mu.Lock()
	defer p.mu.Unlock()
	add := func(b *Batch) {
		if !b.finished {
			held.Records += b.count
		}
	}
	if p.open != nil {
		add(p.open)
	}
	p.waiting.each(add)
	p.sent.each(add)
	held.InFlight = int(p.inFlight)
	return held
}

// Backlog returns the bytes that the partition holds, before compression.
func (p *Partition) Backlog() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.backlog + p.openLen()
}

// Total returns the bytes of all batches that there ever were, before
// compression, the open one included.
func (p *Partition) Total() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closedTotal + int64(p.openLen())
}

// openLen returns the bytes of the open batch, before compression.
func (p *Partition) openLen() int {
	if p.open == nil {
		return 0
	}
	return p.open.builder.Len()
}

// Promises appends the promises of everything that the partition holds.
func (p *Partition) Promises(dst []*Promise) []*Promise {
	p.mu.Lock()
	defer p.mu.Unlock()
	add := func(b *Batch) {
		if !b.finished {
			dst = append(dst, b.promise)
		}
	}
	p.sent.each(add)
	p.waiting.each(add)
	if p.open != nil {
		add(p.open)
	}
	return dst
}

// cancel takes n records of pr out of a batch that was never taken.
func (p *Partition) cancel(pr *Promise, index int32, n int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	b := p.unsent(pr)
	if b == nil {
		return false
	}
	records, valueBytes := 0, 0
	for i := range int32(n) {
		at, ok := pr.position(index + i)
		if !ok {
			continue
		}
		records, valueBytes = records+1, valueBytes+b.builder.Remove(at)
		b.count--
		pr.remove(index + i)
	}
	if p.cfg.Hold && b.ordinal >= p.gate {
		p.cfg.Unheld(records, valueBytes)
	}
	if b.count == 0 {
		p.drop(b)
	}
	return records > 0
}

// unsent returns the batch of pr if it was never taken.
func (p *Partition) unsent(pr *Promise) *Batch {
	if p.open != nil && p.open.promise == pr {
		return p.open
	}
	var found *Batch
	p.waiting.each(func(b *Batch) {
		if b.promise == pr && b.attempts == 0 && b.wire == nil && b.first == 0 {
			found = b
		}
	})
	return found
}

// drop ends a batch that has no records left.
func (p *Partition) drop(b *Batch) {
	if p.open == b {
		p.removeOpen()
	} else {
		p.waiting.remove(b)
	}
	b.promise.settle(outcome{base: -1, logAppendTime: -1, err: ErrCanceled}, p.detach(b))
}

// removeOpen takes the open batch out, which counts as closed from then on.
func (p *Partition) removeOpen() {
	p.open = nil
	p.cfg.Gauge.closed.Add(1)
	p.cfg.Gauge.open.Add(-1)
}

// release hands the memory of a closed batch back to its owner: nothing will
// read or write it any more.
func (p *Partition) release(b *Batch) { p.cfg.release(p.detach(b)) }

// detach ends the batch for the accounts and returns its memory, which nothing
// will read or write any more.
func (p *Partition) detach(b *Batch) Lent {
	lent := Lent{Buffer: b.buffer, Bytes: b.memory}
	b.builder, b.wire, b.buffer = record.Builder{}, nil, nil
	p.backlog -= b.encoded
	p.cfg.Gauge.closed.Add(-1)
	return lent
}
