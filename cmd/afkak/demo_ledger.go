package main

import (
	"fmt"
	"hash/maphash"
	"sync"
	"time"
)

// A ledger holds what was sent and not yet come back, and finds out what is
// lost, repeated or out of order.
//
// Lines with a key must come back in the order in which they were sent for that
// key. Lines without one have no order to keep: they must come back once.
// A ledger is safe for concurrent use.
type ledger struct {
	seed maphash.Seed

	mu       sync.Mutex
	keyed    map[string]*account
	unkeyed  map[uint64][]time.Time // send times by hash of the line
	waiting  int                    // sent and not come back
	returned int
	faults   []string // the first of what went wrong, in words
	repeated int
	disorder int
}

// account is what one key still waits for, in the order of sending.
type account struct {
	lines []entry
	next  int // lines[:next] have come back
}

type entry struct {
	hash   uint64
	sentAt time.Time
	missed bool // passed over by a later line: it is out of order when it comes
}

// maxFaults bounds the faults that are told one by one.
const maxFaults = 10

func newLedger() *ledger {
	return &ledger{seed: maphash.MakeSeed(), keyed: map[string]*account{}, unkeyed: map[uint64][]time.Time{}}
}

// sent notes a line before it is handed to the producer.
func (l *ledger) sent(key, line []byte, at time.Time) {
	hash := maphash.Bytes(l.seed, line)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting++
	if key == nil {
		l.unkeyed[hash] = append(l.unkeyed[hash], at)
		return
	}
	a := l.keyed[string(key)]
	if a == nil {
		a = &account{}
		l.keyed[string(key)] = a
	}
	a.lines = append(a.lines, entry{hash: hash, sentAt: at})
}

// back notes a line that came back, where names its place in the topic. It
// returns when that line was sent; ok is false for a line that was not expected.
func (l *ledger) back(key, line []byte, where string) (sentAt time.Time, ok bool) {
	hash := maphash.Bytes(l.seed, line)
	l.mu.Lock()
	defer l.mu.Unlock()
	if key == nil {
		sentAt, ok = l.takeUnkeyed(hash)
	} else if a := l.keyed[string(key)]; a != nil {
		sentAt, ok = l.take(a, hash, string(key), where)
	}
	if !ok {
		l.repeated++
		l.fault("%s: a line came back again, or was never sent (key %q)", where, key)
		return sentAt, false
	}
	l.waiting--
	l.returned++
	return sentAt, true
}

func (l *ledger) takeUnkeyed(hash uint64) (time.Time, bool) {
	times := l.unkeyed[hash]
	if len(times) == 0 {
		return time.Time{}, false
	}
	l.unkeyed[hash] = times[1:]
	return times[0], true
}

// take finds the line among those that its key waits for. The first is the one
// in order; those before a later one have been passed over.
func (l *ledger) take(a *account, hash uint64, key, where string) (time.Time, bool) {
	for i := a.next; i < len(a.lines); i++ {
		e := &a.lines[i]
		if e.hash != hash {
			continue
		}
		sentAt := e.sentAt
		if e.missed || i > a.next && !a.lines[i-1].missed {
			l.disorder++
			l.fault("%s: out of order for key %q", where, key)
		}
		for j := a.next; j < i; j++ {
			a.lines[j].missed = true
		}
		copy(a.lines[a.next+1:i+1], a.lines[a.next:i])
		a.next++
		return sentAt, true
	}
	return time.Time{}, false
}

func (l *ledger) fault(format string, args ...any) {
	if len(l.faults) < maxFaults {
		l.faults = append(l.faults, fmt.Sprintf(format, args...))
	}
}

// verdict is how the books close: all zero but returned when nothing went wrong.
type verdict struct {
	returned, missing, repeated, disorder int
	faults                                []string
}

func (l *ledger) verdict() verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	return verdict{l.returned, l.waiting, l.repeated, l.disorder, l.faults}
}

func (v verdict) clean() bool { return v.missing+v.repeated+v.disorder == 0 }
