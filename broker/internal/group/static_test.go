package group

import (
	"testing"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// stableStatic is a group of the static members A, who leads as a1, and B, who
// is b1, in generation 2.
func stableStatic(t *testing.T) *scene {
	t.Helper()
	s := newScene(t, Config{})
	s.wantJoin(s.send(static("A", "a1")), kerr.None)
	s.sync("a1", 1)
	b := s.send(static("B", "b1"))
	a := static("A", "")
	a.Request.MemberID = "a1"
	s.wantJoin(s.send(a), kerr.None)
	s.wantJoin(b, kerr.None)
	s.sync("a1", 2, "a1", "half", "b1", "other half")
	s.sync("b1", 2)
	s.wantState(Stable, 2, "a1", "b1")
	return s
}

func TestARestartedStaticMemberDoesNotCauseARebalance(t *testing.T) {
	s := stableStatic(t)
	resp := s.wantJoin(s.send(static("B", "b2")), kerr.None)
	if resp.GenerationID != 2 || resp.MemberID != "b2" || resp.Leader != "a1" || resp.SkipAssignment || len(resp.Members) != 0 {
		t.Errorf("got %+v", resp)
	}
	s.wantState(Stable, 2, "a1", "b2")
	s.wantSync(s.sync("b2", 2), kerr.None, "other half")
	s.wantHeartbeat("b1", 2, kerr.UnknownMemberID)
}

func TestARestartedStaticLeaderNeedNotAssign(t *testing.T) {
	for version, want := range map[int16]struct {
		leader  string
		members int
	}{8: {"a1", 0}, 9: {"a2", 2}} {
		s := stableStatic(t)
		join := static("A", "a2")
		join.Version = version
		resp := s.wantJoin(s.send(join), kerr.None)
		if resp.Leader != want.leader || len(resp.Members) != want.members || resp.SkipAssignment != (version >= 9) {
			t.Errorf("v%d: got %+v", version, resp)
		}
		s.wantSync(s.sync("a2", 2), kerr.None, "half")
	}
}

func TestWhoeverHadAStaticMembersPlaceIsFenced(t *testing.T) {
	s := stableStatic(t)
	s.send(static("B", "b2"))
	B := "B"
	old := static("B", "")
	old.Request.MemberID = "b1"
	s.wantJoin(s.send(old), kerr.FencedInstanceID)
	code, out := s.g.Heartbeat(s.now, &protocol.HeartbeatRequest{MemberID: "b1", GroupInstanceID: &B, GenerationID: 2})
	s.settle(out)
	if code != kerr.FencedInstanceID {
		t.Errorf("heartbeat: %v", code)
	}
	code, out = s.g.Commit(s.now, &protocol.OffsetCommitRequest{MemberID: "b1", GroupInstanceID: &B, GenerationIDOrMemberEpoch: 2})
	s.settle(out)
	if code != kerr.FencedInstanceID {
		t.Errorf("commit: %v", code)
	}
	if code := s.leaveAs(protocol.LeaveGroupRequestMember{MemberID: "b1", GroupInstanceID: &B}); code != kerr.FencedInstanceID {
		t.Errorf("leave: %v", code)
	}
	C := "C"
	code, out = s.g.Heartbeat(s.now, &protocol.HeartbeatRequest{MemberID: "b2", GroupInstanceID: &C, GenerationID: 2})
	s.settle(out)
	if code != kerr.UnknownMemberID {
		t.Errorf("another instance: %v", code)
	}
}

func TestARestartFencesTheRequestThatWaits(t *testing.T) {
	s := stableStatic(t)
	c := s.join("c")
	again := static("B", "")
	again.Request.MemberID = "b1"
	old := s.send(again)
	s.wantWaiting(old, c)
	restarted := s.send(static("B", "b2"))
	s.wantJoin(old, kerr.FencedInstanceID)
	s.wantWaiting(restarted)
	leader := static("A", "")
	leader.Request.MemberID = "a1"
	s.wantJoin(s.send(leader), kerr.None)
	s.wantJoin(restarted, kerr.None)
	sync := s.sync("b2", 3)
	s.wantWaiting(sync)
	once := s.send(static("B", "b3")) // the leader is assigning to b2
	s.wantSync(sync, kerr.FencedInstanceID, "")
	s.wantWaiting(once)
	s.wantState(PreparingRebalance, 3, "a1", "b3", "c")
}

func TestARestartWithOtherProtocolsRebalances(t *testing.T) {
	s := newScene(t, Config{})
	join := joining("", "range", "sticky")
	A := "A"
	join.NewID, join.Request.GroupInstanceID = "a1", &A
	s.wantJoin(s.send(join), kerr.None)
	s.sync("a1", 1)
	join = joining("", "sticky")
	join.NewID, join.Request.GroupInstanceID = "a2", &A
	if resp := s.wantJoin(s.send(join), kerr.None); resp.GenerationID != 2 || *resp.ProtocolName != "sticky" {
		t.Errorf("got %+v", resp)
	}
}

func TestAnAbsentStaticMemberKeepsItsPlaceUntilItsSessionEnds(t *testing.T) {
	s := stableStatic(t)
	for _, m := range s.g.members {
		m.sessionTimeout = 3 * rebalanceTimeout
		s.g.extend(m)
	}
	s.join("c")
	a := static("A", "")
	a.Request.MemberID = "a1"
	a.Request.SessionTimeoutMs = int32((3 * rebalanceTimeout).Milliseconds())
	joined := s.send(a)
	s.pass(rebalanceTimeout)
	s.wantJoin(joined, kerr.None)
	s.wantState(CompletingRebalance, 3, "a1", "b1", "c")
	s.sync("a1", 3)
	s.sync("c", 3)
	s.beat(3*rebalanceTimeout, "a1", "c")
	if s.g.member("b1") != nil {
		t.Error("b1 is still a member after its session")
	}
}

func TestARebalanceWaitsWhileNobodyJoins(t *testing.T) {
	s := stableStatic(t)
	for _, m := range s.g.members {
		m.sessionTimeout = 3 * rebalanceTimeout
		s.g.extend(m)
	}
	c := s.join("c")
	if code := s.leave("c"); code != kerr.None {
		t.Fatal(code)
	}
	s.wantJoin(c, kerr.UnknownMemberID)
	s.pass(2 * rebalanceTimeout)
	s.wantState(PreparingRebalance, 2, "a1", "b1")
	s.pass(2 * rebalanceTimeout)
	s.wantState(Empty, 3)
}

func TestAnAdministratorRemovesAStaticMemberByItsInstance(t *testing.T) {
	s := stableStatic(t)
	B, nobody := "B", "nobody"
	for name, leaving := range map[string]protocol.LeaveGroupRequestMember{
		"nobody": {}, "an unknown instance": {GroupInstanceID: &nobody},
	} {
		if code := s.leaveAs(leaving); code != kerr.UnknownMemberID {
			t.Errorf("%s: %v", name, code)
		}
	}
	s.wantState(Stable, 2, "a1", "b1")
	if code := s.leaveAs(protocol.LeaveGroupRequestMember{GroupInstanceID: &B}); code != kerr.None {
		t.Error(code)
	}
	s.wantState(PreparingRebalance, 2, "a1")
}

func TestAnIDThatWasGivenOutIsNoStaticMembers(t *testing.T) {
	s := newScene(t, Config{})
	s.wantJoin(s.send(joining("")), kerr.MemberIDRequired)
	join := static("A", "")
	join.Request.MemberID = "new-"
	s.wantJoin(s.send(join), kerr.UnknownServerError)
}
