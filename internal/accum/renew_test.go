package accum

import (
	"errors"
	"testing"
)

var (
	oldTopic, newTopic = TopicID{1}, TopicID{2}
	errRecreated       = errors.New("made again")
)

func (f future) fails(stored bool) {
	f.s.t.Helper()
	out, ok := f.pr.Outcome(f.index)
	var failed *FailedError
	if !ok || !errors.Is(out.Err, errRecreated) || !errors.As(out.Err, &failed) || failed.Stored != stored {
		f.s.t.Errorf("got %+v, %v; want that the topic was made again, stored %v", out, ok, stored)
	}
}

// twoTopics is a script whose topic has an ID, and gets another by again.
func twoTopics(t *testing.T) (s *script, again func()) {
	s = idempotent(t)
	s.p.Renew(oldTopic, nil)
	return s, func() { s.p.Renew(newTopic, errRecreated) }
}

func TestFirstIDOfATopicChangesNothing(t *testing.T) {
	s, _ := twoTopics(t)
	_, batches := s.pipeline(0, "a", "b")
	s.p.Renew(oldTopic, errRecreated)
	s.p.Renew(TopicID{}, errRecreated)
	s.stored(1*ms, batches[0], 1)
	s.numbered(batches[1], 77, 2, 2)
	s.stored(1*ms, batches[1], 2)
}

func TestUnsentRecordsGoToTheNewTopicUnderAnotherEpoch(t *testing.T) {
	s, again := twoTopics(t)
	f := s.send(0, "a")
	s.p.Close()
	again()
	b := s.take(0, "a")
	s.numbered(b, 77, 3, 0)
	if b.TopicID() != newTopic {
		t.Errorf("taken for %v", b.TopicID())
	}
	s.stored(1*ms, b, 0)
	f.has(0)
}

func TestWhatWasSurelyRefusedGoesToTheNewTopic(t *testing.T) {
	s, again := twoTopics(t)
	_, batches := s.pipeline(0, "a", "b")
	again()
	s.takeNothing(0)
	for _, b := range batches {
		if b.TopicID() != oldTopic {
			t.Errorf("sent to %v", b.TopicID())
		}
		s.answer(1*ms, b, refusedNow, VerdictRetried)
	}
	a := s.take(1000*ms, "a")
	s.numbered(a, 77, 3, 0)
	s.stored(1000*ms, a, 0)
	s.numbered(s.take(1000*ms, "b"), 77, 3, 1)
}

func TestWhatMayBeInTheOldTopicIsNotSentToTheNewOne(t *testing.T) {
	s, again := twoTopics(t)
	futures, batches := s.pipeline(0, "a", "b", "c")
	s.answer(1*ms, batches[0], lostAnswer, VerdictRetried)
	again()
	futures[0].fails(true)
	s.answer(1*ms, batches[1], lostAnswer, VerdictFailed)
	futures[1].fails(true)
	s.stored(1*ms, batches[2], 3) // the answer of the old one
	futures[2].has(3)
	s.send(1*ms, "d")
	s.p.Close()
	d := s.take(1000*ms, "d")
	s.numbered(d, 77, 3, 0)
	s.stored(1000*ms, d, 0)
	s.holdsNothing()
}

func TestWhatIsKnownToBeInTheOldTopicIsStored(t *testing.T) {
	s, again := twoTopics(t)
	futures, batches := s.pipeline(0, "a", "b")
	s.answer(1*ms, batches[0], lostAnswer, VerdictRetried)
	s.stored(1*ms, batches[1], 2) // and so is the one before it
	again()
	futures[0].has(-1)
	s.holdsNothing()
}

func TestWhatMayBeInTheOldTopicIsNotSplitForTheNewOne(t *testing.T) {
	s := newScript(t, nil) // without numbers
	s.p.Renew(oldTopic, nil)
	f := s.send(0, "a")
	s.send(0, "b")
	s.p.Close()
	b := s.take(0, "a", "b")
	s.answer(1*ms, b, lostAnswer, VerdictRetried)
	b = s.take(1000*ms, "a", "b")
	s.p.Renew(newTopic, errRecreated)
	if s.p.Split(b) {
		t.Error("it was split")
	}
	s.answer(1000*ms, b, forGood, VerdictFailed)
	f.fails(true)
}
