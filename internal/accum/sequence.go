package accum

import (
	"math"
	"time"
)

// Terms are what the leader of a partition allows.
type Terms struct {
	// Idempotent says that batches carry an identity and a sequence number, by
	// which the broker keeps their order and stores each once (KIP-98).
	Idempotent bool

	// MaxInFlight is the most batches that may be unanswered.
	MaxInFlight int
}

// quiet is how long nothing may have been stored before the broker has perhaps
// forgotten the partition's producer. Far less than any broker's memory.
const quiet = time.Minute

// Agree sets what the partition goes by while the given broker leads it. It
// returns false if an identity is needed first: see [Partition.Identify].
func (p *Partition) Agree(leader int32, terms Terms) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.leader != leader {
		p.leader, p.proven = leader, false
	}
	p.plain, p.window = !terms.Idempotent, int32(terms.MaxInFlight)
	return p.plain || p.producerID >= 0 && !p.worn()
}

// ProducerID returns the identity's, -1 if the partition has none.
func (p *Partition) ProducerID() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.producerID
}

// Blame notes why what waits cannot be sent yet: the cause that a delivery
// timeout will name.
func (p *Partition) Blame(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	blame := func(b *Batch) { b.cause = err }
	p.waiting.each(blame)
	if p.open != nil {
		blame(p.open)
	}
}

// Worn tells that nothing is taken before the partition gets another identity:
// its producer ID has no epoch left.
func (p *Partition) Worn() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.worn()
}

// worn tells that a new epoch is due and that there are no more of them.
func (p *Partition) worn() bool {
	return p.broken && p.producerEpoch == math.MaxInt16 && p.inFlight == 0 && !p.unsettled()
}

// Identify gives the partition a producer ID and epoch (KIP-98) and the
// sequence that its next batch starts with. Nothing may be in flight.
func (p *Partition) Identify(producerID int64, epoch int16, nextSequence int32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.producerID, p.producerEpoch = producerID, epoch
	p.restart(nextSequence)
}

// numbers tells whether batches get sequence numbers now.
func (p *Partition) numbers() bool { return p.producerID >= 0 && !p.plain }

// limit is how many batches may be unanswered now.
//
// A broker that knows nothing of a producer takes whatever number comes first
// (KIP-360), so the first batch of an epoch goes alone, or the second would
// be stored in place of a first that was refused. After a failure one goes
// alone as well: everything that was sent after it is answered before it is
// sent again.
func (p *Partition) limit() int32 {
	window := p.window
	if window == 0 {
		window = int32(p.cfg.MaxInFlight)
	}
	if p.numbers() && (p.broken || !p.proven) {
		return 1
	}
	return window
}

// toSettle returns the first of the waiting batches if it may be stored under
// the number it has: that must be known before it may get another. Those that
// are suspect were asked for already.
func (p *Partition) toSettle() *Batch {
	b := p.waiting.head
	for b != nil && b.suspect {
		b = b.next
	}
	if b == nil || !b.unsettled() {
		return nil
	}
	return b
}

// unsettled tells whether the first of the waiting batches may be stored.
func (p *Partition) unsettled() bool {
	b := p.waiting.head
	return b != nil && b.unsettled()
}

// number sees to it that b, which is taken now, has the number that the broker
// expects.
func (p *Partition) number(now time.Duration, b *Batch) {
	if p.inFlight == 0 && now-p.provenAt > quiet {
		p.proven = false
	}
	if p.broken && !b.unsettled() {
		p.producerEpoch++ // fences what may still be on its way under the old one
		p.restart(0)
	}
	switch {
	case b.numbered(): // the same again
	case b.wire != nil && b.magic < 2:
		p.proven = false // its format has no numbers, so it goes alone
	default:
		b.producerID, b.producerEpoch, b.baseSequence = p.producerID, p.producerEpoch, p.nextSequence
		b.restamp = b.wire != nil
		p.nextSequence = addSequence(p.nextSequence, b.count)
	}
}

// restart begins a new row of sequence numbers. What waits is surely not stored
// under its old ones and loses them.
func (p *Partition) restart(nextSequence int32) {
	p.nextSequence = nextSequence
	p.broken, p.unclear, p.proven = false, false, false
	p.waiting.each(func(b *Batch) {
		if b.numbered() {
			b.unnumber()
		}
	})
}

func (b *Batch) numbered() bool { return b.baseSequence >= 0 }

// unsettled tells whether b may be stored under the number it has.
func (b *Batch) unsettled() bool { return b.numbered() && b.maybe }

func (b *Batch) unnumber() {
	b.producerID, b.producerEpoch, b.baseSequence = -1, -1, -1
	b.void, b.suspect, b.implied, b.maybe, b.restamp = false, false, false, false, b.wire != nil
}

// addSequence wraps from the largest int32 to 0.
func addSequence(sequence int32, n int) int32 {
	return int32((int64(sequence) + int64(n)) & math.MaxInt32)
}

// gap follows the end of a batch that is not known to be stored: its numbers
// are missing, or perhaps not. What has a later number may not be stored by
// it, and if the batch surely is not, cannot be.
func (p *Partition) gap(b *Batch, maybe bool) {
	if !b.numbered() {
		return
	}
	p.broken = true
	if maybe {
		p.unclear = true
		return
	}
	void := func(other *Batch) {
		if other.numbered() && b.before(other) {
			other.void, other.maybe = true, false
		}
	}
	p.waiting.each(void)
	p.sent.each(void)
}

// misplaced takes back a batch that was refused for its number alone.
func (p *Partition) misplaced(now time.Duration, b *Batch, answer Answer) Verdict {
	first := !p.follows(b)
	switch {
	case b.implied: // a broker that was started again knows the last batch only
		p.settleStored(b, storedSomewhere)
		return VerdictStored
	case now >= p.deadline(b), first && !p.mayRetry(b):
		return p.giveUp(b, answer.Err)
	case !first: // one before it has failed, and goes before it again
		b.displaced++
		p.proven = false
		p.putBack(b)
		return VerdictDisplaced
	}
	// The broker does not know of what it has acknowledged, because the log was
	// cut (KIP-360), or the number of a batch that has failed is missing. Or it
	// was started again, and knows the last batch only: that may be one behind
	// b, which is asked for before anything gets another number.
	p.broken = true
	p.putBack(b)
	if b.suspect = b.maybe; p.inFlight > 0 || p.toSettle() != nil {
		return VerdictRetried
	}
	if failed := p.conclude(b); failed {
		return VerdictFailed
	}
	p.retryAt = now + p.cfg.Backoff.Wait(b.attempts-b.displaced)
	return VerdictRetried
}

// conclude judges the suspects when no batch behind them is known to be
// stored: then they are not either. But if one before them has ended that may
// still come in from a connection that was given up, so may they, and sent
// under another number they could be there twice. It reports whether the last
// of them, which the broker has just answered for, has failed.
func (p *Partition) conclude(last *Batch) (failed bool) {
	for b := p.waiting.head; b != nil; {
		next := b.next
		switch {
		case b.suspect && p.unclear:
			p.waiting.remove(b)
			failed = failed || b == last
			p.giveUp(b, b.cause)
		case b.suspect:
			b.suspect, b.maybe = false, false
		}
		b = next
	}
	return failed
}

// follow notes that b is stored, and so are those with a smaller number. What
// is suspect ends with that; others may still hear of their offset.
func (p *Partition) follow(b *Batch) {
	if !b.numbered() || b.void {
		return
	}
	for other := p.waiting.head; other != nil; {
		next := other.next
		switch {
		case !other.numbered() || !other.before(b):
		case other.suspect:
			p.waiting.remove(other)
			p.settleStored(other, storedSomewhere)
		default:
			other.implied = true
		}
		other = next
	}
}

// follows tells whether there is a batch before b whose number is not settled.
func (p *Partition) follows(b *Batch) bool {
	found := false
	earlier := func(other *Batch) { found = found || other.numbered() && !other.suspect && other.before(b) }
	p.sent.each(earlier)
	p.waiting.each(earlier)
	return found
}
