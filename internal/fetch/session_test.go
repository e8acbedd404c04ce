package fetch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// wire renders what of a request concerns the session.
func wire(req *protocol.FetchRequest) string {
	var s strings.Builder
	fmt.Fprintf(&s, "session %d epoch %d:", req.SessionID, req.SessionEpoch)
	for _, topic := range req.Topics {
		for _, p := range topic.Partitions {
			fmt.Fprintf(&s, " %s/%d@%d", topic.Topic, p.Partition, p.FetchOffset)
		}
	}
	for _, topic := range req.ForgottenTopicsData {
		slices.Sort(topic.Partitions)
		fmt.Fprintf(&s, " forget %s%v", topic.Topic, topic.Partitions)
	}
	return s.String()
}

func asks(places ...string) (list []Ask) {
	for _, place := range places {
		var a Ask
		topic, rest, _ := strings.Cut(place, "/")
		fmt.Sscanf(rest, "%d@%d", &a.Partition, &a.Offset)
		a.Topic, a.LeaderEpoch, a.MaxBytes = topic, 1, 100
		list = append(list, a)
	}
	return list
}

func TestSessionTranscript(t *testing.T) {
	type step struct {
		asks   []Ask
		sent   string
		code   kerr.Error
		id     int32
		again  bool
		failed bool // no answer at all
	}
	for _, tc := range []struct {
		name    string
		version int16
		steps   []step
	}{
		{"a session names what changed", 12, []step{
			{asks: asks("a/0@5", "b/0@7", "a/1@9"), sent: "session 0 epoch 0: a/0@5 a/1@9 b/0@7", id: 33},
			{asks: asks("a/0@5", "b/0@7", "a/1@10"), sent: "session 33 epoch 1: a/1@10", id: 33},
			{asks: asks("a/0@5", "b/0@7", "a/1@10"), sent: "session 33 epoch 2:", id: 33},
			{asks: asks("b/0@7"), sent: "session 33 epoch 3: forget a[0 1]", id: 33},
			{asks: asks("b/0@7", "a/0@6"), sent: "session 33 epoch 4: a/0@6", id: 33},
		}},
		{"a broker that forgot the session gets a new one", 7, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 33},
			{asks: asks("a/0@6"), sent: "session 33 epoch 1: a/0@6", code: kerr.FetchSessionIDNotFound, again: true},
			{asks: asks("a/0@6"), sent: "session 0 epoch 0: a/0@6", id: 34},
			{asks: asks("a/0@6"), sent: "session 34 epoch 1:", id: 34},
		}},
		{"a broker that lost count is told to close the session", 7, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 33},
			{asks: asks("a/0@6"), sent: "session 33 epoch 1: a/0@6", code: kerr.InvalidFetchSessionEpoch, again: true},
			{asks: asks("a/0@6"), sent: "session 33 epoch 0: a/0@6", id: 34},
		}},
		{"no answer means a new session", 7, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 33},
			{asks: asks("a/0@6"), sent: "session 33 epoch 1: a/0@6", failed: true},
			{asks: asks("a/0@6"), sent: "session 33 epoch 0: a/0@6", id: 34},
		}},
		{"a refusal of the request is not the session's", 7, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", code: kerr.ClusterAuthorizationFailed},
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 33},
		}},
		{"a broker without room for sessions gets whole requests", 11, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 0},
			{asks: asks("a/0@5"), sent: "session 0 epoch 0: a/0@5", id: 0},
		}},
		{"before version 7 every request is whole", 6, []step{
			{asks: asks("a/0@5"), sent: "session 0 epoch -1: a/0@5"},
			{asks: asks("a/0@5"), sent: "session 0 epoch -1: a/0@5"},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var s Session
			for i, step := range tc.steps {
				req := protocol.NewFetchRequest()
				s.Build(req, step.asks, tc.version)
				if got := wire(req); got != step.sent {
					t.Fatalf("step %d: got %q, want %q", i, got, step.sent)
				}
				if step.failed {
					s.Fail()
					continue
				}
				again, err := s.Answer(&protocol.FetchResponse{ErrorCode: int16(step.code), SessionID: step.id}, tc.version)
				if again != step.again || (err != nil) != (step.code != 0) {
					t.Fatalf("step %d: got %v, %v", i, again, err)
				}
			}
		})
	}
}

func TestSessionIsFullWhenTheRequestNamesEveryPartition(t *testing.T) {
	var s Session
	for i, want := range []bool{true, false, false} {
		s.Build(protocol.NewFetchRequest(), asks("a/0@5"), 12)
		if s.Full() != want {
			t.Errorf("request %d: got full %v, want %v", i, s.Full(), want)
		}
		if _, err := s.Answer(&protocol.FetchResponse{SessionID: 1}, 12); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSessionEpochWrapsPastZero(t *testing.T) {
	s := Session{id: 5, epoch: 1<<31 - 1, known: map[place]Ask{}}
	if _, err := s.Answer(&protocol.FetchResponse{SessionID: 5}, 12); err != nil {
		t.Fatal(err)
	}
	req := protocol.NewFetchRequest()
	s.Build(req, nil, 12)
	if req.SessionEpoch != 1 {
		t.Errorf("got epoch %d, want 1", req.SessionEpoch)
	}
}

func TestSessionCloses(t *testing.T) {
	var s Session
	req := protocol.NewFetchRequest()
	if s.Close(req) {
		t.Error("there was no session to close")
	}
	s.Build(req, asks("a/0@5"), 12)
	if _, err := s.Answer(&protocol.FetchResponse{SessionID: 5}, 12); err != nil {
		t.Fatal(err)
	}
	if !s.Close(req) || wire(req) != "session 5 epoch -1:" {
		t.Errorf("got %q", wire(req))
	}
}
