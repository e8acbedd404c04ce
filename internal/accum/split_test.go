package accum

import (
	"errors"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

func TestSplitKeepsOrderOffsetsAndSequences(t *testing.T) {
	s := newScript(t, nil)
	s.p.Identify(9, 1, 1<<31-2)
	futures := make([]future, 0, 5)
	for _, value := range []string{"a", "b", "x", "c", "d", "e"} {
		f := s.send(0, value)
		if value == "x" {
			f.pr.Cancel(f.index, 1)
			continue
		}
		f.pr.Then(f.index, 0, value)
		futures = append(futures, f)
	}
	s.p.Close()
	b := s.take(0, "a", "b", "c", "d", "e")
	later := s.send(0, "later")
	if !s.p.Split(b) {
		t.Fatal("not split")
	}
	first := s.take(1*ms, "a", "b")
	if !s.p.Split(first) {
		t.Fatal("not split again")
	}
	for i, values := range [][]string{{"a"}, {"b"}, {"c", "d", "e"}} {
		part := s.take(2*ms, values...)
		read, _, _ := record.ReadBatch(part.Wire())
		if want := addSequence(1<<31-2, []int{0, 1, 2}[i]); read.BaseSequence != want || read.ProducerID != 9 {
			t.Errorf("part %d: got sequence %d, want %d", i, read.BaseSequence, want)
		}
		if len(s.calls) != 0 {
			t.Error("callbacks came before the last part's answer")
		}
		s.stored(3*ms, part, int64(100*(i+1)))
	}
	for i, offset := range []int64{100, 200, 300, 301, 302} {
		futures[i].has(offset)
	}
	if got := s.said(); got != "a:100:true b:200:true c:300:true d:301:true e:302:true" {
		t.Errorf("callbacks: got %q", got)
	}
	s.stored(6*ms, s.take(5*ms, "later"), 400)
	later.has(400)
	s.holdsNothing()
}

func TestPartOfASplitBatchFailsAlone(t *testing.T) {
	s := newScript(t, nil)
	a, b := s.send(0, "a"), s.send(0, "b")
	if !s.p.Split(s.take(5*ms, "a", "b")) {
		t.Fatal("not split")
	}
	s.answer(6*ms, s.take(6*ms, "a"), Answer{Err: errRefused}, VerdictFailed)
	s.stored(6*ms, s.take(6*ms, "b"), 7)
	a.failed(errRefused)
	b.has(7)
	s.holdsNothing()
}

func TestSplitRefusesWhatHasToStayTogether(t *testing.T) {
	s := newScript(t, nil)
	s.send(0, "a")
	single := s.take(5*ms, "a")
	if s.p.Split(single) {
		t.Error("a single record was split")
	}
	s.stored(5*ms, single, 0)
	if _, err := s.place(5*ms, &Entry{Together: true, List: [][]byte{[]byte("a"), []byte("b")}}); err != nil {
		t.Fatal(err)
	}
	list := s.take(10*ms, "a", "b")
	if s.p.Split(list) {
		t.Error("a list was split")
	}
	s.stored(11*ms, list, 1)
	s.send(20*ms, "c")
	s.send(20*ms, "d")
	expired := s.take(25*ms, "c", "d")
	s.p.Abort(errors.New("the end"))
	if s.p.Split(expired) {
		t.Error("a batch that has ended was split")
	}
	s.answer(30*ms, expired, Answer{}, VerdictLate)
	s.holdsNothing()
}

func TestReopenedBatchIsSealedInAnotherFormat(t *testing.T) {
	s := newScript(t, nil)
	s.send(0, "a")
	s.send(0, "b")
	s.p.Close()
	b := s.p.Take(0)
	for _, seal := range []record.Seal{{Magic: 2}, {Magic: 1, Codec: compress.Gzip}, {Magic: 0}, {Magic: 2, Codec: compress.Snappy}, {Magic: 2}} {
		if _, err := b.Seal(seal); err != nil {
			t.Fatal(err)
		}
		var got []string
		if err := b.walk(func(_ int, rec *record.Record) { got = append(got, string(rec.Value)) }); err != nil || !equal(got, []string{"a", "b"}) {
			t.Errorf("%+v: got %q, %v", seal, got, err)
		}
		if err := b.Reopen(); err != nil {
			t.Fatal(err)
		}
	}
}
