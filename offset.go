package afkak

import (
	"fmt"
	"strconv"
	"time"
)

// Position says where in a partition to begin, end or go on: at an end of the
// log, at an offset, at a time, or where a group last committed. Positions are
// comparable values; the zero value is Offset(0).
type Position struct {
	kind positionKind
	n    int64 // the offset, or milliseconds since 1970, or nanoseconds before now
}

type positionKind int8

const (
	atOffset positionKind = iota
	atEarliest
	atLatest
	atCommitted
	atTime
	atAgo
)

// The positions that need no number.
var (
	// Earliest is the first record that the log still has.
	Earliest = Position{kind: atEarliest}

	// Latest is the end of the log: what is written from now on.
	Latest = Position{kind: atLatest}

	// Committed is where the group committed to. It needs [WithGroup].
	Committed = Position{kind: atCommitted}
)

// Offset is the record with this offset or, where the log has a gap there, the
// next one. It must not be negative.
func Offset(n int64) Position { return Position{kind: atOffset, n: n} }

// At is the first record with this timestamp or a later one, or the end of the
// log when there is none. Brokers before Kafka 0.10.1 know only when they
// closed each file of the log, and begin somewhat earlier (KIP-79).
func At(t time.Time) Position { return Position{kind: atTime, n: t.UnixMilli()} }

// Ago is At(now minus d), with the now of the moment when the position is
// looked up.
func Ago(d time.Duration) Position { return Position{kind: atAgo, n: int64(d)} }

// String names the position: "earliest", "offset 12", "1h0m0s ago".
func (p Position) String() string {
	switch p.kind {
	case atEarliest:
		return "earliest"
	case atLatest:
		return "latest"
	case atCommitted:
		return "committed"
	case atTime:
		return "time " + time.UnixMilli(p.n).UTC().Format(time.RFC3339Nano)
	case atAgo:
		return time.Duration(p.n).String() + " ago"
	}
	return "offset " + strconv.FormatInt(p.n, 10)
}

// Timestamps that ListOffsets gives a meaning of their own.
const (
	timestampLatest   = -1
	timestampEarliest = -2
)

// timestamp is what to ask ListOffsets for; ok is false for positions that it
// is not asked about.
func (p Position) timestamp(now time.Time) (ms int64, ok bool) {
	switch p.kind {
	case atEarliest:
		return timestampEarliest, true
	case atLatest:
		return timestampLatest, true
	case atTime:
		return p.n, true
	case atAgo:
		return now.Add(-time.Duration(p.n)).UnixMilli(), true
	}
	return 0, false
}

// check reports what is wrong with the position as the argument of option.
func (p Position) check(option string, committedToo bool) error {
	switch {
	case p.kind == atOffset && p.n < 0:
		return fmt.Errorf("%s(%v): an offset is never negative", option, p)
	case p.kind == atTime && p.n < 0:
		return fmt.Errorf("%s(%v): Kafka has no timestamps before 1970", option, p)
	case p.kind == atAgo && p.n < 0:
		return fmt.Errorf("%s(%v): the duration is negative", option, p)
	case p.kind == atCommitted && !committedToo:
		return fmt.Errorf("%s(%v): use Earliest, Latest, Offset, At or Ago", option, p)
	}
	return nil
}
