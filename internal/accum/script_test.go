package accum

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// script drives one partition and keeps the owner's accounts.
type script struct {
	t     *testing.T
	cfg   *Config
	p     *Partition
	lent  int    // bytes lent and not given back
	calls []Call // callbacks, in order
}

func newScript(t *testing.T, change func(*Config)) *script {
	s := &script{t: t, cfg: benchConfig()}
	s.cfg.Backoff = Backoff{Min: 100 * time.Millisecond, Max: 400 * time.Millisecond}
	s.cfg.Release = func(lent Lent) { s.lent -= lent.Bytes }
	s.cfg.Count = func(bytes int) { s.lent += bytes }
	s.cfg.Deliver = s.call
	if change != nil {
		change(s.cfg)
	}
	s.p = NewPartition(s.cfg, "orders", 3)
	return s
}

// call takes callbacks that are to be run, and has their memory back.
func (s *script) call(calls Calls) {
	for page := calls.Pop(); page != nil; page = calls.Pop() {
		s.calls = append(s.calls, page.Calls()...)
		s.lent -= page.Free().Bytes
	}
}

// said is what the callbacks were told, in order.
func (s *script) said() string {
	var said []string
	for _, call := range s.calls {
		out, ok := call.Promise.Outcome(call.Index)
		said = append(said, fmt.Sprintf("%v:%d:%v", call.Fn, out.Offset, ok && out.Err == nil))
	}
	return strings.Join(said, " ")
}

// future is a record's promise and index.
type future struct {
	s     *script
	pr    *Promise
	index int32
}

// send appends a record with the given value at the given time.
func (s *script) send(at time.Duration, value string) future {
	s.t.Helper()
	f, err := s.trySend(at, value)
	if err != nil {
		s.t.Fatalf("send %q: %v", value, err)
	}
	return f
}

func (s *script) trySend(at time.Duration, value string) (future, error) {
	s.t.Helper()
	if pr, i, _ := s.p.Append(0, nil, []byte(value), nil); pr != nil {
		return future{s, pr, i}, nil
	}
	return s.place(at, &Entry{Value: []byte(value)})
}

func (s *script) place(at time.Duration, e *Entry) (future, error) {
	s.t.Helper()
	room := s.p.Room(e)
	if room.TooLarge {
		return future{}, fmt.Errorf("too large: %d", room.Bytes)
	}
	buf := make([]byte, max(room.Bytes, 64)*2)
	s.lent += cap(buf)
	placed, err := s.p.Place(buf, at, e)
	s.lent -= cap(placed.Spare)
	return future{s, placed.Promise, placed.Index}, err
}

// take takes a batch, which must have these values.
func (s *script) take(at time.Duration, values ...string) *Batch {
	s.t.Helper()
	b := s.p.Take(at)
	if b == nil {
		s.t.Fatalf("nothing to take at %v, want %v", at, values)
	}
	spare, err := b.Seal(record.Seal{Magic: 2})
	if err != nil || spare != nil {
		s.t.Fatalf("seal: spare %v, %v", spare, err)
	}
	if got := valuesOf(s.t, b.Wire()); !equal(got, values) {
		s.t.Fatalf("taken at %v: got %q, want %q", at, got, values)
	}
	return b
}

func (s *script) takeNothing(at time.Duration) {
	s.t.Helper()
	if b := s.p.Take(at); b != nil {
		s.t.Fatalf("took %d records at %v, want nothing", b.Count(), at)
	}
}

func (s *script) answer(at time.Duration, b *Batch, a Answer, want Verdict) {
	s.t.Helper()
	if got := s.p.Answer(at, b, a); got != want {
		s.t.Fatalf("verdict on %+v: got %d, want %d", a, got, want)
	}
}

func (s *script) stored(at time.Duration, b *Batch, offset int64) {
	s.t.Helper()
	s.answer(at, b, Answer{Offset: offset, LogAppendTime: -1}, VerdictStored)
}

// holdsNothing checks that every buffer came back and every batch ended.
func (s *script) holdsNothing() {
	s.t.Helper()
	if backlog := s.p.Backlog(); s.lent != 0 || s.cfg.Gauge.Held() != 0 || backlog != 0 {
		s.t.Errorf("%d bytes are still lent, %d batches held, a backlog of %d bytes", s.lent, s.cfg.Gauge.Held(), backlog)
	}
}

func (f future) has(offset int64) {
	f.s.t.Helper()
	out, ok := f.pr.Outcome(f.index)
	if !ok || out.Err != nil || out.Offset != offset {
		f.s.t.Errorf("outcome: got %+v (known: %v), want offset %d", out, ok, offset)
	}
}

func (f future) failed(target error) {
	f.s.t.Helper()
	out, ok := f.pr.Outcome(f.index)
	if !ok || !errors.Is(out.Err, target) {
		f.s.t.Errorf("outcome: got %+v (known: %v), want error %v", out, ok, target)
	}
}

func (f future) open() {
	f.s.t.Helper()
	if out, ok := f.pr.Outcome(f.index); ok {
		f.s.t.Errorf("outcome: got %+v, want none yet", out)
	}
}

func valuesOf(t testing.TB, wire []byte) (values []string) {
	t.Helper()
	batch, n, err := record.ReadBatch(wire)
	if err == nil {
		err = batch.CheckCRC()
	}
	if err != nil || n != len(wire) {
		t.Fatalf("read batch: %d of %d bytes, %v", n, len(wire), err)
	}
	var w record.Walker
	if err := w.Start(&batch, 1<<30); err != nil {
		t.Fatal(err)
	}
	var rec record.Record
	for w.Next(&rec) {
		values = append(values, string(rec.Value))
	}
	if w.Err() != nil {
		t.Fatal(w.Err())
	}
	return values
}

func equal(a, b []string) bool {
	return bytes.Equal(fmt.Appendf(nil, "%q", a), fmt.Appendf(nil, "%q", b))
}

// begin has a first batch stored, after which several may be in flight.
func (s *script) begin() {
	s.t.Helper()
	s.send(0, "first")
	s.p.Close()
	s.stored(0, s.take(0, "first"), 0)
}

// pipeline sends a batch of one record for each value and takes them all.
func (s *script) pipeline(at time.Duration, values ...string) (futures []future, batches []*Batch) {
	s.t.Helper()
	for _, value := range values {
		futures = append(futures, s.send(at, value))
		s.p.Close()
		batches = append(batches, s.take(at, value))
	}
	return futures, batches
}

// numbered checks what the batch has on the wire.
func (s *script) numbered(b *Batch, producerID int64, epoch int16, sequence int32) {
	s.t.Helper()
	read, _, err := record.ReadBatch(b.Wire())
	if err != nil || read.ProducerID != producerID || read.ProducerEpoch != epoch || read.BaseSequence != sequence {
		s.t.Errorf("identity and sequence: got %d/%d %d (%v), want %d/%d %d",
			read.ProducerID, read.ProducerEpoch, read.BaseSequence, err, producerID, epoch, sequence)
	}
}

func (f future) maybeStored(want bool) {
	f.s.t.Helper()
	out, ok := f.pr.Outcome(f.index)
	var maybe interface{ MaybeStored() bool }
	if !ok || out.Err == nil || errors.As(out.Err, &maybe) && maybe.MaybeStored() != want {
		f.s.t.Errorf("outcome: got %+v (known: %v), want an error with MaybeStored %v", out, ok, want)
	}
}
