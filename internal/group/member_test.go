package group_test

import (
	"errors"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestAFollowerJoinsAndBeats(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.reason("2 partitions in generation 5")
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(0))
	s.after(3*time.Second, "beat m2 5")
	s.now = s.now.Add(2 * time.Second) // slow
	s.on(s.beaten(0))
	s.after(time.Second, "beat m2 5")
}

func TestALeaderHandsOut(t *testing.T) {
	s := newScript(t)
	s.leads()
	s.reason("2 partitions in generation 5, leading the group")
}

func TestARebalanceIsJoinedWhenTheRecordsInHandAreDone(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(kerr.RebalanceInProgress), "release in 51s")
	s.reason("rebalancing (the group is rebalancing): finishing the records in hand")
	s.after(3*time.Second, "beat m2 5") // while they are being finished
	s.on(s.beaten(kerr.RebalanceInProgress))
	s.on(group.Released{}, `join "m2"`)
	if reason := s.last.(*protocol.JoinGroupRequest).Reason; reason == nil || *reason != "the group is rebalancing" {
		t.Errorf("the reason that is sent is %v", reason)
	}
	s.on(s.joined(6, "m2", "m1"), "sync m2 6")
	s.on(s.synced(2), "assigned [orders/2] as m2 in 6")
}

func TestARebalanceDuringARebalanceIsJoinedAtOnce(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(s.joined(5, "m2", "m1"), "sync m2 5")
	s.on(s.notSynced(kerr.RebalanceInProgress), `join "m2"`)
	s.on(s.joined(6, "m2", "m1"), "sync m2 6")
	s.on(s.notSynced(kerr.RebalanceInProgress), `join "m2"`)
	s.on(s.joined(7, "m2", "m1"), "sync m2 7")
	s.on(s.notSynced(kerr.RebalanceInProgress)) // by now with pauses
	s.after(300*time.Millisecond, `join "m2"`)
}

func TestAMemberThatWasPutOutJoinsWithAnotherID(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(kerr.UnknownMemberID), "drop")
	if why := s.m.Status().Reason; why != "rebalancing (the group has put the member out: UNKNOWN_MEMBER_ID: the coordinator does not know this member): dropping the partitions" {
		t.Error(why)
	}
	s.after(time.Minute) // no more heartbeats
	s.on(group.Released{}, `join ""`)
}

func TestAnOldGenerationIsDropped(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Refused{Generation: 4, Code: kerr.IllegalGeneration}) // of one that is over
	s.on(group.Refused{Generation: 5, Code: kerr.IllegalGeneration}, "drop")
	s.on(group.Released{}, `join "m2"`)
}

func TestARefusedCommitTellsOfARebalance(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Refused{Generation: 5, Code: kerr.RebalanceInProgress}, "release in 51s")
	s.on(group.Refused{Generation: 5, Code: kerr.RebalanceInProgress})
	s.on(group.Refused{Generation: 5, Code: kerr.UnknownMemberID}, "drop") // it took too long
	s.on(group.Released{}, `join ""`)
}

func TestAnotherCoordinatorIsLookedUpAndHeartbeatsGoOn(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(kerr.NotCoordinator))
	s.after(100*time.Millisecond, "find another")
	s.on(group.Found{Err: errLost})
	s.after(200*time.Millisecond, "find")
	s.on(modern, "beat m2 5") // late already
	s.on(s.lost("beat"))
	s.after(300*time.Millisecond, "find another")
	s.on(modern, "beat m2 5")
	s.on(s.beaten(kerr.CoordinatorLoadInProgress))
	s.after(400*time.Millisecond, "beat m2 5")
	s.on(s.beaten(0))
	s.reason("2 partitions in generation 5")
}

func TestASessionThatIsOverIsNotWaitedFor(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.after(3*time.Second, "beat m2 5")
	s.on(s.lost("beat"))
	s.after(100*time.Millisecond, "find another")
	s.now = s.now.Add(45*time.Second - 3100*time.Millisecond)
	if wake := s.m.Wake(); !wake.Equal(s.now) {
		t.Fatalf("wakes at +%v", wake.Sub(s.began))
	}
	s.on(group.Tick{}, "drop")
	s.reason("rebalancing (no heartbeat got through for 45s): dropping the partitions: connection lost")
	s.on(group.Released{})
	s.on(modern, `join "m2"`) // which may be known still
	s.on(s.notJoined(kerr.UnknownMemberID, ""), `join ""`)
}

func TestTheLeaderJoinsAgainForOtherPartitions(t *testing.T) {
	s := newScript(t)
	s.leads()
	s.on(group.Changed{Partitions: map[string]int{"orders": 3, "other": 7}})
	s.on(group.Changed{Partitions: map[string]int{}})
	s.on(group.Changed{Partitions: map[string]int{"orders": 4}}, "release in 51s")
	s.reason("rebalancing (topic orders has 4 partitions, had 3): finishing the records in hand")
	s.on(group.Released{}, `join "m1"`)

	s = newScript(t)
	s.follows()
	s.on(group.Changed{Partitions: map[string]int{"orders": 4}}) // the leader's business
}

func TestALostJoinIsTriedAgainAtWhoeverCoordinates(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(group.Found{Err: errLost})
	s.reason("looking for the group's coordinator: connection lost")
	s.after(100*time.Millisecond, "find")
	s.on(modern, `join ""`)
	s.on(s.lost("join"))
	s.after(200*time.Millisecond, "find another")
	s.on(modern, `join ""`)
	old := s.joined(3, "m9", "m1")
	s.on(s.notJoined(kerr.CoordinatorLoadInProgress, ""))
	s.after(300*time.Millisecond, `join ""`)
	s.on(old) // too late
	s.on(s.joined(5, "m2", "m1"), "sync m2 5")
}

func TestWhatCannotBeMendedEndsTheMembership(t *testing.T) {
	for name, tc := range map[string]struct {
		e    func(s *script) group.Event
		want error
	}{
		"authorization":            {func(s *script) group.Event { return s.notJoined(kerr.GroupAuthorizationFailed, "") }, kerr.GroupAuthorizationFailed},
		"the session timeout":      {func(s *script) group.Event { return s.notJoined(kerr.InvalidSessionTimeout, "") }, kerr.InvalidSessionTimeout},
		"no assignor":              {func(s *script) group.Event { return s.notJoined(kerr.InconsistentGroupProtocol, "") }, kerr.InconsistentGroupProtocol},
		"no answer worth a repeat": {func(s *script) group.Event { return s.answer("join", nil, errFatal) }, errFatal},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScript(t)
			s.on(group.Tick{}, "find")
			s.on(modern, `join ""`)
			actions := s.m.Step(s.now, tc.e(s))
			end, ok := actions[0].(group.End)
			if !ok || !errors.Is(end.Err, tc.want) || !s.m.Status().Ended {
				t.Errorf("got %+v, want the end with %v", actions, tc.want)
			}
			if !s.m.Wake().IsZero() {
				t.Error("it wakes again")
			}
		})
	}
}

func TestAFencedStaticMemberEndsWithoutALeave(t *testing.T) {
	s := newScript(t, func(c *group.Config) { c.InstanceID = "i1" })
	s.follows()
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(kerr.FencedInstanceID), "drop")
	if actions := s.m.Step(s.now, group.Released{}); len(actions) != 1 || !errors.Is(actions[0].(group.End).Err, kerr.FencedInstanceID) {
		t.Errorf("got %+v", actions)
	}
}

func TestStaticMembersNeedKafka23(t *testing.T) {
	s := newScript(t, func(c *group.Config) { c.InstanceID = "i1" })
	s.on(group.Tick{}, "find")
	s.on(group.Found{JoinVersion: 4}, "end: join group billing: static members need Kafka 2.3 or later (KIP-345), and the coordinator is older: leave the instance ID out")
}

func TestLeavingFinishesCommitsAndSaysGoodbye(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{Commit: true, Reason: "closed by you"}, "release in 51s")
	s.after(3*time.Second, "beat m2 5")
	s.on(s.beaten(kerr.RebalanceInProgress))
	s.on(group.Released{}, "leave m2")
	s.reason("leaving (closed by you): saying goodbye")
	s.on(s.left(), "end: <nil>")
	s.on(group.Leave{}) // nothing any more
}

func TestLeavingInAHurry(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{Commit: true, Err: errFatal}, "release in 51s")
	s.on(group.Leave{}, "drop")
	s.on(group.Leave{})
	s.on(group.Released{}, "leave m2")
	s.on(group.Abandon{}, "end: not authenticated")
}

func TestLeavingIsTriedAgainAtAnotherCoordinator(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{}, "drop")
	s.on(group.Released{}, "leave m2")
	s.on(s.lost("leave"))
	s.after(100*time.Millisecond, "find another")
	s.on(group.Found{JoinVersion: 2, LeaveVersion: 1}, "leave m2")
	s.on(s.left(), "end: <nil>")
}

func TestTheGoodbyeIsNotTriedForEver(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{}, "drop")
	s.on(group.Released{}, "leave m2")
	s.after(5*time.Second, "end: <nil>")
}

func TestAFailureWhileLeavingIsTold(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{Commit: true}, "release in 51s")
	s.on(group.Leave{Commit: true, Err: errFatal})
	s.on(group.Released{}, "leave m2")
	s.on(s.left(), "end: not authenticated")
}

func TestAbandoningWaitsForWhatIsBeingProcessedOnly(t *testing.T) {
	s := newScript(t)
	s.follows()
	s.on(group.Leave{Commit: true, Err: errFatal}, "release in 51s")
	s.on(group.Abandon{}, "drop")
	s.on(group.Released{}, "end: not authenticated")
}

func TestAStaticMemberKeepsItsPlace(t *testing.T) {
	s := newScript(t, func(c *group.Config) { c.InstanceID = "i1" })
	s.follows()
	s.on(group.Leave{Commit: true}, "release in 51s")
	s.on(group.Released{}, "end: <nil>")
}

func TestWhoIsNoMemberYetLeavesAtOnce(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(group.Leave{Commit: true}, "end: <nil>")

	s = newScript(t)
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(s.notJoined(kerr.MemberIDRequired, "m2"), `join "m2"`)
	s.on(group.Leave{Commit: true}, "leave m2")
}

func TestBeforeKafka0101TheSessionIsTheRebalanceTimeoutToo(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(group.Found{JoinVersion: 0, LeaveVersion: 0}, `join ""`)
	if q := s.last.(*protocol.JoinGroupRequest); q.SessionTimeoutMs != 30_000 {
		t.Errorf("asks for a session of %d ms, and these brokers allow 30 s at most", q.SessionTimeoutMs)
	}
	s.on(s.joined(5, "m2", "m1"), "sync m2 5")
	s.on(s.synced(0), "assigned [orders/0] as m2 in 5")
	s.on(group.Leave{Commit: true}, "release in 24s")
	s.on(group.Released{}, "leave m2")
}

func TestAJoinAsksForWhatWasConfigured(t *testing.T) {
	s := newScript(t, func(c *group.Config) { c.Session, c.InstanceID = 10*time.Second, "i1" })
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	q := s.last.(*protocol.JoinGroupRequest)
	if q.SessionTimeoutMs != 10_000 || q.RebalanceTimeoutMs != 60_000 || *q.GroupInstanceID != "i1" || q.ProtocolType != "consumer" ||
		len(q.Protocols) != 2 || q.Protocols[0].Name != "range" || q.Protocols[1].Name != "roundrobin" {
		t.Errorf("got %+v", q)
	}
	// ConsumerProtocolSubscription version 0, as every client since Kafka 0.9 writes and reads it.
	if got, want := string(q.Protocols[0].Metadata), "\x00\x00\x00\x00\x00\x01\x00\x06orders\xff\xff\xff\xff"; got != want {
		t.Errorf("the subscription is %q, want %q", got, want)
	}
}

func TestALeaderKeepsAnAssignmentThatIsToBeSkipped(t *testing.T) { // KIP-814
	s := newScript(t, func(c *group.Config) { c.InstanceID = "i1" })
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	e := s.joined(5, "m1", "m1", "m1", "m2").(group.Answered)
	e.Response.(*protocol.JoinGroupResponse).SkipAssignment = true
	s.on(e, "count orders")
	s.on(s.counted(3), "sync m1 5")
	s.on(s.synced(0), "assigned [orders/0] as m1 in 5, watch map[orders:3]")
}

func TestAMemberWhoseSubscriptionCannotBeReadGetsNothing(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	e := s.joined(5, "m1", "m1", "m1", "m2").(group.Answered)
	e.Response.(*protocol.JoinGroupResponse).Members[1].Metadata = []byte{0, 0, 9}
	s.on(e, "warn", "count orders")
	s.on(s.counted(2), "sync m1 5, m1 orders[0 1], m2 ")
}

func TestCountingIsTriedAgain(t *testing.T) {
	s := newScript(t)
	s.on(group.Tick{}, "find")
	s.on(modern, `join ""`)
	s.on(s.joined(5, "m1", "m1", "m1"), "count orders")
	s.on(group.Counted{Try: s.tries["count"], Err: errLost})
	s.after(100*time.Millisecond, "count orders")
	s.on(s.counted(1), "sync m1 5, m1 orders[0]")
	s.on(s.lost("sync"))
	s.after(200*time.Millisecond, "find another")
	s.on(modern, "sync m1 5, m1 orders[0]")
	s.on(s.notSynced(kerr.UnknownMemberID))
	s.after(300*time.Millisecond, `join ""`)
}
