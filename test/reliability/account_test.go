package reliability

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// A rule is what one producer promises.
type rule struct {
	once   bool          // it writes idempotently
	within time.Duration // its delivery timeout
	// outlasts: it lasts longer than every fault, so that no record may fail but for what the record or its topic is.
	outlasts bool
}

// slack is how much later than its delivery timeout a record may be heard of, on a machine that is busy with
// starting brokers.
const slack = 10 * time.Second

// found is a record that was read.
type found struct {
	id     id
	offset int64
	wrong  string // with its bytes; "" is nothing
}

// An account is what was sent, what was said of it, and what the partitions have.
type account struct {
	sent  [][]entry // by producer and number
	eras  map[string]int32
	rules []rule // by producer
	logs  map[place][]found
}

// A breach of what a producer promises.
type breach struct {
	kind string
	text string
}

// The kinds of breach.
const (
	lost        = "lost"         // acknowledged and not there
	duplicate   = "duplicate"    // there twice, written idempotently
	disorder    = "disorder"     // before one that was sent earlier
	wrongOffset = "wrong offset" // acknowledged at another one
	ghost       = "ghost"        // there, and never sent, or said not to be stored, or not what was sent
	noResult    = "no result"
	twoResults  = "two results"
	gaveUp      = "gave up" // failed, although a fault was soon over
	late        = "late"    // a result long after the delivery timeout
)

// A sighting is where a record was read.
type sighting struct {
	times int32
	told  bool // once at the offset that was told
	first place
	at    int64
}

// A checker holds the logs against the history.
type checker struct {
	account
	seen     [][]sighting // by producer and number
	breaches []breach
	again    int // records that were read before
}

// check returns every breach, and how many records are there again where that is allowed.
func (a account) check() (breaches []breach, again int) {
	c := checker{account: a, seen: make([][]sighting, len(a.sent))}
	for producer, sent := range a.sent {
		c.seen[producer] = make([]sighting, len(sent))
	}
	byName := func(a, b place) int {
		return strings.Compare(fmt.Sprintf("%s/%05d", a.topic, a.partition), fmt.Sprintf("%s/%05d", b.topic, b.partition))
	}
	for _, at := range slices.SortedFunc(maps.Keys(a.logs), byName) {
		c.log(at, a.logs[at])
	}
	for producer, sent := range a.sent {
		for number := range sent {
			c.record(id{producer, number}, &sent[number], &c.seen[producer][number])
		}
	}
	return c.breaches, c.again
}

func (c *checker) breach(kind, format string, args ...any) {
	c.breaches = append(c.breaches, breach{kind, fmt.Sprintf(format, args...)})
}

// log goes through what one partition has.
func (c *checker) log(at place, log []found) {
	highest := map[int]int{} // number, by producer
	for _, f := range log {
		e := c.entry(f.id)
		switch {
		case e == nil:
			c.breach(ghost, "%s/%d has at offset %d %v, which nobody sent: %s", at.topic, at.partition, f.offset, f.id, f.wrong)
			continue
		case f.wrong != "":
			c.breach(ghost, "%v, read at %s/%d offset %d: %s", f.id, at.topic, at.partition, f.offset, f.wrong)
		case e.place.topic != at.topic || e.place.partition >= 0 && e.place.partition != at.partition:
			c.breach(ghost, "%v was for %s/%d and is in %s/%d", f.id, e.place.topic, e.place.partition, at.topic, at.partition)
		}
		s := &c.seen[f.id.producer][f.id.number]
		if s.times++; s.times == 1 {
			s.first, s.at = at, f.offset
			c.order(f, e, highest)
		} else {
			c.again++
		}
		s.told = s.told || e.outcome == stored && e.offset == f.offset && e.place == at
	}
}

// order checks that no record comes behind one that was sent later. One that failed and was not written idempotently
// may still come in by a connection that was given up.
func (c *checker) order(f found, e *entry, highest map[int]int) {
	before, any := highest[f.id.producer]
	if !any || f.id.number > before {
		highest[f.id.producer] = f.id.number
		return
	}
	if c.rules[f.id.producer].once || e.outcome != unknown {
		c.breach(disorder, "%v is at %s/%d offset %d, behind record %d", f.id, e.place.topic, e.place.partition, f.offset, before)
	}
}

func (c *checker) entry(i id) *entry {
	if i.producer < 0 || i.producer >= len(c.sent) || i.number < 0 || i.number >= len(c.sent[i.producer]) {
		return nil
	}
	return &c.sent[i.producer][i.number]
}

// record checks what was said of one record.
func (c *checker) record(i id, e *entry, s *sighting) {
	rule := c.rules[i.producer]
	c.promptness(i, e, rule)
	there := fmt.Sprintf("%d times, first at %s/%d offset %d; it was handed over %v after the beginning, its result came at %v",
		s.times, s.first.topic, s.first.partition, s.at, e.sentAt, e.settledAt)
	switch e.outcome {
	case stored:
		c.acknowledged(i, e, s)
	case absent, canceled, unknown:
		if s.times > 0 && e.outcome != unknown {
			c.breach(ghost, "%v was said not to be stored (%v) and is there %s", i, e.err, there)
		}
		if rule.outlasts && e.outcome != canceled && c.eras[e.place.topic] == 0 && !inherent(e.err) {
			c.breach(gaveUp, "%v, sent to %s/%d %v after the beginning, failed: %v", i, e.place.topic, e.place.partition, e.sentAt, e.err)
		}
	}
	if rule.once && s.times > 1 {
		c.breach(duplicate, "%v is there %s; outcome %d, offset %d, %v", i, there, e.outcome, e.offset, e.err)
	}
}

// inherent says whether an error is one that trying again does not help against: of the record itself, at the load's
// end, or one of which nobody knows what it is.
func inherent(err error) bool {
	return errors.Is(err, kerr.MessageTooLarge) || errors.Is(err, kerr.InvalidRecord) || errors.Is(err, kerr.UnknownServerError) ||
		errors.Is(err, context.Canceled)
}

func (c *checker) acknowledged(i id, e *entry, s *sighting) {
	said := fmt.Sprintf("%v was acknowledged at %s/%d offset %d, %v after the beginning,", i, e.place.topic, e.place.partition, e.offset, e.settledAt)
	now := c.eras[e.place.topic]
	switch {
	case s.times == 0 && e.sentIn == now: // otherwise it may have gone with the topic
		c.breach(lost, "%s and is not there", said)
	case s.times > 0 && e.settledIn <= now-2:
		c.breach(ghost, "%s and is there at offset %d, although the topic was deleted since", said, s.at)
	case s.times > 0 && e.offset >= 0 && !s.told:
		c.breach(wrongOffset, "%s and is at %s/%d offset %d", said, s.first.topic, s.first.partition, s.at)
	}
}

func (c *checker) promptness(i id, e *entry, rule rule) {
	switch took := e.settledAt - e.sentAt; {
	case e.results == 0:
		c.breach(noResult, "%v, sent to %s %v after the beginning, has no result", i, e.place.topic, e.sentAt)
	case e.results > 1:
		c.breach(twoResults, "%v, sent to %s, has %d results", i, e.place.topic, e.results)
	case took > rule.within+slack:
		c.breach(late, "%v got its result after %v, the delivery timeout is %v: %v", i, took, rule.within, e.err)
	}
}
