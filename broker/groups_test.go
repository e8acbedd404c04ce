package broker_test

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// groupScene runs a test on simulated time, with a broker in memory.
func groupScene(t *testing.T, cfg broker.Config, test func(t *testing.T, dial func() *wire)) {
	synctest.Test(t, func(t *testing.T) {
		l := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		cfg.Listener = l
		cfg.Topics = []broker.Topic{{Name: "orders"}}
		start(t, cfg)
		test(t, func() *wire {
			client, server := net.Pipe()
			l.conns <- server
			t.Cleanup(func() { client.Close() })
			return &wire{t: t, nc: client, patience: 24 * time.Hour}
		})
	})
}

// joinRequest is one of version 9.
func joinRequest(memberID string) *protocol.JoinGroupRequest {
	return &protocol.JoinGroupRequest{
		GroupID: "billing", SessionTimeoutMs: 10_000, RebalanceTimeoutMs: 60_000, MemberID: memberID, ProtocolType: "consumer",
		Protocols: []protocol.JoinGroupRequestProtocol{{Name: "range", Metadata: []byte("wants orders")}},
	}
}

// memberID joins without an ID and returns the one that is to be used.
func (w *wire) memberID() string {
	w.t.Helper()
	resp := w.do(joinRequest(""), 9).(*protocol.JoinGroupResponse)
	if resp.ErrorCode != kerr.MemberIDRequired.Code() || resp.MemberID == "" {
		w.t.Fatalf("got %+v", resp)
	}
	return resp.MemberID
}

func (w *wire) joined(req protocol.Request) *protocol.JoinGroupResponse {
	w.t.Helper()
	resp := w.receive(req, 9).(*protocol.JoinGroupResponse)
	if resp.ErrorCode != 0 {
		w.t.Fatalf("join: %v", kerr.Error(resp.ErrorCode))
	}
	return resp
}

func syncRequest(joined *protocol.JoinGroupResponse, assignments ...protocol.SyncGroupRequestAssignment) *protocol.SyncGroupRequest {
	return &protocol.SyncGroupRequest{
		GroupID: "billing", GenerationID: joined.GenerationID, MemberID: joined.MemberID,
		ProtocolType: joined.ProtocolType, ProtocolName: joined.ProtocolName, Assignments: assignments,
	}
}

func (w *wire) heartbeat(joined *protocol.JoinGroupResponse) kerr.Error {
	w.t.Helper()
	req := &protocol.HeartbeatRequest{GroupID: "billing", GenerationID: joined.GenerationID, MemberID: joined.MemberID}
	return kerr.Error(w.do(req, 4).(*protocol.HeartbeatResponse).ErrorCode)
}

func (w *wire) commit(memberID string, generation int32) kerr.Error {
	w.t.Helper()
	resp := w.do(&protocol.OffsetCommitRequest{
		GroupID: "billing", MemberID: memberID, GenerationIDOrMemberEpoch: generation,
		Topics: []protocol.OffsetCommitRequestTopic{{Name: "orders", Partitions: []protocol.OffsetCommitRequestTopicPartition{{CommittedOffset: 7}}}},
	}, 9).(*protocol.OffsetCommitResponse)
	return kerr.Error(resp.Topics[0].Partitions[0].ErrorCode)
}

// alone joins as the only member and has everything assigned.
func (w *wire) alone() *protocol.JoinGroupResponse {
	w.t.Helper()
	req := joinRequest(w.memberID())
	w.send(req, 9)
	joined := w.joined(req)
	resp := w.do(syncRequest(joined, protocol.SyncGroupRequestAssignment{MemberID: joined.MemberID, Assignment: []byte("all")}), 5).(*protocol.SyncGroupResponse)
	if resp.ErrorCode != 0 || string(resp.Assignment) != "all" {
		w.t.Fatalf("got %+v", resp)
	}
	return joined
}

func TestTwoMembersShareAGroup(t *testing.T) {
	groupScene(t, broker.Config{}, func(t *testing.T, dial func() *wire) {
		a, b := dial(), dial()
		first := a.alone()
		joinB := joinRequest(b.memberID())
		b.send(joinB, 9)
		synctest.Wait()
		if code := a.heartbeat(first); code != kerr.RebalanceInProgress {
			t.Fatal(code)
		}
		joinA := joinRequest(first.MemberID)
		a.send(joinA, 9)
		leader, follower := a.joined(joinA), b.joined(joinB)
		if leader.Leader != leader.MemberID || len(leader.Members) != 2 || string(leader.Members[1].Metadata) != "wants orders" {
			t.Errorf("the leader was told %+v", leader)
		}
		ask := syncRequest(follower)
		b.send(ask, 5)
		a.do(syncRequest(leader, protocol.SyncGroupRequestAssignment{MemberID: follower.MemberID, Assignment: []byte("half")}), 5)
		if got := b.receive(ask, 5).(*protocol.SyncGroupResponse); string(got.Assignment) != "half" || got.ErrorCode != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAMemberWithoutHeartbeatsIsGoneAfterItsSession(t *testing.T) {
	groupScene(t, broker.Config{}, func(t *testing.T, dial func() *wire) {
		w := dial()
		joined := w.alone()
		time.Sleep(9 * time.Second)
		if code := w.heartbeat(joined); code != kerr.None {
			t.Errorf("after 9 s: %v", code)
		}
		w.nc.Close() // which by itself changes nothing
		other := dial()
		time.Sleep(9 * time.Second)
		if code := other.commit(joined.MemberID, joined.GenerationID); code != kerr.None {
			t.Errorf("9 s after the last heartbeat: %v", code)
		}
		time.Sleep(11 * time.Second)
		if code := other.heartbeat(joined); code != kerr.UnknownMemberID {
			t.Errorf("after the session: %v", code)
		}
	})
}

func TestARebalanceGoesOnWithoutTheAbsentAfterItsTimeout(t *testing.T) {
	groupScene(t, broker.Config{}, func(t *testing.T, dial func() *wire) {
		a, b := dial(), dial()
		first := a.alone()
		join := joinRequest(b.memberID())
		begin := time.Now()
		b.send(join, 9)
		synctest.Wait()
		for a.heartbeat(first) == kerr.RebalanceInProgress { // alive, but it does not join
			time.Sleep(3 * time.Second)
		}
		if got := b.joined(join); len(got.Members) != 1 {
			t.Errorf("got %+v", got)
		}
		if took := time.Since(begin); took < time.Minute || took > time.Minute+3*time.Second {
			t.Errorf("it took %v, want a minute", took)
		}
	})
}

func TestTheInitialRebalanceIsDelayed(t *testing.T) {
	groupScene(t, broker.Config{GroupInitialRebalanceDelay: 3 * time.Second}, func(t *testing.T, dial func() *wire) {
		w := dial()
		begin := time.Now()
		w.alone()
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

func TestCommitsOfMembersAreFenced(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	if code := w.commit("", -1); code != kerr.None {
		t.Errorf("into an empty group: %v", code)
	}
	joined := w.alone()
	for _, test := range []struct {
		member     string
		generation int32
		want       kerr.Error
	}{
		{joined.MemberID, joined.GenerationID, kerr.None},
		{joined.MemberID, joined.GenerationID - 1, kerr.IllegalGeneration},
		{"nobody", joined.GenerationID, kerr.UnknownMemberID},
		{"", -1, kerr.UnknownMemberID},
	} {
		if code := w.commit(test.member, test.generation); code != test.want {
			t.Errorf("%q in generation %d: got %v, want %v", test.member, test.generation, code, test.want)
		}
	}
}

func TestSessionTimeoutsOutsideTheBoundsAreRefused(t *testing.T) {
	b := start(t, broker.Config{GroupMinSessionTimeout: time.Second, GroupMaxSessionTimeout: 20 * time.Second})
	w := dial(t, b)
	for ms, want := range map[int32]kerr.Error{999: kerr.InvalidSessionTimeout, 1000: kerr.MemberIDRequired, 20_001: kerr.InvalidSessionTimeout} {
		req := joinRequest("")
		req.SessionTimeoutMs = ms
		if got := kerr.Error(w.do(req, 9).(*protocol.JoinGroupResponse).ErrorCode); got != want {
			t.Errorf("%d ms: got %v, want %v", ms, got, want)
		}
	}
}

func TestStartRefusesSessionTimeoutsThatNobodyCanHave(t *testing.T) {
	b, err := broker.Start(broker.Config{GroupMinSessionTimeout: time.Hour})
	if err == nil {
		b.Close()
		t.Error("started with a minimum above the maximum")
	}
}

func TestCloseEndsRequestsThatWaitForTheirGroup(t *testing.T) {
	b := start(t, broker.Config{})
	a, joining := dial(t, b), dial(t, b)
	join := joinRequest(a.memberID())
	a.send(join, 9)
	leader := a.joined(join)
	other := joinRequest(joining.memberID())
	joining.send(other, 9)
	for a.heartbeat(leader) != kerr.RebalanceInProgress {
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	joining.wantClosed()
}

func TestARequestThatWaitsTooLongForItsGroupEndsItsConnection(t *testing.T) {
	groupScene(t, broker.Config{IdleTimeout: 10 * time.Second}, func(t *testing.T, dial func() *wire) {
		a, b := dial(), dial()
		a.alone()
		b.send(joinRequest(b.memberID()), 9)
		b.wantClosed()
	})
}

func TestGroupsAreDescribedListedAndDeleted(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	describe := func() protocol.DescribeGroupsResponseGroup {
		return w.do(&protocol.DescribeGroupsRequest{Groups: []string{"billing"}}, 6).(*protocol.DescribeGroupsResponse).Groups[0]
	}
	listed := func(state string) int {
		return len(w.do(&protocol.ListGroupsRequest{StatesFilter: []string{state}}, 5).(*protocol.ListGroupsResponse).Groups)
	}
	remove := func() kerr.Error {
		resp := w.do(&protocol.DeleteGroupsRequest{GroupsNames: []string{"billing"}}, 2).(*protocol.DeleteGroupsResponse)
		return kerr.Error(resp.Results[0].ErrorCode)
	}
	if got := describe(); got.GroupState != "Dead" || got.ErrorCode != kerr.GroupIDNotFound.Code() {
		t.Errorf("a group that is not: %+v", got)
	}
	joined := w.alone()
	got := describe()
	if got.GroupState != "Stable" || got.ProtocolType != "consumer" || got.ProtocolData != "range" || len(got.Members) != 1 {
		t.Fatalf("got %+v", got)
	}
	if m := got.Members[0]; m.MemberID != joined.MemberID || string(m.MemberMetadata) != "wants orders" || string(m.MemberAssignment) != "all" || m.ClientHost != "/127.0.0.1" {
		t.Errorf("got %+v", m)
	}
	if listed("Stable") != 1 || listed("Empty") != 0 {
		t.Error("the group is not listed by its state")
	}
	if code := remove(); code != kerr.NonEmptyGroup {
		t.Errorf("delete a group with members: %v", code)
	}
	w.do(&protocol.LeaveGroupRequest{GroupID: "billing", MemberID: joined.MemberID}, 2)
	if listed("Empty") != 1 {
		t.Error("the group is not listed as empty")
	}
	if code := remove(); code != kerr.None {
		t.Errorf("delete: %v", code)
	}
	if code := remove(); code != kerr.GroupIDNotFound {
		t.Errorf("delete again: %v", code)
	}
}
