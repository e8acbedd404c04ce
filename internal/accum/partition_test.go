package accum

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"weak"
)

const ms = time.Millisecond

var errMoved, errRefused = errors.New("leader moved"), errors.New("refused")

func TestBatchLeavesWhenItHasLingered(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(10*ms, "a")
	b := s.send(12*ms, "b")
	s.takeNothing(14 * ms)
	if got := s.p.Next(); got != 15*ms {
		t.Errorf("next: got %v, want 15ms", got)
	}
	batch := s.take(15*ms, "a", "b")
	s.stored(20*ms, batch, 40)
	a.has(40)
	b.has(41)
	s.holdsNothing()
}

func TestFullBatchDoesNotLinger(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.BatchBytes = 128 })
	first := strings.Repeat("a", 50)
	s.send(0, first)
	s.send(0, strings.Repeat("b", 50))
	s.stored(1*ms, s.take(1*ms, first), 0)
	s.takeNothing(1 * ms)
}

func TestRecordOfExactlyTheLimitFitsAndOneByteMoreDoesNot(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.BatchBytes = 200 })
	value := strings.Repeat("v", 200-batchHeader-9)
	s.send(0, value)
	if got := s.p.open.builder.Len(); got != 200 {
		t.Fatalf("the batch has %d bytes, want 200: the test is off", got)
	}
	if _, err := s.trySend(0, value+"v"); err == nil {
		t.Error("a record beyond the limit was accepted")
	}
}

func TestOnlyOneBatchIsInFlight(t *testing.T) {
	s := newScript(t, nil)
	s.send(0, "a")
	batch := s.take(5*ms, "a")
	s.send(6*ms, "b")
	s.takeNothing(20 * ms)
	if got := s.p.Next(); got != Forever {
		t.Errorf("next while one is in flight: got %v, want never", got)
	}
	s.stored(21*ms, batch, 7)
	s.stored(30*ms, s.take(21*ms, "b"), 8)
	s.holdsNothing()
}

func TestRetryIsByteIdenticalAndKeepsTheOrder(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.MaxInFlight = 5 })
	s.p.Identify(77, 2, 9)
	s.begin()
	a := s.send(0, "a")
	first := s.take(5*ms, "a")
	b := s.send(6*ms, "b")
	second := s.take(11*ms, "b")
	bytesBefore := [][]byte{bytes.Clone(first.Wire()), bytes.Clone(second.Wire())}

	s.answer(12*ms, first, Answer{Err: errMoved, Retriable: true}, VerdictRetried)
	c := s.send(12*ms, "c")
	s.answer(13*ms, second, Answer{Err: errMoved, Retriable: true}, VerdictRetried)
	s.takeNothing(90 * ms) // backing off
	first = s.take(120*ms, "a")
	s.numbered(first, 77, 2, 10)
	firstAgain := bytes.Clone(first.Wire())
	s.takeNothing(120 * ms) // the first goes alone
	s.stored(130*ms, first, 0)
	second, third := s.take(130*ms, "b"), s.take(130*ms, "c")
	if !bytes.Equal(firstAgain, bytesBefore[0]) || !bytes.Equal(second.Wire(), bytesBefore[1]) {
		t.Error("a batch changed between two attempts")
	}
	s.numbered(second, 77, 2, 11)
	s.numbered(third, 77, 2, 12)
	s.stored(140*ms, second, 1)
	s.stored(140*ms, third, 2)
	a.has(0)
	b.has(1)
	c.has(2)
	s.holdsNothing()
}

func TestSequenceWrapsToZero(t *testing.T) {
	s := newScript(t, nil)
	s.p.Identify(1, 0, 1<<31-2)
	for _, want := range []int32{1<<31 - 2, 1} {
		for _, value := range []string{"a", "b", "c"} {
			s.send(0, value)
		}
		s.p.Close()
		batch := s.take(0, "a", "b", "c")
		if batch.baseSequence != want {
			t.Errorf("base sequence: got %d, want %d", batch.baseSequence, want)
		}
		s.stored(0, batch, 0)
	}
}

func TestFailureThatWillNotPassFailsItsBatchOnly(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(0, "a")
	batch := s.take(5*ms, "a")
	b := s.send(6*ms, "b")
	s.answer(7*ms, batch, Answer{Err: errRefused}, VerdictFailed)
	a.failed(errRefused)
	b.open()
	s.stored(12*ms, s.take(11*ms, "b"), 0)
	b.has(0)
	s.holdsNothing()
}

func TestRetriesAreCounted(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.Retries = 1 })
	a := s.send(0, "a")
	s.answer(5*ms, s.take(5*ms, "a"), Answer{Err: errMoved, Retriable: true, Stored: true}, VerdictRetried)
	s.answer(time.Second, s.take(time.Second, "a"), Answer{Err: errMoved, Retriable: true}, VerdictFailed)
	a.failed(errMoved)
	var failed *FailedError
	if out, _ := a.pr.Outcome(0); !errors.As(out.Err, &failed) || failed.Attempts != 2 || !failed.MaybeStored() {
		t.Errorf("got %+v, want 2 attempts of which the first may have been stored", out.Err)
	}
	s.holdsNothing()
}

func TestDeliveryTimeoutEndsWhatWaitsAndWhatIsInFlight(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.DeliveryTimeout = time.Second })
	a := s.send(0, "a")
	batch := s.take(5*ms, "a")
	b := s.send(500*ms, "b")
	s.p.Expire(999 * ms)
	if got := s.cfg.Gauge.Failed(); got != 0 {
		t.Fatalf("%d records expired early", got)
	}
	s.p.Expire(1000 * ms)
	if got := s.cfg.Gauge.Failed(); got != 1 {
		t.Fatalf("expired: got %d records, want 1", got)
	}
	var timeout *TimeoutError
	if out, _ := a.pr.Outcome(0); !errors.As(out.Err, &timeout) || !timeout.MaybeStored() || timeout.Attempts != 1 {
		t.Errorf("in flight: got %v, want a timeout of what may be stored", out.Err)
	}
	b.open()
	s.takeNothing(1100 * ms) // the order: its predecessor may still arrive
	s.p.Expire(1500 * ms)
	if out, _ := b.pr.Outcome(0); !errors.As(out.Err, &timeout) || timeout.MaybeStored() {
		t.Errorf("waiting: got %v, want a timeout of what was never sent", out.Err)
	}
	if s.lent == 0 {
		t.Error("the buffer of a batch in flight came back before its answer")
	}
	s.answer(1600*ms, batch, Answer{Offset: 3}, VerdictLate)
	s.holdsNothing()
}

func TestRetryPastTheDeadlineFails(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.DeliveryTimeout = time.Second })
	a := s.send(0, "a")
	s.answer(1001*ms, s.take(5*ms, "a"), Answer{Err: errMoved, Retriable: true}, VerdictFailed)
	a.failed(errMoved)
	s.holdsNothing()
}

func TestCancelTakesOneRecordOutAndTheOthersKeepTheirOrderAndOffsets(t *testing.T) {
	s := newScript(t, nil)
	futures := map[string]future{}
	for _, value := range []string{"a", "b", "c", "d", "e"} {
		futures[value] = s.send(0, value)
	}
	for _, value := range []string{"d", "b"} {
		if f := futures[value]; !f.pr.Cancel(f.index, 1) {
			t.Fatalf("cancel %s: refused", value)
		}
		futures[value].failed(ErrCanceled)
	}
	futures["f"] = s.send(1*ms, "f")
	s.stored(6*ms, s.take(5*ms, "a", "c", "e", "f"), 100)
	for i, value := range []string{"a", "c", "e", "f"} {
		futures[value].has(100 + int64(i))
	}
	futures["b"].failed(ErrCanceled)
	if f := futures["a"]; f.pr.Cancel(f.index, 1) {
		t.Error("a stored record was cancelled")
	}
	s.holdsNothing()
}

func TestCancelRefusesWhatIsInFlightOrWasOnce(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(0, "a")
	batch := s.take(5*ms, "a")
	if a.pr.Cancel(0, 1) {
		t.Error("a record in flight was cancelled")
	}
	s.answer(6*ms, batch, Answer{Err: errMoved, Retriable: true, Stored: true}, VerdictRetried)
	if a.pr.Cancel(0, 1) {
		t.Error("a record that may be stored was cancelled")
	}
}

func TestCancelOfTheLastRecordDropsTheBatch(t *testing.T) {
	for _, closed := range []bool{false, true} {
		s := newScript(t, nil)
		a := s.send(0, "a")
		if closed {
			s.p.Close()
		}
		done := a.pr.Settled()
		if !a.pr.Cancel(0, 1) {
			t.Fatal("cancel: refused")
		}
		select {
		case <-done:
		default:
			t.Error("who waits for the batch was not told")
		}
		s.takeNothing(time.Second)
		s.holdsNothing()
	}
}

func TestListStaysTogether(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.BatchBytes = 300 })
	s.send(0, strings.Repeat("x", 150))
	list := &Entry{Together: true, List: [][]byte{[]byte("a"), nil, make([]byte, 100)}}
	f, err := s.place(0, list)
	if err != nil || f.pr == nil {
		t.Fatalf("place: %v", err)
	}
	s.stored(1*ms, s.take(1*ms, strings.Repeat("x", 150)), 0)
	s.stored(6*ms, s.take(5*ms, "a", "", string(make([]byte, 100))), 10)
	f.has(10)
	list.List = append(list.List, make([]byte, 200))
	if room := s.p.Room(list); !room.TooLarge {
		t.Errorf("a list that no batch holds: got %+v", room)
	}
	s.holdsNothing()
}

func TestHeldBatchesLeaveWhenClosedOrAfterTheInterval(t *testing.T) {
	s := newScript(t, func(cfg *Config) { cfg.Hold, cfg.Linger, cfg.BatchBytes = true, time.Minute, 128 })
	first, second := strings.Repeat("a", 50), strings.Repeat("b", 50)
	s.send(0, first)
	s.send(0, second) // the first batch is full
	s.takeNothing(59 * time.Second)
	if s.p.Overdue(59*time.Second) || !s.p.Overdue(time.Minute) {
		t.Error("overdue: want from one minute on")
	}
	if !s.p.Close() {
		t.Error("close: nothing waits, want both batches")
	}
	s.stored(0, s.take(time.Second, first), 0)
	s.stored(0, s.take(time.Second, second), 1)
	s.holdsNothing()
}

func TestAbortEndsEverything(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(0, "a")
	batch := s.take(5*ms, "a")
	b := s.send(6*ms, "b")
	s.p.Abort(errRefused)
	if got := s.cfg.Gauge.Failed(); got != 2 {
		t.Errorf("aborted: got %d records, want 2", got)
	}
	a.failed(errRefused)
	b.failed(errRefused)
	if _, err := s.trySend(7*ms, "c"); !errors.Is(err, errRefused) {
		t.Errorf("send after abort: got %v", err)
	}
	s.answer(8*ms, batch, Answer{Offset: 1}, VerdictLate)
	s.holdsNothing()
}

func TestBarredPartitionStillSendsWhatItHas(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(0, "a")
	s.p.Bar(errRefused)
	if _, err := s.trySend(0, "b"); !errors.Is(err, errRefused) {
		t.Errorf("send: got %v", err)
	}
	s.stored(0, s.take(0, "a"), 0)
	a.has(0)
}

func TestCallbacksComeInOrderAndOnce(t *testing.T) {
	s := newScript(t, nil)
	for _, value := range []string{"a", "b", "c"} {
		f := s.send(0, value)
		f.pr.Then(f.index, 0, value)
		if value == "b" {
			f.pr.Cancel(f.index, 1)
		}
	}
	batch := s.take(5*ms, "a", "c")
	s.stored(6*ms, batch, 5)
	if got := s.said(); got != "b:-1:false a:5:true c:6:true" {
		t.Errorf("callbacks: got %q", got)
	}
}

// TestCallbacksAreHandedOverBeforeAnybodyIsWoken: whoever closes a producer waits
// for the batches and then for the callbacks, which must be there by then.
func TestCallbacksComeInTheOrderOfRecordsThoughAskedForInAnother(t *testing.T) {
	s := newScript(t, nil)
	a, b, c := s.send(0, "a"), s.send(0, "b"), s.send(0, "c")
	for i, f := range []future{c, a, b, a} {
		f.pr.Then(f.index, 0, strconv.Itoa(i))
	}
	s.stored(6*ms, s.take(5*ms, "a", "b", "c"), 7)
	if got := s.said(); got != "1:7:true 3:7:true 2:8:true 0:9:true" {
		t.Errorf("callbacks: got %q", got)
	}
}

func TestPromiseKeepsNoBytesOfItsBatch(t *testing.T) {
	for name, end := range map[string]func(s *script, b *Batch){
		"stored":  func(s *script, b *Batch) { s.stored(6*ms, b, 1) },
		"failed":  func(s *script, b *Batch) { s.answer(6*ms, b, Answer{Err: errRefused}, VerdictFailed) },
		"aborted": func(s *script, b *Batch) { s.p.Abort(errRefused); s.answer(6*ms, b, Answer{}, VerdictLate) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t, nil)
			f := s.send(0, "a")
			buffer := weak.Make(&s.p.open.buffer[:1][0])
			end(s, s.take(5*ms, "a"))
			runtime.GC()
			if buffer.Value() != nil {
				t.Error("the buffer is still there")
			}
			if _, ok := f.pr.Outcome(f.index); !ok {
				t.Error("no outcome")
			}
		})
	}
}

func TestCallbacksAreHandedOverBeforeAnybodyIsWoken(t *testing.T) {
	var settled <-chan struct{}
	handedOver := false
	s := newScript(t, func(cfg *Config) {
		cfg.Deliver = func(Calls) {
			handedOver = true
			select {
			case <-settled:
				t.Error("who waits for the batch was woken first")
			default:
			}
		}
	})
	f := s.send(0, "a")
	f.pr.Then(f.index, 0, "a")
	settled = f.pr.Settled()
	s.stored(6*ms, s.take(5*ms, "a"), 5)
	if !handedOver {
		t.Error("no callback")
	}
}

func TestGrowingKeepsTheRecords(t *testing.T) {
	s := newScript(t, nil)
	var values []string
	for i := range 100 {
		value := strings.Repeat(string(rune('a'+i%26)), i)
		s.send(0, value)
		values = append(values, value)
	}
	s.stored(6*ms, s.take(5*ms, values...), 0)
	s.holdsNothing()
}

func TestBackoffGrowsToItsCapWithJitter(t *testing.T) {
	b := Backoff{Min: 100 * ms, Max: time.Second}
	for attempt, most := range map[int]time.Duration{1: 100 * ms, 2: 200 * ms, 3: 400 * ms, 4: 800 * ms, 5: time.Second, 1000: time.Second} {
		for range 100 {
			if wait := b.Wait(attempt); wait > most || wait < most*4/5 {
				t.Fatalf("wait of attempt %d: got %v, want %v less a fifth at most", attempt, wait, most)
			}
		}
	}
}

func TestAppendDoesNotAllocate(t *testing.T) {
	s := newScript(t, nil)
	if _, err := s.p.Place(make([]byte, 1<<20), 0, &Entry{}); err != nil {
		t.Fatal(err)
	}
	value := make([]byte, 100)
	if n := testing.AllocsPerRun(1000, func() { s.p.Append(0, value, value, nil) }); n != 0 {
		t.Errorf("append: %v allocations, want 0", n)
	}
}

// Who hears of an outcome finds it counted, and has the memory.
func TestOutcomesAreCountedBeforeTheyAreKnown(t *testing.T) {
	var s *script
	var counted []string
	s = newScript(t, func(cfg *Config) {
		cfg.Deliver = func(calls Calls) {
			s.call(calls)
			counted = append(counted, fmt.Sprint(cfg.Gauge.Stored(), cfg.Gauge.Failed(), s.lent, cfg.Gauge.Held()))
		}
	})
	for _, value := range []string{"a", "b"} {
		f := s.send(0, value)
		f.pr.Then(f.index, 0, value)
		if batch := s.take(5*ms, value); value == "a" {
			s.stored(6*ms, batch, 1)
		} else {
			s.answer(6*ms, batch, Answer{Err: errRefused}, VerdictFailed)
		}
	}
	f := s.send(0, "c")
	f.pr.Then(f.index, 0, "c")
	s.p.Abort(errRefused)
	if want := []string{"1 0 0 0", "1 1 0 0", "1 2 0 0"}; !slices.Equal(counted, want) {
		t.Errorf("stored, failed, lent, held: got %q, want %q", counted, want)
	}
}

func TestWhatIsDueFailsAndWhatLingersDoesNot(t *testing.T) {
	s := newScript(t, nil)
	a := s.send(0, "a")
	s.p.Close()
	b := s.send(1*ms, "b")
	s.p.FailDue(2*ms, errRefused)
	a.failed(errRefused)
	b.open()
	s.p.FailDue(6*ms, errRefused)
	b.failed(errRefused)
	s.p.FailDue(time.Hour, errRefused)
	if got := s.cfg.Gauge.Failed(); got != 2 {
		t.Errorf("failed: got %d records, want 2", got)
	}
	s.holdsNothing()
}
