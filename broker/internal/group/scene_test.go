package group

import (
	"fmt"
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// scene is a group, the time, and what its members were answered.
type scene struct {
	*testing.T
	g       *Group
	now     time.Time
	last    Ticket
	answers map[Ticket]protocol.Response
	wake    time.Time
}

const (
	sessionTimeout   = 10 * time.Second
	rebalanceTimeout = 60 * time.Second
)

func newScene(t *testing.T, cfg Config) *scene {
	return &scene{T: t, g: New(cfg), now: time.Unix(1_000_000, 0), answers: make(map[Ticket]protocol.Response)}
}

func (s *scene) settle(out Outcome) {
	s.Helper()
	for _, a := range out.Answers {
		if s.answers[a.To] != nil {
			s.Errorf("ticket %d is answered twice", a.To)
		}
		s.answers[a.To] = a.Response
	}
	s.wake = out.Wake
	if !s.wake.IsZero() && !s.wake.After(s.now) {
		s.Errorf("wake at %v, which is not after now, %v", s.wake, s.now)
	}
	s.check()
}

// check checks what is so in every state.
func (s *scene) check() {
	s.Helper()
	if (s.g.state == Empty) && len(s.g.members) > 0 {
		s.Errorf("an empty group has %d members", len(s.g.members))
	}
	if len(s.g.members) > 0 && s.g.member(s.g.leader) == nil {
		s.Errorf("the leader %q is no member", s.g.leader)
	}
	for _, m := range s.g.members {
		if m.joining != 0 && s.g.state != PreparingRebalance {
			s.Errorf("%s waits for a generation while %s", m.id, s.g.state)
		}
		if m.syncing != 0 && s.g.state != CompletingRebalance {
			s.Errorf("%s waits for its assignment while %s", m.id, s.g.state)
		}
	}
}

// pass lets time go by, as the caller of a Group has to.
func (s *scene) pass(d time.Duration) {
	s.Helper()
	end := s.now.Add(d)
	for !s.wake.IsZero() && !s.wake.After(end) {
		s.now = s.wake
		s.settle(s.g.Advance(s.now))
	}
	s.now = end
}

// beat lets time go by with heartbeats of the members.
func (s *scene) beat(d time.Duration, members ...string) {
	s.Helper()
	for end := s.now.Add(d); s.now.Before(end); {
		s.pass(time.Second)
		for _, id := range members {
			s.heartbeat(id, s.g.generation)
		}
	}
}

// joining is a JoinGroup request that knows its member's ID.
func joining(id string, protocols ...string) Join {
	j := Join{NewID: "new-" + id, Version: 9, ClientID: "client", Request: &protocol.JoinGroupRequest{
		GroupID: "g", MemberID: id, ProtocolType: "consumer",
		SessionTimeoutMs: int32(sessionTimeout.Milliseconds()), RebalanceTimeoutMs: int32(rebalanceTimeout.Milliseconds()),
	}}
	if len(protocols) == 0 {
		protocols = []string{"range"}
	}
	for _, name := range protocols {
		j.Request.Protocols = append(j.Request.Protocols, protocol.JoinGroupRequestProtocol{Name: name, Metadata: []byte(name + " of " + id)})
	}
	return j
}

func (s *scene) send(j Join) Ticket {
	s.Helper()
	s.last++
	j.Ticket = s.last
	s.settle(s.g.Join(s.now, j))
	return j.Ticket
}

// join joins a member again, or for the first time: then it is given its ID.
func (s *scene) join(id string, protocols ...string) Ticket {
	s.Helper()
	if s.g.member(id) == nil {
		first := joining("", protocols...)
		first.NewID = id
		s.wantJoin(s.send(first), kerr.MemberIDRequired)
	}
	return s.send(joining(id, protocols...))
}

func static(instance, newID string) Join {
	j := joining("")
	j.NewID, j.Request.GroupInstanceID = newID, &instance
	j.Request.Protocols[0].Metadata = []byte("range of " + instance)
	return j
}

func (s *scene) wantJoin(ticket Ticket, code kerr.Error) *protocol.JoinGroupResponse {
	s.Helper()
	resp, ok := s.answers[ticket].(*protocol.JoinGroupResponse)
	if !ok {
		s.Fatalf("JoinGroup %d is not answered", ticket)
	}
	if resp.ErrorCode != code.Code() {
		s.Fatalf("JoinGroup %d: got %v, want %v", ticket, kerr.Error(resp.ErrorCode), code)
	}
	return resp
}

func (s *scene) wantSync(ticket Ticket, code kerr.Error, assignment string) {
	s.Helper()
	resp, ok := s.answers[ticket].(*protocol.SyncGroupResponse)
	if !ok {
		s.Fatalf("SyncGroup %d is not answered", ticket)
	}
	if resp.ErrorCode != code.Code() || string(resp.Assignment) != assignment {
		s.Errorf("SyncGroup %d: got %v, %q, want %v, %q", ticket, kerr.Error(resp.ErrorCode), resp.Assignment, code, assignment)
	}
}

func (s *scene) wantWaiting(tickets ...Ticket) {
	s.Helper()
	for _, ticket := range tickets {
		if resp := s.answers[ticket]; resp != nil {
			s.Errorf("%d is answered: %+v", ticket, resp)
		}
	}
}

func (s *scene) wantState(state State, generation int32, members ...string) {
	s.Helper()
	var ids []string
	for _, m := range s.g.members {
		ids = append(ids, m.id)
	}
	if s.g.state != state || s.g.generation != generation || fmt.Sprint(ids) != fmt.Sprint(members) {
		s.Fatalf("the group is %s in generation %d with %v, want %s in %d with %v", s.g.state, s.g.generation, ids, state, generation, members)
	}
}

// sync sends a member's SyncGroup; the leader's brings assignments in pairs of
// ID and assignment.
func (s *scene) sync(id string, generation int32, assignments ...string) Ticket {
	s.Helper()
	req := &protocol.SyncGroupRequest{GroupID: "g", MemberID: id, GenerationID: generation}
	for i := 0; i < len(assignments); i += 2 {
		req.Assignments = append(req.Assignments, protocol.SyncGroupRequestAssignment{MemberID: assignments[i], Assignment: []byte(assignments[i+1])})
	}
	s.last++
	s.settle(s.g.Sync(s.now, s.last, req))
	return s.last
}

func (s *scene) heartbeat(id string, generation int32) kerr.Error {
	s.Helper()
	code, out := s.g.Heartbeat(s.now, &protocol.HeartbeatRequest{GroupID: "g", MemberID: id, GenerationID: generation})
	s.settle(out)
	return code
}

func (s *scene) wantHeartbeat(id string, generation int32, want kerr.Error) {
	s.Helper()
	if got := s.heartbeat(id, generation); got != want {
		s.Errorf("heartbeat of %s in %d: got %v, want %v", id, generation, got, want)
	}
}

func (s *scene) wantCommit(id string, generation int32, want kerr.Error) {
	s.Helper()
	got, out := s.g.Commit(s.now, &protocol.OffsetCommitRequest{GroupID: "g", MemberID: id, GenerationIDOrMemberEpoch: generation})
	s.settle(out)
	if got != want {
		s.Errorf("commit of %q in %d: got %v, want %v", id, generation, got, want)
	}
}

func (s *scene) leave(id string) kerr.Error {
	s.Helper()
	return s.leaveAs(protocol.LeaveGroupRequestMember{MemberID: id})
}

func (s *scene) leaveAs(member protocol.LeaveGroupRequestMember) kerr.Error {
	s.Helper()
	answers, out := s.g.Leave(s.now, []protocol.LeaveGroupRequestMember{member})
	s.settle(out)
	return kerr.Error(answers[0].ErrorCode)
}

// stable is a group of a, who leads, and b in generation 2.
func stable(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, Config{})
	s.join("a")
	s.sync("a", 1, "a", "all")
	b := s.join("b")
	s.wantHeartbeat("a", 1, kerr.RebalanceInProgress)
	s.wantWaiting(b)
	a := s.join("a")
	s.wantJoin(a, kerr.None)
	s.wantJoin(b, kerr.None)
	s.wantSync(s.sync("a", 2, "a", "half", "b", "other half"), kerr.None, "half")
	s.wantSync(s.sync("b", 2), kerr.None, "other half")
	s.wantState(Stable, 2, "a", "b")
	return s
}
