package accum

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
)

// ErrCanceled is the outcome of a record that was taken back before it was
// sent.
var ErrCanceled = errors.New("canceled before it was sent")

// Promise is the completion that all records of one batch share: a record's
// future is a pointer to it and an index. It refers to its partition until it
// is settled and never to the batch's bytes. Safe for concurrent use.
type Promise struct {
	settled atomic.Bool

	topic string
	id    int32
	cfg   *Config

	mu      sync.Mutex
	part    *Partition    // nil once settled
	done    chan struct{} // closed when settled; made by the first that asks
	changed chan struct{} // closed at the next cancellation; made by the first that waits
	calls   Calls         // callbacks that wait for the result
	removed []int32       // indexes of cancelled records, ascending; fixed once settled
	pending int           // records without an outcome, known once the batch was split

	// Fixed once settled.
	whole outcome
	parts []outcome // by first, after a split; empty: whole is the outcome
}

// outcome is what became of the records of one batch on the wire.
type outcome struct {
	first, count  int // position of the first record among those that were not cancelled, and how many
	base          int64
	logAppendTime int64
	err           error
}

// Outcome is what became of one record.
type Outcome struct {
	// Offset is -1 where the broker was not asked to say.
	Offset int64

	// LogAppendTime is the broker's timestamp in milliseconds, or -1 where the
	// record keeps its own.
	LogAppendTime int64

	// Err is nil for a record that is stored.
	Err error
}

// Failed returns a promise that is settled already: nothing was appended.
func Failed(topic string, partition int32, err error) *Promise {
	pr := &Promise{topic: topic, id: partition, whole: outcome{base: -1, logAppendTime: -1, err: err}}
	pr.settled.Store(true)
	return pr
}

// Topic returns the topic's name.
func (pr *Promise) Topic() string { return pr.topic }

// Partition returns the partition's number, -1 if none was chosen.
func (pr *Promise) Partition() int32 { return pr.id }

// Outcome returns what became of the record with the given index; ok is false
// while that is not known.
func (pr *Promise) Outcome(index int32) (out Outcome, ok bool) {
	if !pr.settled.Load() {
		return pr.early(index)
	}
	return pr.outcomeOf(index), true
}

// early is the outcome of a record of a batch that is not settled: only a
// cancelled record has one.
func (pr *Promise) early(index int32) (Outcome, bool) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if _, removed := slices.BinarySearch(pr.removed, index); removed {
		return Outcome{Offset: -1, LogAppendTime: -1, Err: ErrCanceled}, true
	}
	if pr.settled.Load() {
		return pr.outcomeOf(index), true
	}
	return Outcome{}, false
}

// outcomeOf may be called once the promise is settled.
func (pr *Promise) outcomeOf(index int32) Outcome {
	position := int(index)
	if len(pr.removed) > 0 {
		before, removed := slices.BinarySearch(pr.removed, index)
		if removed {
			return Outcome{Offset: -1, LogAppendTime: -1, Err: ErrCanceled}
		}
		position -= before
	}
	out := &pr.whole
	for i := range pr.parts {
		if pr.parts[i].first <= position {
			out = &pr.parts[i]
		}
	}
	if out.err != nil || out.base < 0 {
		return Outcome{Offset: -1, LogAppendTime: out.logAppendTime, Err: out.err}
	}
	return Outcome{Offset: out.base + int64(position-out.first), LogAppendTime: out.logAppendTime}
}

var closed = func() chan struct{} {
	ch := make(chan struct{})
	close(ch)
	return ch
}()

// Done returns a channel that is closed once the outcome of the record with
// the given index is known. A channel that was asked for before the record was
// cancelled is closed with the batch's result.
func (pr *Promise) Done(index int32) <-chan struct{} {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if _, removed := slices.BinarySearch(pr.removed, index); removed || pr.settled.Load() {
		return closed
	}
	if pr.done == nil {
		pr.done = make(chan struct{})
	}
	return pr.done
}

// Settled returns a channel that is closed once all records of the batch have
// their outcome.
func (pr *Promise) Settled() <-chan struct{} { return pr.Done(-1) }

// Changed returns a channel that is closed when some record of the batch is
// cancelled.
func (pr *Promise) Changed() <-chan struct{} {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if pr.changed == nil {
		pr.changed = make(chan struct{})
	}
	return pr.changed
}

// Then has fn called when the outcome of the record is known. It returns false
// if that is so already: then calling it is the caller's.
func (pr *Promise) Then(index int32, timestamp int64, fn any) bool {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	call := Call{Promise: pr, Index: index, Timestamp: timestamp, Fn: fn}
	if _, removed := slices.BinarySearch(pr.removed, index); !removed && !pr.settled.Load() {
		if pr.calls.add(call) {
			pr.cfg.Count(PageBytes)
		}
		return true
	}
	if pr.cfg == nil { // failed from the start: there is nobody to deliver it
		return false
	}
	pr.deliver(call)
	return true
}

// deliver has callbacks run that waited for nothing but their record.
func (pr *Promise) deliver(list ...Call) {
	var calls Calls
	for _, call := range list {
		if calls.add(call) {
			pr.cfg.Count(PageBytes)
		}
	}
	if len(list) > 0 {
		pr.cfg.Deliver(calls)
	}
}

// Cancel takes n records from the given index on out of their batch, all or
// none. It returns false if they were sent or settled already.
func (pr *Promise) Cancel(index int32, n int) bool {
	pr.mu.Lock()
	part := pr.part
	pr.mu.Unlock()
	return part != nil && part.cancel(pr, index, n)
}

// position returns where the record with the given index is in its batch now;
// ok is false if it was taken out.
func (pr *Promise) position(index int32) (int, bool) {
	before, removed := slices.BinarySearch(pr.removed, index)
	return int(index) - before, !removed
}

// remove notes that the record was taken out and tells those who wait for it.
// Called under the partition's lock.
func (pr *Promise) remove(index int32) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	at, _ := slices.BinarySearch(pr.removed, index)
	pr.removed = slices.Insert(pr.removed, at, index)
	if pr.changed != nil {
		close(pr.changed)
		pr.changed = nil
	}
	pr.deliver(pr.calls.takeOut(index)...)
}

// divide notes that the batch was split: count records get their outcomes in
// several parts.
func (pr *Promise) divide(count int) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	if pr.pending == 0 {
		pr.pending = count
	}
}

// settle gives out to its records and, once none is without an outcome, wakes
// all who wait. lent is the batch's memory: the owner has it back now, or when
// the callbacks have run. Called under the partition's lock, in the partition's
// order.
func (pr *Promise) settle(out outcome, lent Lent) {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	last := pr.pending <= out.count
	if last && pr.calls.last != nil {
		pr.calls.last.lent = lent
	} else {
		pr.cfg.release(lent)
	}
	if pr.pending > 0 {
		at, _ := slices.BinarySearchFunc(pr.parts, out.first, func(o outcome, first int) int { return o.first - first })
		pr.parts = slices.Insert(pr.parts, at, out)
		if pr.pending -= out.count; pr.pending > 0 {
			return
		}
	}
	pr.whole = out
	pr.part = nil
	pr.settled.Store(true)
	if pr.calls.first != nil { // before anybody is woken who then waits for the callbacks
		pr.calls.sort()
		pr.cfg.Deliver(pr.calls)
		pr.calls = Calls{}
	}
	if pr.done != nil {
		close(pr.done)
	}
}
