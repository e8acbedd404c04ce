package accum

import "time"

// Take returns the next batch to send, nil if there is none at now: nothing
// waits, a retry's time has not come, the open batch still lingers, or as many
// as may be are in flight. A batch that has none gets its sequence numbers. It
// belongs to the caller until it is answered.
func (p *Partition) Take(now time.Duration) *Batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inFlight >= p.limit() || p.worn() {
		return nil
	}
	b := p.first(now)
	if b == nil {
		return nil
	}
	if p.numbers() {
		if p.broken && p.toSettle() != nil {
			b = p.toSettle()
		}
		p.number(now, b)
	}
	p.waiting.remove(b)
	b.topicID, b.renewed = p.topicID, nil
	b.attempts++
	p.inFlight++
	p.sent.insert(b)
	return b
}

// first returns the batch whose turn it is, nil if none's is. It waits then, even if it was open.
func (p *Partition) first(now time.Duration) *Batch {
	if now < p.next() {
		return nil
	}
	if p.waiting.head == nil {
		p.closeOpen()
	}
	return p.waiting.head
}

// Answer is what became of one attempt to send a batch.
type Answer struct {
	// Err is nil if the batch is stored.
	Err error

	// Retriable says that another attempt may succeed.
	Retriable bool

	// Moved says that it may at once, elsewhere: who leads the partition now is
	// known already.
	Moved bool

	// Garbled says that the answer made no sense. By its number a batch may be
	// sent again then, but only once: the next answer may be no better.
	Garbled bool

	// Stored says that the batch may be in the log in spite of Err.
	Stored bool

	// Misplaced says that the batch was refused for its sequence number alone:
	// another comes before it, or the broker knows nothing of its producer.
	Misplaced bool

	// Offset is the first record's; -1 where the broker was not asked.
	Offset int64

	// LogAppendTime is the broker's timestamp in milliseconds, -1 if the
	// records keep their own.
	LogAppendTime int64
}

// storedSomewhere is the answer for a batch that is known to be stored by what came after it.
var storedSomewhere = Answer{Offset: -1, LogAppendTime: -1}

// Verdict is what an answer led to.
type Verdict int8

const (
	// VerdictStored: the records have their offsets.
	VerdictStored Verdict = iota
	// VerdictRetried: the batch will be taken again.
	VerdictRetried
	// VerdictDisplaced: the batch will be taken again after one that failed
	// before it.
	VerdictDisplaced
	// VerdictFailed: the records have their error.
	VerdictFailed
	// VerdictLate: the batch had ended before the answer came.
	VerdictLate
)

// Answer settles a batch that was taken or puts it back, before everything
// that was appended after it. The caller must not refer to the batch any more.
func (p *Partition) Answer(now time.Duration, b *Batch, answer Answer) Verdict {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent.remove(b)
	p.inFlight--
	if b.finished {
		p.release(b)
		return VerdictLate
	}
	if answer.Err == nil {
		p.retryAt, p.provenAt = 0, now
		p.proven = p.proven || b.numbered() && b.producerEpoch == p.producerEpoch
		p.follow(b)
		p.sizes.take(now, len(b.wire))
		p.settleStored(b, answer)
		return VerdictStored
	}
	b.cause = answer.Err
	b.maybe = b.maybe || answer.Stored && !b.void
	switch {
	case b.renewed != nil && b.maybe:
		return p.giveUp(b, b.renewed)
	case answer.Misplaced && b.numbered():
		return p.misplaced(now, b, answer)
	case (answer.Retriable || answer.Garbled && b.numbered() && !b.garbled) && p.mayRetry(b) && now < p.deadline(b):
		p.proven = false
		b.garbled = b.garbled || !answer.Retriable
		p.retryAt = now
		if !answer.Moved || b.moves == maxMoves {
			p.retryAt += p.cfg.Backoff.Wait(b.attempts - b.displaced)
		} else {
			b.moves++
		}
		p.putBack(b)
		return VerdictRetried
	}
	return p.giveUp(b, answer.Err)
}

// maxMoves is how often one batch is sent on without a wait: brokers that name
// each other must not be kept busy with it.
const maxMoves = 3

func (p *Partition) mayRetry(b *Batch) bool {
	return p.cfg.Retries < 0 || b.attempts-b.displaced <= p.cfg.Retries
}

// putBack has a batch that was answered taken again.
func (p *Partition) putBack(b *Batch) {
	p.cfg.Gauge.retried.Add(int64(b.count))
	p.waiting.insert(b)
}

// settleStored ends a batch that is stored. It is nobody's afterwards.
func (p *Partition) settleStored(b *Batch, answer Answer) {
	p.cfg.Gauge.countStored(b)
	b.promise.settle(outcome{first: b.first, count: b.count, base: answer.Offset, logAppendTime: answer.LogAppendTime}, p.detach(b))
	recycle(b)
}

// giveUp ends a batch that was answered.
func (p *Partition) giveUp(b *Batch, err error) Verdict {
	p.gap(b, b.maybe)
	p.fail(b, &FailedError{Attempts: b.attempts, Stored: b.maybe, Err: err}, p.detach(b))
	return VerdictFailed
}

// FailDue fails everything that could be taken now but for what is in flight,
// all at once: nothing that is appended after the first has failed is among it.
func (p *Partition) FailDue(now time.Duration, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for b := p.first(now); b != nil; b = p.first(now) {
		p.waiting.remove(b)
		b.attempts++
		p.giveUp(b, err)
	}
}

func (p *Partition) deadline(b *Batch) time.Duration { return b.opened + p.cfg.DeliveryTimeout }

// fail settles b with what err explains to.
func (p *Partition) fail(b *Batch, err error, lent Lent) {
	p.cfg.Gauge.failed.Add(int64(b.count))
	b.promise.settle(outcome{first: b.first, count: b.count, base: -1, logAppendTime: -1, err: p.cfg.explain(p, b.count, err)}, lent)
}

// Expire fails every batch whose delivery timeout has passed. A batch in
// flight is only settled: its memory is released with its answer, and it
// counts as in flight until then.
func (p *Partition) Expire(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	late := func(b *Batch) bool { return now >= p.deadline(b) }
	p.failWhere(late, func(b *Batch) error {
		return &TimeoutError{
			After: p.cfg.DeliveryTimeout, Attempts: b.attempts,
			Stored: b.maybe || p.isSent(b) && !b.void, Cause: b.cause,
		}
	})
}

// Abort fails everything that has no outcome with err, and bars the partition
// with it. What is in flight may have been stored.
func (p *Partition) Abort(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.barred = err
	all := func(*Batch) bool { return true }
	p.failWhere(all, func(b *Batch) error {
		return &FailedError{Attempts: b.attempts, Stored: b.maybe || p.isSent(b) && !b.void, Err: err}
	})
}

func (p *Partition) isSent(b *Batch) bool {
	sent := false
	p.sent.each(func(other *Batch) { sent = sent || other == b })
	return sent
}

// failWhere fails the batches that match, in order.
func (p *Partition) failWhere(match func(*Batch) bool, why func(*Batch) error) {
	p.sent.each(func(b *Batch) {
		if !b.finished && match(b) {
			p.fail(b, why(b), Lent{}) // its memory is being read
			b.finished = true
			p.gap(b, !b.void)
		}
	})
	for b := p.waiting.head; b != nil; {
		next := b.next
		if match(b) {
			p.waiting.remove(b)
			p.gap(b, b.maybe)
			p.fail(b, why(b), p.detach(b))
		}
		b = next
	}
	if b := p.open; b != nil && match(b) {
		p.removeOpen()
		p.fail(b, why(b), p.detach(b))
	}
}
