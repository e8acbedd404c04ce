package group_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/assign"
	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// script drives a member and compares what it does, in short, with what it should.
type script struct {
	t      *testing.T
	m      *group.Member
	began  time.Time
	now    time.Time
	tries  map[string]int   // the try of the last request of each kind
	last   protocol.Request // the last that was sent
	result error            // of End
}

var (
	errLost  = errors.New("connection lost")
	errFatal = errors.New("not authenticated")
)

func config() group.Config {
	return group.Config{
		Group: "billing", Topics: []string{"orders"}, Assignors: []assign.Assignor{assign.Range, assign.RoundRobin},
		Rebalance: time.Minute, Heartbeat: 3 * time.Second, Farewell: 5 * time.Second,
		Backoff:   func(failures int) time.Duration { return time.Duration(failures) * 100 * time.Millisecond },
		Retriable: func(err error) bool { return errors.Is(err, errLost) },
	}
}

func newScript(t *testing.T, change ...func(*group.Config)) *script {
	cfg := config()
	for _, f := range change {
		f(&cfg)
	}
	now := time.Unix(1_000_000, 0)
	return &script{t: t, m: group.New(cfg), began: now, now: now, tries: map[string]int{}}
}

// on steps with an event and compares what the member does with wanted, one action a line.
func (s *script) on(e group.Event, wanted ...string) {
	s.t.Helper()
	var got []string
	for _, a := range s.m.Step(s.now, e) {
		got = append(got, s.short(a))
	}
	if !slices.Equal(got, wanted) {
		s.t.Fatalf("at +%v %T%+v:\n got %q\nwant %q", s.now.Sub(s.began), e, e, got, wanted)
	}
}

// after lets time pass, in which nothing is due, and then ticks.
func (s *script) after(d time.Duration, wanted ...string) {
	s.t.Helper()
	s.now = s.now.Add(d)
	if wake := s.m.Wake(); len(wanted) > 0 && !wake.Equal(s.now) {
		s.t.Fatalf("wakes at +%v, want +%v", wake.Sub(s.began), s.now.Sub(s.began))
	}
	s.on(group.Tick{}, wanted...)
}

func (s *script) reason(want string) {
	s.t.Helper()
	if got := s.m.Status().Reason; got != want {
		s.t.Fatalf("status %q, want %q", got, want)
	}
}

func (s *script) short(a group.Action) string {
	switch a := a.(type) {
	case group.Find:
		if a.Forget {
			return "find another"
		}
		return "find"
	case group.Send:
		return s.shortSend(a)
	case group.Count:
		s.tries["count"] = a.Try
		return "count " + strings.Join(a.Topics, " ")
	case group.Assigned:
		text := fmt.Sprintf("assigned %v as %s in %d", a.Partitions, a.MemberID, a.Generation)
		if a.Topics != nil {
			text += fmt.Sprintf(", watch %v", a.Topics)
		}
		return text
	case group.Release:
		if a.Commit {
			return fmt.Sprintf("release in %v", a.Until.Sub(s.now))
		}
		return "drop"
	case group.Warn:
		return "warn"
	case group.End:
		s.result = a.Err
		return fmt.Sprintf("end: %v", a.Err)
	}
	return fmt.Sprintf("%T", a)
}

func (s *script) shortSend(a group.Send) string {
	s.last = a.Request
	switch q := a.Request.(type) {
	case *protocol.JoinGroupRequest:
		s.tries["join"] = a.Try
		return fmt.Sprintf("join %q", q.MemberID)
	case *protocol.SyncGroupRequest:
		s.tries["sync"] = a.Try
		text := fmt.Sprintf("sync %s %d", q.MemberID, q.GenerationID)
		for _, to := range q.Assignments {
			text += fmt.Sprintf(", %s %s", to.MemberID, partitionsIn(s.t, to.Assignment))
		}
		return text
	case *protocol.HeartbeatRequest:
		s.tries["beat"] = a.Try
		return fmt.Sprintf("beat %s %d", q.MemberID, q.GenerationID)
	case *protocol.LeaveGroupRequest:
		s.tries["leave"] = a.Try
		return "leave " + q.MemberID + func() string {
			if len(q.Members) > 0 {
				return q.Members[0].MemberID
			}
			return ""
		}()
	}
	return fmt.Sprintf("%T", a.Request)
}

func partitionsIn(t testing.TB, b []byte) string {
	var m protocol.ConsumerProtocolAssignment
	if err := m.DecodeFrom(b[2:], int16(b[1])); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, topic := range m.AssignedPartitions {
		all = append(all, fmt.Sprint(topic.Topic, topic.Partitions))
	}
	return strings.Join(all, " ")
}

// answers

var modern = group.Found{JoinVersion: 9, LeaveVersion: 5}

func (s *script) answer(kind string, r protocol.Response, err error) group.Event {
	return group.Answered{Try: s.tries[kind], Response: r, Err: err}
}

func (s *script) lost(kind string) group.Event { return s.answer(kind, nil, errLost) }

// joined is the answer to a join: a generation with this leader and these members.
func (s *script) joined(generation int32, id, leader string, members ...string) group.Event {
	name := "range"
	r := &protocol.JoinGroupResponse{GenerationID: generation, MemberID: id, Leader: leader, ProtocolName: &name}
	for _, m := range members {
		r.Members = append(r.Members, protocol.JoinGroupResponseMember{MemberID: m, Metadata: subscription(s.t, "orders")})
	}
	return s.answer("join", r, nil)
}

func (s *script) notJoined(code kerr.Error, id string) group.Event {
	return s.answer("join", &protocol.JoinGroupResponse{ErrorCode: code.Code(), MemberID: id, GenerationID: -1}, nil)
}

func (s *script) synced(partitions ...int32) group.Event {
	return s.answer("sync", &protocol.SyncGroupResponse{Assignment: assignment(s.t, partitions...)}, nil)
}

func (s *script) notSynced(code kerr.Error) group.Event {
	return s.answer("sync", &protocol.SyncGroupResponse{ErrorCode: code.Code()}, nil)
}

func (s *script) beaten(code kerr.Error) group.Event {
	return s.answer("beat", &protocol.HeartbeatResponse{ErrorCode: code.Code()}, nil)
}

func (s *script) left() group.Event {
	return s.answer("leave", protocol.NewLeaveGroupResponse(), nil)
}

func (s *script) counted(n int) group.Event {
	return group.Counted{Try: s.tries["count"], Partitions: map[string]int{"orders": n}}
}

func subscription(t testing.TB, topics ...string) []byte {
	m := protocol.NewConsumerProtocolSubscription()
	m.Topics = topics
	b, err := m.AppendTo([]byte{0, 1}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func assignment(t testing.TB, partitions ...int32) []byte {
	if partitions == nil {
		return nil
	}
	m := protocol.NewConsumerProtocolAssignment()
	m.AssignedPartitions = []protocol.ConsumerProtocolAssignmentAssignedPartition{{Topic: "orders", Partitions: partitions}}
	b, err := m.AppendTo([]byte{0, 0}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// follows brings a member to where it follows, with partitions 0 and 1 in generation 5.
func (s *script) follows() {
	s.t.Helper()
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(s.notJoined(kerr.MemberIDRequired, "m2"), `join "m2"`)
	s.on(s.joined(5, "m2", "m1"), "sync m2 5")
	s.on(s.synced(1, 0), "assigned [orders/0 orders/1] as m2 in 5")
}

// leads brings a member to where it leads itself and m2.
func (s *script) leads() {
	s.t.Helper()
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(s.joined(5, "m1", "m1", "m1", "m2"), "count orders")
	s.on(s.counted(3), "sync m1 5, m1 orders[0 1], m2 orders[2]")
	s.on(s.synced(0, 1), "assigned [orders/0 orders/1] as m1 in 5, watch map[orders:3]")
}
