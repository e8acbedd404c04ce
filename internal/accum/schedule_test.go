package accum

import (
	"encoding/binary"
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// schedule drives a partition against a simulated log by the bytes of its
// input, and checks at the end that everything that was said is true.
type schedule struct {
	*script
	input      []byte
	now        time.Duration
	log        []string // the partition's log
	sequence   int32    // that the log expects next
	flight     []*Batch
	futures    []future
	canceled   map[int]bool
	idempotent bool
}

func (s *schedule) next() byte {
	if len(s.input) == 0 {
		return 0
	}
	b := s.input[0]
	s.input = s.input[1:]
	return b
}

func (s *schedule) step() {
	switch op := s.next(); op % 8 {
	case 0, 1, 2:
		value := strconv.Itoa(len(s.futures)) + string(make([]byte, op))
		f, err := s.trySend(s.now, value)
		if err != nil {
			s.t.Fatal(err)
		}
		s.futures = append(s.futures, f)
	case 3:
		s.now += time.Duration(op) * time.Millisecond
	case 4:
		if b := s.p.Take(s.now); b != nil {
			s.flight = append(s.flight, b)
		}
	case 5:
		s.reply(op)
	case 6:
		if n := len(s.futures); n > 0 {
			i := int(op) % n
			f := s.futures[i]
			if !s.canceled[i] && f.pr.Cancel(f.index, 1) {
				s.canceled[i] = true
			}
		}
	case 7:
		s.p.Close()
	}
}

// reply answers the request that was sent first, as one connection does.
func (s *schedule) reply(how byte) {
	if len(s.flight) == 0 {
		return
	}
	b := s.flight[0]
	s.flight = s.flight[1:]
	if _, err := b.Seal(record.Seal{Magic: 2}); err != nil {
		s.t.Fatal(err)
	}
	switch how >> 3 % 6 {
	case 0: // refused before it was appended
		s.p.Answer(s.now, b, Answer{Err: errMoved, Retriable: true})
	case 1: // appended, but the answer is lost
		s.append(b)
		s.p.Answer(s.now, b, Answer{Err: errMoved, Retriable: true, Stored: true})
	case 2:
		if !s.idempotent && s.p.Split(b) {
			return
		}
		s.answerWith(b)
	case 3:
		if s.idempotent { // a refusal for good leaves a gap, which takes a new epoch
			s.answerWith(b)
			return
		}
		s.p.Answer(s.now, b, Answer{Err: errRefused})
	default:
		s.answerWith(b)
	}
}

func (s *schedule) answerWith(b *Batch) {
	offset, err := s.append(b)
	s.p.Answer(s.now, b, Answer{Err: err, Retriable: err != nil, Offset: offset, LogAppendTime: -1})
}

// append stores the batch as a broker does: an idempotent one once, in order.
func (s *schedule) append(b *Batch) (int64, error) {
	values := valuesOf(s.t, b.Wire())
	if s.idempotent {
		base := int32(binary.BigEndian.Uint32(b.Wire()[53:]))
		switch {
		case base < s.sequence:
			return int64(base), nil // a duplicate: sequences are offsets here
		case base > s.sequence:
			return -1, errOutOfOrder
		}
		s.sequence += int32(len(values))
	}
	s.log = append(s.log, values...)
	return int64(len(s.log) - len(values)), nil
}

// finish lets everything come to its end and compares.
func (s *schedule) finish() {
	for range 10_000 {
		s.now += 500 * time.Millisecond
		s.p.Close()
		for b := s.p.Take(s.now); b != nil; b = s.p.Take(s.now) {
			s.flight = append(s.flight, b)
		}
		if len(s.flight) == 0 {
			break
		}
		s.reply(5 | 4<<3)
	}
	s.holdsNothing()
	for i, f := range s.futures {
		out, ok := f.pr.Outcome(f.index)
		value := strconv.Itoa(i)
		stored := slices.IndexFunc(s.log, func(v string) bool {
			return v[:min(len(value), len(v))] == value && (len(v) == len(value) || v[len(value)] == 0)
		})
		switch {
		case !ok:
			s.t.Fatalf("record %d has no outcome", i)
		case s.canceled[i] != errors.Is(out.Err, ErrCanceled), s.canceled[i] && stored >= 0:
			s.t.Fatalf("record %d: cancelled %v, outcome %+v, stored at %d", i, s.canceled[i], out, stored)
		case out.Err == nil && (out.Offset >= int64(len(s.log)) || s.log[out.Offset] != s.log[stored]):
			s.t.Fatalf("record %d is said to be at %d, it is at %d", i, out.Offset, stored)
		}
	}
	s.checkOrder()
}

// checkOrder checks that the first appearances in the log are in order, and
// that an idempotent producer's records are there once.
func (s *schedule) checkOrder() {
	last, seen := -1, map[string]bool{}
	for at, value := range s.log {
		if seen[value] {
			if s.idempotent {
				s.t.Fatalf("stored twice: %q", value)
			}
			continue
		}
		seen[value] = true
		n, err := strconv.Atoi(name(value))
		if err != nil || n <= last {
			s.t.Fatalf("at %d: %d after %d (%v)", at, n, last, err)
		}
		last = n
	}
}

// name is a value without what makes it longer.
func name(value string) string {
	name, _, _ := strings.Cut(value, "\x00")
	return name
}

func runSchedule(t *testing.T, input []byte, idempotent bool) {
	s := &schedule{input: input, canceled: map[int]bool{}, idempotent: idempotent}
	s.script = newScript(t, func(cfg *Config) {
		cfg.BatchBytes = 600
		if idempotent {
			cfg.MaxInFlight = 5
		}
		cfg.DeliveryTimeout = Forever - 1<<60
	})
	if idempotent {
		s.p.Identify(7, 0, 0)
	}
	for len(s.input) > 0 {
		s.step()
	}
	s.finish()
}

func FuzzSchedule(f *testing.F) {
	f.Add([]byte{0, 1, 2, 7, 4, 5, 0, 6, 3, 4, 13})
	f.Add([]byte{0, 0, 0, 7, 4, 0, 7, 4, 0, 7, 4, 5, 5, 13, 3, 251, 4, 4, 4, 21, 29, 37})
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) > 2000 {
			return
		}
		runSchedule(t, input, false)
		runSchedule(t, input, true)
	})
}
