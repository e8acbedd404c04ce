package interop

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

const sharedPartitions = 6

// groupProofs show that members of both are in one group, whoever leads it.
func groupProofs() []proof {
	return []proof{
		{"one group has members of both, and we lead it: each message is processed once", "", func(t *testing.T, w *world) {
			s := share(t, w)
			s.weJoin()
			s.weHave(sharedPartitions)
			s.theyJoin(sharedPartitions / 2)
			s.each()
			s.theyLeave()
			s.weHave(sharedPartitions)
			s.weRead(s.write())
			s.weLeave()
		}},
		{"one group has members of both, and it leads it: each message is processed once", "", func(t *testing.T, w *world) {
			s := share(t, w)
			s.theyJoin(sharedPartitions)
			s.weJoin()
			s.theyHave(sharedPartitions / 2)
			s.each()
			s.weLeave()
			s.theyHave(sharedPartitions)
			s.theyRead(s.write())
			s.theyLeave()
		}},
	}
}

// sharing is a group of one member of ours and one of theirs, on a topic of its own.
type sharing struct {
	t      *testing.T
	w      *world
	topic  string
	member *afkak.GroupConsumer
	ended  chan error
	wrote  int

	mu   sync.Mutex
	ours []string // the values that our member has processed
}

func share(t *testing.T, w *world) *sharing {
	t.Helper()
	return &sharing{t: t, w: w, topic: w.target.Topic(t, sharedPartitions), ended: make(chan error, 1)}
}

func (s *sharing) weJoin() {
	s.t.Helper()
	member, err := afkak.NewGroupConsumer(s.w.client, s.w.group, []string{s.topic})
	if err != nil {
		s.t.Fatal(err)
	}
	s.member = member
	go func() {
		s.ended <- member.Process(s.t.Context(), func(_ context.Context, records []afkak.Record) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, r := range records {
				s.ours = append(s.ours, string(r.Value))
			}
			return nil
		})
	}()
}

func (s *sharing) weHave(partitions int) {
	s.t.Helper()
	harness.Eventually(s.t, fmt.Sprintf("we have %d partitions", partitions), func(context.Context) error {
		if assigned := s.member.Assignment(); len(assigned) != partitions {
			return fmt.Errorf("we have %v and are %v", assigned, s.member.State())
		}
		return nil
	})
}

func (s *sharing) weLeave() {
	s.t.Helper()
	if err := s.member.Close(s.t.Context()); err != nil {
		s.t.Error(err)
	}
	if err := <-s.ended; err != nil {
		s.t.Error(err)
	}
}

// weRead waits until our member has processed these, and forgets them.
func (s *sharing) weRead(want []string) {
	s.t.Helper()
	harness.Eventually(s.t, "we have processed all", func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if slices.Sort(s.ours); len(s.ours) < len(want) {
			return fmt.Errorf("%v of %v", s.ours, want)
		}
		return nil
	})
	s.compare(s.taken(), want)
}

// taken is what our member has processed since last asked.
func (s *sharing) taken() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	taken := s.ours
	s.ours = nil
	return taken
}

func (s *sharing) compare(got, want []string) {
	s.t.Helper()
	if slices.Sort(got); !slices.Equal(got, want) {
		s.t.Errorf("processed %v, want %v", got, want)
	}
}

func (s *sharing) call(op string, args map[string]any, result any) {
	s.t.Helper()
	if err := s.w.peer.call(op, args, result); err != nil {
		s.t.Fatal(err)
	}
}

// theyJoin has the peer join and wait until it has so many partitions.
func (s *sharing) theyJoin(partitions int) {
	s.t.Helper()
	s.call("join", map[string]any{"topic": s.topic, "group": s.w.group}, nil)
	s.theyHave(partitions)
}

// theyHave has the peer take part until it has so many partitions.
func (s *sharing) theyHave(partitions int) {
	s.t.Helper()
	s.call("hold", map[string]any{"count": partitions}, nil)
}

func (s *sharing) theyRead(want []string) {
	s.t.Helper()
	s.compare(s.theirs(len(want)), want)
}

// theirs is what the peer reads next, and commits.
func (s *sharing) theirs(count int) (values []string) {
	s.t.Helper()
	s.call("take", map[string]any{"count": count}, &values)
	return values
}

func (s *sharing) theyLeave() {
	s.t.Helper()
	s.call("leave", map[string]any{}, nil)
}

// each writes to all partitions; each of both members processes half.
func (s *sharing) each() {
	s.t.Helper()
	s.weHave(sharedPartitions / 2)
	want := s.write()
	theirs := s.theirs(sharedPartitions / 2)
	harness.Eventually(s.t, "we have processed our half", func(context.Context) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if len(s.ours) < sharedPartitions/2 {
			return fmt.Errorf("%v, and they %v", s.ours, theirs)
		}
		return nil
	})
	s.compare(append(s.taken(), theirs...), want)
}

// write writes a message to each partition, and returns their values.
func (s *sharing) write() (values []string) {
	s.t.Helper()
	var payloads []afkak.ProducePayload
	for partition := range int32(sharedPartitions) {
		s.wrote++
		value := fmt.Sprintf("%03d", s.wrote)
		values = append(values, value)
		payloads = append(payloads, afkak.ProducePayload{Topic: s.topic, Partition: partition, Records: []afkak.Record{{Value: []byte(value)}}})
	}
	if _, err := s.w.client.Produce(s.t.Context(), payloads); err != nil {
		s.t.Fatal(err)
	}
	return values
}
