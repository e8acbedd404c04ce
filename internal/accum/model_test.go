package accum

import (
	"errors"
	"math"
	"strconv"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// model is a partition's log as a broker keeps it, and the connection to it,
// driven by the bytes of a fuzz input. What is taken is on its way; the
// broker handles it in order; the answers come in order or are lost with the
// connection. What was on its way on a connection that was lost may still come
// in, later and in order.
type model struct {
	*script
	input []byte
	now   time.Duration

	log   []int // the records, which are numbered
	known bool  // the producer
	id    int64
	epoch int16
	last  int32    // sequence
	spans [][3]int // first and last sequence and offset of the last five batches
	old   bool     // refuses a producer that it does not know, as 1.0 to 2.4 did

	sent    []*request   // not handled
	handled []*request   // not answered
	ghosts  [][]*request // of lost connections
	futures []future
	nextID  int64
}

// request is a batch as it was when it was sent: its bytes may change later.
type request struct {
	b        *Batch
	id       int64
	epoch    int16
	sequence int32
	values   []int
	answer   Answer
	split    bool
	reject   bool
}

var (
	errOutOfOrder = errors.New("out of order")
	errLost       = errors.New("connection lost")
)

func (m *model) next() byte {
	if len(m.input) == 0 {
		return 0
	}
	b := m.input[0]
	m.input = m.input[1:]
	return b
}

func (m *model) step() {
	switch op := m.next(); op % 12 {
	case 0, 1:
		for range 1 + op>>4%4 {
			m.append()
		}
		if op%12 == 0 {
			m.p.Close()
		}
	case 2:
		m.now += time.Duration(op) * 4 * time.Millisecond
		m.p.Expire(m.now)
	case 3, 4:
		m.take()
	case 5, 6:
		m.handle(op / 12)
	case 7, 8:
		m.reply()
	case 9:
		m.cut(op / 12)
	case 10:
		m.haunt()
	case 11:
		m.forget(op / 12)
	}
}

func (m *model) append() {
	f, err := m.trySend(m.now, strconv.Itoa(len(m.futures)))
	if err != nil {
		m.t.Fatal(err)
	}
	m.futures = append(m.futures, f)
}

func (m *model) take() {
	if !m.p.Agree(1, Terms{Idempotent: true, MaxInFlight: 5}) {
		m.nextID++
		m.p.Identify(m.nextID, math.MaxInt16-2, 0) // epochs wear out soon
	}
	b := m.p.Take(m.now)
	if b == nil {
		return
	}
	if _, err := b.Seal(record.Seal{Magic: 2}); err != nil {
		m.t.Fatal(err)
	}
	read, _, err := record.ReadBatch(b.Wire())
	if err != nil || read.BaseSequence < 0 {
		m.t.Fatalf("sequence %d on the wire, %v", read.BaseSequence, err)
	}
	r := &request{b: b, id: read.ProducerID, epoch: read.ProducerEpoch, sequence: read.BaseSequence}
	for _, value := range valuesOf(m.t, b.Wire()) {
		n, err := strconv.Atoi(value)
		if err != nil {
			m.t.Fatal(err)
		}
		r.values = append(r.values, n)
	}
	m.sent = append(m.sent, r)
}

// handle has the broker look at the next request.
func (m *model) handle(how byte) {
	if len(m.sent) == 0 {
		return
	}
	r := m.sent[0]
	m.sent = m.sent[1:]
	m.handled = append(m.handled, r)
	switch how {
	case 0:
		r.answer = Answer{Err: errMoved, Retriable: true}
	case 1:
		r.answer = Answer{Err: errRefused}
	case 2:
		r.answer, r.split = Answer{Err: errRefused}, true
	case 3:
		r.answer, r.reject = Answer{Err: errRefused}, true
	case 4:
		m.store(r)
		r.answer = Answer{Err: errMoved, Retriable: true, Stored: true} // perhaps not by all replicas
	default:
		r.answer = m.store(r)
	}
}

// store appends a batch as Kafka does.
func (m *model) store(r *request) Answer {
	n := int32(len(r.values))
	last := addSequence(r.sequence, int(n)-1)
	fits := r.sequence == addSequence(m.last, 1)
	switch {
	case !m.known || r.id != m.id:
		if m.old && r.sequence != 0 {
			return Answer{Err: errOutOfOrder, Misplaced: true}
		}
		m.spans = nil
	case r.epoch < m.epoch:
		return Answer{Err: errRefused}
	case r.epoch > m.epoch:
		if r.sequence != 0 {
			return Answer{Err: errOutOfOrder, Misplaced: true}
		}
		m.spans = nil
	default:
		for _, span := range m.spans {
			if span[0] == int(r.sequence) && span[1] == int(last) {
				return Answer{Offset: int64(span[2]), LogAppendTime: -1}
			}
		}
		if !fits {
			return Answer{Err: errOutOfOrder, Misplaced: true}
		}
	}
	offset := len(m.log)
	m.log = append(m.log, r.values...)
	m.known, m.id, m.epoch, m.last = true, r.id, r.epoch, last
	m.spans = append(m.spans, [3]int{int(r.sequence), int(last), offset})
	m.spans = m.spans[max(0, len(m.spans)-5):]
	return Answer{Offset: int64(offset), LogAppendTime: -1}
}

func (m *model) reply() {
	if len(m.handled) == 0 {
		return
	}
	r := m.handled[0]
	m.handled = m.handled[1:]
	switch {
	case r.split && m.p.Split(r.b):
	case r.reject && m.p.Reject(r.b, []Rejection{{Index: 0, Err: errRefused}}):
	default:
		m.p.Answer(m.now, r.b, r.answer)
	}
}

// cut loses the connection: what was handled keeps its effect.
func (m *model) cut(how byte) {
	lost := append(m.handled, m.sent...)
	if how%2 == 1 && len(m.sent) > 0 {
		m.ghosts = append(m.ghosts, m.sent)
	}
	if how%4 >= 2 && len(m.spans) > 1 { // the broker was started again: it knows the last batch only
		m.spans = m.spans[len(m.spans)-1:]
	}
	m.sent, m.handled = nil, nil
	for _, r := range lost {
		m.p.Answer(m.now, r.b, Answer{Err: errLost, Retriable: true, Stored: true})
	}
}

// haunt has the broker handle what was sent on a connection that is lost.
func (m *model) haunt() {
	if len(m.ghosts) == 0 {
		return
	}
	r := m.ghosts[0][0]
	if m.ghosts[0] = m.ghosts[0][1:]; len(m.ghosts[0]) == 0 {
		m.ghosts = m.ghosts[1:]
	}
	if r.id == m.id || !m.known { // a producer ID that is worn out does not come back in time
		m.store(r)
	}
}

// forget has the broker lose the producer, as when its records are deleted or
// it was idle for long. Nothing is on its way then.
func (m *model) forget(how byte) {
	if len(m.sent)+len(m.handled)+len(m.ghosts) > 0 || m.p.unclear || m.p.toSettle() != nil {
		return
	}
	m.known, m.old = false, how%2 == 1
	m.now += 2 * quiet
	m.p.Expire(m.now)
}

func (m *model) finish() {
	for range 10_000 {
		if m.cfg.Gauge.Held() == 0 {
			break
		}
		m.now += 100 * time.Millisecond
		m.p.Close()
		m.take()
		m.handle(255)
		m.reply()
	}
	for len(m.ghosts) > 0 {
		m.haunt()
	}
	m.holdsNothing()
	m.check()
}

// check compares what was said with the log.
func (m *model) check() {
	at := map[int]int{}
	for i, n := range m.log {
		if i > 0 && n <= m.log[i-1] {
			m.t.Fatalf("the log has %d after %d: %v", n, m.log[i-1], m.log)
		}
		at[n] = i
	}
	var failed int64
	for n, f := range m.futures {
		out, ok := f.pr.Outcome(f.index)
		if out.Err != nil {
			failed++
		}
		offset, stored := at[n]
		var maybe interface{ MaybeStored() bool }
		switch {
		case !ok:
			m.t.Fatalf("record %d has no outcome", n)
		case out.Err == nil && (!stored || int64(offset) != out.Offset && out.Offset != -1):
			m.t.Fatalf("record %d is said to be at %d, it is at %d (stored: %v)", n, out.Offset, offset, stored)
		case out.Err != nil && stored && !(errors.As(out.Err, &maybe) && maybe.MaybeStored()):
			m.t.Fatalf("record %d is at %d, its error does not say that it may be: %v", n, offset, out.Err)
		}
	}
	if gauge := m.cfg.Gauge; gauge.Failed() != failed || gauge.Stored() != int64(len(m.futures))-failed {
		m.t.Fatalf("counted as stored %d and as failed %d, %d of %d failed", gauge.Stored(), gauge.Failed(), failed, len(m.futures))
	}
}

func runModel(t *testing.T, input []byte) {
	m := &model{input: input}
	m.script = newScript(t, func(cfg *Config) {
		cfg.BatchBytes = 600
		cfg.DeliveryTimeout = 3 * time.Second
	})
	for len(m.input) > 0 {
		m.step()
	}
	m.finish()
}

// FuzzIdempotence: what is acknowledged is stored once and in order, what is
// not is not stored or may be, and nothing is stored twice or out of order.
func FuzzIdempotence(f *testing.F) {
	for seed := range 200 {
		f.Add(noise(seed, 400))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		if len(input) <= 4000 {
			runModel(t, input)
		}
	})
}

// noise is always the same for a seed.
func noise(seed, n int) []byte {
	x := uint64(seed)*2654435761 + 88172645463325252
	out := make([]byte, n)
	for i := range out {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		out[i] = byte(x >> 32)
	}
	return out
}
