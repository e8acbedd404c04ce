package group

import (
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestAMemberAloneLeadsItsGroup(t *testing.T) {
	s := newScene(t, Config{})
	s.wantState(Empty, 0)
	resp := s.wantJoin(s.join("a"), kerr.None)
	if resp.GenerationID != 1 || resp.Leader != "a" || resp.MemberID != "a" || *resp.ProtocolName != "range" || *resp.ProtocolType != "consumer" {
		t.Errorf("got %+v", resp)
	}
	if len(resp.Members) != 1 || string(resp.Members[0].Metadata) != "range of a" {
		t.Errorf("the leader is told of the members %+v", resp.Members)
	}
	s.wantState(CompletingRebalance, 1, "a")
	s.wantCommit("a", 1, kerr.RebalanceInProgress)
	s.wantHeartbeat("a", 1, kerr.None)
	s.wantSync(s.sync("a", 1, "a", "all"), kerr.None, "all")
	s.wantState(Stable, 1, "a")
	s.wantCommit("a", 1, kerr.None)
	if code := s.leave("a"); code != kerr.None {
		t.Error(code)
	}
	s.wantState(Empty, 2)
	if !s.wake.IsZero() {
		t.Errorf("an empty group waits for %v", s.wake)
	}
}

func TestASecondMemberMakesTheFirstJoinAgain(t *testing.T) {
	s := newScene(t, Config{})
	s.join("a")
	s.wantSync(s.sync("a", 1, "a", "all"), kerr.None, "all")
	b := s.join("b")
	s.wantWaiting(b)
	s.wantState(PreparingRebalance, 1, "a", "b")
	s.wantHeartbeat("a", 1, kerr.RebalanceInProgress)
	s.wantCommit("a", 1, kerr.None) // what it has done until now
	s.wantSync(s.sync("a", 1), kerr.RebalanceInProgress, "")
	if got := s.wantJoin(s.join("a"), kerr.None); len(got.Members) != 2 || got.GenerationID != 2 {
		t.Errorf("the leader: %+v", got)
	}
	if got := s.wantJoin(b, kerr.None); len(got.Members) != 0 || got.GenerationID != 2 || got.Leader != "a" {
		t.Errorf("the other: %+v", got)
	}
	follower := s.sync("b", 2)
	s.wantWaiting(follower)
	s.wantSync(s.sync("a", 2, "b", "all"), kerr.None, "")
	s.wantSync(follower, kerr.None, "all")
	s.wantSync(s.sync("b", 2), kerr.None, "all") // asked again: its answer was lost
}

func TestRequestsOfStrangersAndOfThePastAreRefused(t *testing.T) {
	s := stable(t)
	s.wantHeartbeat("nobody", 2, kerr.UnknownMemberID)
	s.wantHeartbeat("a", 1, kerr.IllegalGeneration)
	s.wantSync(s.sync("nobody", 2), kerr.UnknownMemberID, "")
	s.wantSync(s.sync("b", 1), kerr.IllegalGeneration, "")
	s.wantJoin(s.send(joining("nobody")), kerr.UnknownMemberID)
	s.wantCommit("nobody", 2, kerr.UnknownMemberID)
	s.wantCommit("a", 1, kerr.IllegalGeneration)
	s.wantCommit("a", -1, kerr.IllegalGeneration)
	s.wantCommit("", -1, kerr.UnknownMemberID) // nobody's, but the group has members
	if code := s.leave("nobody"); code != kerr.UnknownMemberID {
		t.Errorf("leave: %v", code)
	}
	s.wantState(Stable, 2, "a", "b")
}

func TestCommitsOfNobodyAreStoredWhileThereAreNoMembers(t *testing.T) {
	s := newScene(t, Config{})
	s.wantCommit("", -1, kerr.None)
	s.wantCommit("", 0, kerr.UnknownMemberID)
	s.wantCommit("a", 1, kerr.UnknownMemberID)
}

func TestMembersMustAgreeOnAProtocol(t *testing.T) {
	s := newScene(t, Config{})
	s.wantJoin(s.send(Join{Request: &protocol.JoinGroupRequest{ProtocolType: "consumer"}}), kerr.InconsistentGroupProtocol)
	untyped := joining("")
	untyped.Request.ProtocolType = ""
	s.wantJoin(s.send(untyped), kerr.InconsistentGroupProtocol)
	s.join("a", "range", "sticky")
	s.wantJoin(s.send(joining("", "roundrobin")), kerr.InconsistentGroupProtocol)
	other := joining("", "range")
	other.Request.ProtocolType = "connect"
	s.wantJoin(s.send(other), kerr.InconsistentGroupProtocol)
	b := s.join("b", "sticky", "roundrobin")
	s.join("a", "range", "sticky")
	if got := *s.wantJoin(b, kerr.None).ProtocolName; got != "sticky" {
		t.Errorf("chose %q, want the one that both know", got)
	}
	wrong := "range"
	s.settle(s.g.Sync(s.now, 99, &protocol.SyncGroupRequest{MemberID: "b", GenerationID: 2, ProtocolName: &wrong}))
	s.wantSync(99, kerr.InconsistentGroupProtocol, "")
}

func TestTheProtocolThatMostPreferIsChosen(t *testing.T) {
	s := newScene(t, Config{InitialRebalanceDelay: time.Second})
	a := s.join("a", "x", "y")
	s.join("b", "y", "x")
	s.join("c", "y", "x")
	s.pass(2 * time.Second)
	if got := *s.wantJoin(a, kerr.None).ProtocolName; got != "y" {
		t.Errorf("chose %q, want y", got)
	}
}

func TestASessionWithoutHeartbeatsEnds(t *testing.T) {
	s := stable(t)
	s.beat(sessionTimeout+time.Second, "a")
	s.wantState(PreparingRebalance, 2, "a")
	s.wantHeartbeat("a", 2, kerr.RebalanceInProgress)
	s.wantHeartbeat("b", 2, kerr.UnknownMemberID)
	s.wantJoin(s.join("a"), kerr.None)
	s.wantState(CompletingRebalance, 3, "a")
}

func TestCommitsKeepASessionAlive(t *testing.T) {
	s := newScene(t, Config{})
	s.join("a")
	s.sync("a", 1)
	for range 3 {
		s.pass(sessionTimeout - time.Second)
		s.wantCommit("a", 1, kerr.None)
	}
	s.pass(sessionTimeout)
	s.wantState(Empty, 2)
}

func TestWhoDoesNotJoinAgainInTimeIsRemoved(t *testing.T) {
	s := stable(t)
	c := s.join("c")
	s.beat(rebalanceTimeout-2*time.Second, "a", "b")
	b := s.join("b")
	s.wantWaiting(b, c)
	s.beat(3*time.Second, "a")
	if got := s.wantJoin(b, kerr.None); got.Leader != "b" || len(got.Members) != 2 {
		t.Errorf("got %+v, want b to lead", got)
	}
	s.wantJoin(c, kerr.None)
	s.wantState(CompletingRebalance, 3, "b", "c")
}

func TestWhoDoesNotAskForItsAssignmentIsRemoved(t *testing.T) {
	s := stable(t)
	a, b := s.join("a"), s.join("b")
	s.wantJoin(a, kerr.None)
	s.wantJoin(b, kerr.None)
	sync := s.sync("b", 3)
	s.beat(rebalanceTimeout+time.Second, "a") // alive, but it never assigns
	s.wantSync(sync, kerr.RebalanceInProgress, "")
	s.wantState(PreparingRebalance, 3, "b")
	s.wantJoin(s.join("b"), kerr.None)
}

func TestWhoWaitsNeedsNoHeartbeats(t *testing.T) {
	s := stable(t)
	b := s.join("b", "range", "sticky") // something has changed
	s.beat(3*sessionTimeout, "a")
	s.wantWaiting(b)
	s.wantState(PreparingRebalance, 2, "a", "b")
	s.wantJoin(s.join("a"), kerr.None)
	sync := s.sync("b", 3)
	s.beat(3*sessionTimeout, "a")
	s.wantWaiting(sync)
	s.sync("a", 3, "b", "all")
	s.wantSync(sync, kerr.None, "all")
}

func TestANewMemberThatWaitsTooLongIsRemoved(t *testing.T) {
	s := stable(t)
	join := joining("")
	join.Request.RebalanceTimeoutMs = int32(time.Hour.Milliseconds())
	join.Version, join.NewID = 3, "c"
	c := s.send(join)
	s.beat(newMemberTimeout+time.Second, "a", "b")
	if resp := s.wantJoin(c, kerr.UnknownMemberID); resp.MemberID != "" {
		t.Errorf("got %+v", resp)
	}
	s.wantState(PreparingRebalance, 2, "a", "b")
}

func TestAnIDThatNobodyJoinsWithLapses(t *testing.T) {
	s := stable(t)
	s.wantJoin(s.send(joining("")), kerr.MemberIDRequired)
	s.join("a")
	b := s.join("b")
	s.wantWaiting(b) // for the member to be
	s.pass(sessionTimeout)
	s.wantJoin(b, kerr.None)
	s.wantState(CompletingRebalance, 3, "a", "b")
	s.wantJoin(s.send(joining("new-")), kerr.UnknownMemberID)
}

func TestBeforeVersion4AMemberIsInAtOnce(t *testing.T) {
	s := newScene(t, Config{})
	join := joining("")
	join.Version, join.NewID = 3, "a"
	if resp := s.wantJoin(s.send(join), kerr.None); resp.MemberID != "a" {
		t.Errorf("got %+v", resp)
	}
}

func TestVersion0WaitsForAsLongAsASession(t *testing.T) {
	join := joining("a")
	join.Version, join.Request.RebalanceTimeoutMs = 0, -1
	if got := join.rebalanceTimeout(); got != sessionTimeout {
		t.Errorf("got %v, want %v", got, sessionTimeout)
	}
}

func TestFollowersWithNothingNewDoNotRebalance(t *testing.T) {
	s := stable(t)
	if resp := s.wantJoin(s.join("b"), kerr.None); resp.GenerationID != 2 || len(resp.Members) != 0 {
		t.Errorf("got %+v", resp)
	}
	s.wantState(Stable, 2, "a", "b")
	s.wantWaiting(s.join("a")) // the leader means it
	s.wantState(PreparingRebalance, 2, "a", "b")
}

func TestALostJoinAnswerIsGivenAgain(t *testing.T) {
	s := newScene(t, Config{})
	s.wantJoin(s.join("a"), kerr.None)
	if resp := s.wantJoin(s.join("a"), kerr.None); resp.GenerationID != 1 || len(resp.Members) != 1 {
		t.Errorf("got %+v", resp)
	}
	s.wantState(CompletingRebalance, 1, "a")
}

func TestARebalanceInterruptsThoseThatSync(t *testing.T) {
	s := stable(t)
	s.join("a")
	s.join("b")
	sync := s.sync("b", 3)
	s.wantWaiting(sync)
	s.join("c")
	s.wantSync(sync, kerr.RebalanceInProgress, "")
	s.wantSync(s.sync("a", 3, "a", "all"), kerr.RebalanceInProgress, "")
}

func TestLeavingLetsTheOthersGoOn(t *testing.T) {
	s := stable(t)
	b := s.join("b", "range", "sticky")
	s.wantWaiting(b)
	if code := s.leave("a"); code != kerr.None {
		t.Error(code)
	}
	if resp := s.wantJoin(b, kerr.None); resp.Leader != "b" {
		t.Errorf("got %+v", resp)
	}
}

func TestLeavingWhileJoiningRefusesTheJoin(t *testing.T) {
	s := stable(t)
	b := s.join("b", "range", "sticky")
	s.leave("b")
	s.wantJoin(b, kerr.UnknownMemberID)
	s.wantState(PreparingRebalance, 2, "a")
}

func TestAnIDThatIsGivenBackIsNotWaitedFor(t *testing.T) {
	s := stable(t)
	s.wantJoin(s.send(joining("")), kerr.MemberIDRequired)
	s.join("a")
	b := s.join("b")
	s.wantWaiting(b)
	if code := s.leave("new-"); code != kerr.None {
		t.Error(code)
	}
	s.wantJoin(b, kerr.None)
}

func TestTheFirstMembersAreWaitedForTogether(t *testing.T) {
	s := newScene(t, Config{InitialRebalanceDelay: 3 * time.Second})
	a := s.join("a")
	s.pass(2 * time.Second)
	b := s.join("b")
	s.pass(2 * time.Second)
	s.wantWaiting(a, b) // b has made the delay begin anew
	s.pass(3 * time.Second)
	s.wantJoin(a, kerr.None)
	s.wantJoin(b, kerr.None)
	s.wantState(CompletingRebalance, 1, "a", "b")
}

func TestTheInitialDelayEndsWithTheRebalanceTimeout(t *testing.T) {
	s := newScene(t, Config{InitialRebalanceDelay: 30 * time.Second})
	a := s.join("a")
	for _, id := range []string{"b", "c"} {
		s.pass(29 * time.Second)
		s.join(id)
	}
	s.wantWaiting(a)
	s.pass(2 * time.Second)
	s.wantJoin(a, kerr.None)
	s.wantState(CompletingRebalance, 1, "a", "b", "c")
}

func TestGroupsHaveAMaximumSize(t *testing.T) {
	s := newScene(t, Config{MaxSize: 2})
	s.join("a")
	s.sync("a", 1)
	s.join("b")
	s.join("a")
	s.wantState(CompletingRebalance, 2, "a", "b")
	s.wantJoin(s.send(joining("")), kerr.GroupMaxSizeReached)
	s.join("a", "range", "sticky") // who is in stays in
	s.wantState(PreparingRebalance, 2, "a", "b")
}

func TestSessionTimeoutsHaveBounds(t *testing.T) {
	cfg := Config{MinSessionTimeout: time.Second, MaxSessionTimeout: time.Minute}
	for ms, want := range map[int32]bool{999: false, 1000: true, 60_000: true, 60_001: false, -1: false} {
		if got := cfg.AllowsSession(ms); got != want {
			t.Errorf("%d ms: %v", ms, got)
		}
	}
}
