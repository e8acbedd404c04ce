package accum

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// idempotent is a script whose partition has an identity and has stored one
// record, so that several batches may be in flight.
func idempotent(t *testing.T) *script {
	s := newScript(t, func(cfg *Config) { cfg.DeliveryTimeout = 10 * time.Second })
	s.p.Identify(77, 2, 0)
	if !s.p.Agree(1, Terms{Idempotent: true, MaxInFlight: 5}) {
		t.Fatal("the partition wants an identity and has one")
	}
	s.begin() // sequence 0
	return s
}

var (
	lostAnswer = Answer{Err: errLost, Retriable: true, Stored: true}
	refusedNow = Answer{Err: errMoved, Retriable: true}
	misplaced  = Answer{Err: errOutOfOrder, Misplaced: true}
	forGood    = Answer{Err: errRefused}
)

func TestFirstBatchOfAnEpochGoesAlone(t *testing.T) {
	s := newScript(t, nil)
	s.p.Agree(1, Terms{Idempotent: true, MaxInFlight: 5})
	s.p.Identify(77, 0, 0)
	s.send(0, "a")
	s.p.Close()
	a := s.take(0, "a")
	s.send(0, "b")
	s.p.Close()
	s.takeNothing(0)
	s.stored(1*ms, a, 0)
	s.numbered(s.take(1*ms, "b"), 77, 0, 1)
}

func TestUpToFiveBatchesAreInFlight(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c", "d", "e")
	s.send(0, "f")
	s.p.Close()
	s.takeNothing(0)
	for i, b := range batches {
		s.numbered(b, 77, 2, int32(i+1))
		s.stored(1*ms, b, int64(i+1))
		futures[i].has(int64(i + 1))
	}
	s.take(1*ms, "f")
}

func TestAnotherLeaderGetsOneBatchFirst(t *testing.T) {
	s := idempotent(t)
	s.p.Agree(2, Terms{Idempotent: true, MaxInFlight: 5})
	s.pipeline(0, "a")
	s.send(0, "b")
	s.p.Close()
	s.takeNothing(0)
}

func TestPartitionThatWasQuietGetsOneBatchFirst(t *testing.T) {
	s := idempotent(t)
	s.pipeline(2*time.Minute, "a")
	s.send(2*time.Minute, "b")
	s.p.Close()
	s.takeNothing(2 * time.Minute)
}

// The answer is lost, the batch times out, and the next one is as large: it
// must not be taken for it.
func TestBatchAfterALostOneDoesNotTakeItsNumber(t *testing.T) {
	s := idempotent(t)
	lost, batches := s.pipeline(0, "a")
	s.p.Expire(10 * time.Second)
	lost[0].maybeStored(true)
	next := s.send(10*time.Second, "b")
	s.p.Close()
	s.takeNothing(10 * time.Second) // what is in flight drains first
	s.answer(11*time.Second, batches[0], lostAnswer, VerdictLate)
	b := s.take(11*time.Second, "b")
	s.numbered(b, 77, 3, 0)
	s.stored(12*time.Second, b, 5)
	next.has(5)
	s.holdsNothing()
}

func TestBatchThatTimedOutBetweenAttemptsKeepsItsNumber(t *testing.T) {
	s := idempotent(t)
	lost, batches := s.pipeline(0, "a")
	s.answer(1*ms, batches[0], lostAnswer, VerdictRetried)
	s.p.Expire(10 * time.Second)
	lost[0].maybeStored(true)
	s.send(10*time.Second, "b")
	s.p.Close()
	s.numbered(s.take(10*time.Second, "b"), 77, 3, 0)
}

func TestWhatWasSentAfterAFailureIsSentAgainInOrder(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c")
	wires := make([][]byte, len(batches))
	for i, b := range batches {
		wires[i] = bytes.Clone(b.Wire())
	}
	s.answer(1*ms, batches[0], refusedNow, VerdictRetried)
	s.takeNothing(500 * ms) // b and c are not answered
	s.answer(500*ms, batches[1], misplaced, VerdictDisplaced)
	s.answer(500*ms, batches[2], misplaced, VerdictDisplaced)
	a := s.take(500*ms, "a")
	s.takeNothing(500 * ms)
	s.stored(501*ms, a, 1)
	b, c := s.take(501*ms, "b"), s.take(501*ms, "c")
	for i, again := range []*Batch{a, b, c} {
		if i > 0 && !bytes.Equal(again.Wire(), wires[i]) {
			t.Errorf("batch %d has other bytes", i)
		}
	}
	s.stored(502*ms, b, 2)
	s.stored(502*ms, c, 3)
	for i, f := range futures {
		f.has(int64(i + 1))
	}
	s.holdsNothing()
}

func TestAnswersLostAfterTheAppendAreFoundAgain(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c", "d", "e")
	for _, b := range batches {
		s.answer(1*ms, b, lostAnswer, VerdictRetried)
	}
	for i, value := range []string{"a", "b", "c", "d", "e"} {
		b := s.take(5*time.Second, value)
		s.numbered(b, 77, 2, int32(i+1))
		s.stored(5*time.Second, b, int64(i+1))
		futures[i].has(int64(i + 1))
	}
	s.holdsNothing()
}

func TestRefusalForGoodGivesTheFollowersNewNumbersOnceAllIsAnswered(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c")
	s.answer(1*ms, batches[0], forGood, VerdictFailed)
	futures[0].maybeStored(false)
	later := s.send(1*ms, "later")
	s.p.Close()
	s.takeNothing(2 * ms)
	s.answer(2*ms, batches[1], misplaced, VerdictRetried)
	s.answer(2*ms, batches[2], lostAnswer, VerdictRetried) // it could not be stored after a gap
	b := s.take(time.Second, "b")
	s.numbered(b, 77, 3, 0)
	s.stored(time.Second, b, 1)
	c, last := s.take(time.Second, "c"), s.take(time.Second, "later")
	s.numbered(c, 77, 3, 1)
	s.numbered(last, 77, 3, 2)
	s.stored(time.Second, c, 2)
	s.stored(time.Second, last, 3)
	later.has(3)
	s.holdsNothing()
}

func TestWhatMayBeStoredIsSettledBeforeTheEpochEnds(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b")
	s.answer(1*ms, batches[0], lostAnswer, VerdictRetried)
	s.answer(1*ms, batches[1], forGood, VerdictFailed)
	a := s.take(time.Second, "a")
	s.numbered(a, 77, 2, 1)
	s.stored(time.Second, a, 1)
	futures[0].has(1)
	futures[1].maybeStored(false)
	s.send(time.Second, "c")
	s.p.Close()
	s.numbered(s.take(time.Second, "c"), 77, 3, 0)
}

// The one before it may still come in from a connection that was given up, and
// then so may this one.
func TestWhatCannotBeKnownIsSaid(t *testing.T) {
	s := idempotent(t)
	first, batches := s.pipeline(0, "a")
	second, behind := s.pipeline(100*ms, "b")
	s.answer(200*ms, batches[0], lostAnswer, VerdictRetried)
	s.answer(200*ms, behind[0], lostAnswer, VerdictRetried)
	s.p.Expire(10 * time.Second)
	first[0].maybeStored(true)
	second[0].open()
	b := s.take(10*time.Second, "b")
	s.numbered(b, 77, 2, 2)
	s.answer(10*time.Second, b, misplaced, VerdictFailed)
	second[0].maybeStored(true)
	s.send(10*time.Second, "c")
	s.p.Close()
	s.numbered(s.take(10*time.Second, "c"), 77, 3, 0)
}

// The log was cut, so that the broker knows nothing of the producer, or less
// than it had acknowledged.
func TestForgottenProducerBeginsAgain(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b")
	s.answer(1*ms, batches[0], misplaced, VerdictRetried)
	s.answer(1*ms, batches[1], misplaced, VerdictDisplaced)
	a := s.take(time.Second, "a")
	s.numbered(a, 77, 3, 0)
	s.stored(time.Second, a, 100)
	b := s.take(time.Second, "b")
	s.numbered(b, 77, 3, 1)
	s.stored(time.Second, b, 101)
	futures[0].has(100)
	futures[1].has(101)
}

func TestSplitBatchKeepsItsNumbersAndItsPlace(t *testing.T) {
	s := idempotent(t)
	s.send(0, "a")
	s.send(0, "b")
	s.p.Close()
	large := s.take(0, "a", "b")
	_, behind := s.pipeline(0, "c")
	if !s.p.Split(large) {
		t.Fatal("not split")
	}
	s.takeNothing(1 * ms)
	s.answer(1*ms, behind[0], misplaced, VerdictDisplaced)
	a := s.take(1*ms, "a")
	s.numbered(a, 77, 2, 1)
	s.stored(2*ms, a, 1)
	b, c := s.take(2*ms, "b"), s.take(2*ms, "c")
	s.numbered(b, 77, 2, 2)
	s.numbered(c, 77, 2, 3)
	s.stored(3*ms, b, 2)
	s.stored(3*ms, c, 3)
	s.holdsNothing()
}

func TestBatchThatMayBeStoredIsNotTakenApart(t *testing.T) {
	s := idempotent(t)
	a := s.send(0, "a")
	s.send(0, "b")
	s.p.Close()
	s.answer(1*ms, s.take(0, "a", "b"), lostAnswer, VerdictRetried)
	b := s.take(time.Second, "a", "b")
	if s.p.Split(b) || s.p.Reject(b, []Rejection{{0, errRefused}}) {
		t.Fatal("a batch that may be stored was taken apart")
	}
	s.answer(time.Second, b, forGood, VerdictFailed)
	a.maybeStored(true)
}

func TestRejectedRecordsFailAloneAndTheOthersGetNewNumbers(t *testing.T) {
	s := idempotent(t)
	var futures []future
	for _, value := range []string{"a", "b", "c", "d", "e"} {
		futures = append(futures, s.send(0, value))
	}
	s.p.Close()
	batch := s.take(0, "a", "b", "c", "d", "e")
	last, behind := s.pipeline(0, "f")
	s.p.Reject(batch, []Rejection{{3, errRefused}, {1, errRefused}, {3, errMoved}})
	if n := s.cfg.Gauge.Failed(); n != 2 {
		t.Fatalf("rejected: got %d, want 2", n)
	}
	futures[0].open()
	s.answer(1*ms, behind[0], misplaced, VerdictRetried)
	offset := int64(10)
	for i, value := range []string{"a", "c", "e", "f"} {
		b := s.take(time.Second, value)
		s.numbered(b, 77, 3, int32(i))
		s.stored(time.Second, b, offset)
		offset++
	}
	for i, want := range map[int]int64{0: 10, 2: 11, 4: 12} {
		futures[i].has(want)
	}
	futures[1].failed(errRefused)
	futures[3].failed(errRefused)
	futures[1].maybeStored(false)
	last[0].has(13)
	s.holdsNothing()
}

func TestRejectLeavesAloneWhatItCannotDo(t *testing.T) {
	s := newScript(t, nil)
	if _, err := s.place(0, &Entry{Together: true, List: [][]byte{[]byte("a"), []byte("b")}}); err != nil {
		t.Fatal(err)
	}
	list := s.take(5*ms, "a", "b")
	if s.p.Reject(list, []Rejection{{0, errRefused}}) {
		t.Error("a list was taken apart")
	}
	s.stored(5*ms, list, 0)
	s.send(10*ms, "c")
	s.send(10*ms, "d")
	b := s.take(15*ms, "c", "d")
	for _, bad := range [][]Rejection{nil, {{-1, errRefused}}, {{2, errRefused}}, {{0, errRefused}, {1, errRefused}}} {
		if s.p.Reject(b, bad) {
			t.Errorf("rejected %v", bad)
		}
	}
	s.stored(16*ms, b, 2)
	s.holdsNothing()
}

func TestRejectWithoutNumbersSendsTheOthersAgain(t *testing.T) {
	s := newScript(t, nil)
	a, b := s.send(0, "a"), s.send(0, "b")
	if !s.p.Reject(s.take(5*ms, "a", "b"), []Rejection{{0, errRefused}}) {
		t.Fatal("not rejected")
	}
	s.stored(6*ms, s.take(6*ms, "b"), 4)
	a.failed(errRefused)
	b.has(4)
	s.holdsNothing()
}

func TestWornOutProducerIDIsReplaced(t *testing.T) {
	s := idempotent(t)
	s.p.Identify(77, math.MaxInt16, 5)
	futures, batches := s.pipeline(0, "a")
	s.answer(0, batches[0], misplaced, VerdictRetried)
	if s.p.Agree(1, Terms{Idempotent: true, MaxInFlight: 5}) || !s.p.Worn() {
		t.Error("no identity is asked for")
	}
	s.takeNothing(time.Second)
	s.p.Identify(78, 0, 0)
	a := s.take(time.Second, "a")
	s.numbered(a, 78, 0, 0)
	s.stored(time.Second, a, 1)
	futures[0].has(1)
}

func TestLeaderWithoutNumbersGetsOneBatchAtATime(t *testing.T) {
	s := newScript(t, nil)
	if !s.p.Agree(1, Terms{MaxInFlight: 1}) {
		t.Fatal("an identity is asked for")
	}
	s.pipeline(0, "a")
	s.send(0, "b")
	s.p.Close()
	s.takeNothing(0)
}

// A broker that was started again knows the last batch of a producer only, and
// refuses those before it.
func TestBatchesBeforeTheOneThatIsKnownAreStored(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c")
	for _, b := range batches {
		s.answer(1*ms, b, lostAnswer, VerdictRetried)
	}
	s.answer(time.Second, s.take(time.Second, "a"), misplaced, VerdictRetried)
	s.answer(time.Second, s.take(time.Second, "b"), misplaced, VerdictRetried)
	c := s.take(time.Second, "c")
	s.numbered(c, 77, 2, 3)
	s.stored(time.Second, c, 9)
	futures[0].has(-1)
	futures[1].has(-1)
	futures[2].has(9)
	if got := s.cfg.Gauge.Stored(); got != 4 { // one before them
		t.Errorf("stored: got %d records, want 4", got)
	}
	s.holdsNothing()
}

func TestBatchesThatNoneIsKnownOfAreSentUnderAnotherEpoch(t *testing.T) {
	s := idempotent(t)
	_, batches := s.pipeline(0, "a", "b")
	for _, b := range batches {
		s.answer(1*ms, b, lostAnswer, VerdictRetried)
	}
	s.answer(time.Second, s.take(time.Second, "a"), misplaced, VerdictRetried)
	s.answer(time.Second, s.take(time.Second, "b"), misplaced, VerdictRetried)
	s.takeNothing(time.Second)
	a := s.take(2*time.Second, "a")
	s.numbered(a, 77, 3, 0)
	s.stored(2*time.Second, a, 50)
	s.numbered(s.take(2*time.Second, "b"), 77, 3, 1)
}

// The broker was started again between the answers to a and to b.
func TestBatchIsNotJudgedWhileOneBehindItIsInFlight(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b", "c")
	for _, b := range batches {
		s.answer(1*ms, b, lostAnswer, VerdictRetried)
	}
	s.stored(time.Second, s.take(time.Second, "a"), 7)
	b, c := s.take(time.Second, "b"), s.take(time.Second, "c")
	s.answer(time.Second, b, misplaced, VerdictRetried)
	s.takeNothing(time.Minute)
	s.stored(time.Second, c, 9)
	futures[1].has(-1)
	futures[2].has(9)
	s.holdsNothing()
}

func TestBatchBeforeAStoredOneIsStored(t *testing.T) {
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a", "b")
	s.answer(1*ms, batches[0], lostAnswer, VerdictRetried) // too late for all replicas
	s.stored(2*ms, batches[1], 2)
	s.answer(time.Second, s.take(time.Second, "a"), misplaced, VerdictStored)
	futures[0].has(-1)
	s.holdsNothing()
}

func TestGarbledAnswerIsAskedForOnceMoreByItsNumber(t *testing.T) {
	garbled := Answer{Err: errRefused, Garbled: true, Stored: true}
	s := idempotent(t)
	futures, batches := s.pipeline(0, "a")
	s.answer(1*ms, batches[0], garbled, VerdictRetried)
	a := s.take(1000*ms, "a")
	s.numbered(a, 77, 2, 1)
	s.answer(1000*ms, a, lostAnswer, VerdictRetried) // of another kind
	a = s.take(2000*ms, "a")
	s.answer(2000*ms, a, garbled, VerdictFailed)
	if out, _ := futures[0].pr.Outcome(futures[0].index); out.Err == nil || !out.Err.(*FailedError).Stored {
		t.Errorf("got %v, want that it may be stored", out.Err)
	}
	s = newScript(t, nil)
	s.send(0, "a")
	s.p.Close()
	s.answer(1*ms, s.take(0, "a"), garbled, VerdictFailed) // without a number it could be stored twice
	s.holdsNothing()
}
