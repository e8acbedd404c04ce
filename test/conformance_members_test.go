package test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/afkak-go/afkak/protocol"
)

// memberIDs are made of the client's name, or the static member's, and a UUID.
var memberIDs = regexp.MustCompile(`^(conformance|static-[a-z])-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// meet gives a member ID a name that is the same in every run.
func (tr *transcript) meet(id string) {
	tr.t.Helper()
	if id == "" || strings.HasPrefix(id, "nobody") || tr.members[id] != "" {
		return
	}
	if !memberIDs.MatchString(id) {
		tr.t.Errorf("a member was given the ID %q", id)
	}
	if tr.members == nil {
		tr.members = make(map[string]string)
	}
	tr.members[id] = fmt.Sprintf("%s-%d", memberIDs.FindStringSubmatch(id)[1], len(tr.members)+1)
}

func joinGroups(tr *transcript) {
	for _, part := range []func(*transcript){
		joinInEveryVersion, joinWrongly, joinAsTwo, joinAsStatic, joinAndFallSilent, leaveGroups, listByState, deleteOffsets, deleteGroups,
	} {
		part(tr)
	}
}

// party is who joins a group.
type party struct {
	tr         *transcript
	group, id  string
	instance   *string
	generation int32
	protocol   string // that the generation uses
	version    int16  // of JoinGroup; the other APIs' versions follow from it
	protocols  []string
	kind       string
	sessionMs  int32
	joinMs     int32 // that the others wait for it
}

// party makes sure that there is a coordinator.
func (tr *transcript) party(group string) *party {
	tr.until("coordinator of "+group, 5, &protocol.DescribeGroupsRequest{Groups: []string{group}}, func(resp protocol.Response) bool {
		return resp.(*protocol.DescribeGroupsResponse).Groups[0].ErrorCode == 0
	})
	return &party{tr: tr, group: group, version: 9, protocols: []string{"range"}, kind: "consumer", sessionMs: 600_000, joinMs: 600_000}
}

// as is another party of the group: with an ID, or a static one with a name.
func (p *party) as(id, instance string) *party {
	other := *p
	other.id, other.instance = id, nil
	if instance != "" {
		other.instance = &instance
	}
	return &other
}

func (p *party) joinRequest() *protocol.JoinGroupRequest {
	req := &protocol.JoinGroupRequest{
		GroupID: p.group, MemberID: p.id, GroupInstanceID: p.instance, ProtocolType: p.kind, SessionTimeoutMs: p.sessionMs, RebalanceTimeoutMs: p.joinMs,
	}
	for _, name := range p.protocols {
		// Version 0 of a subscription to topic a, without user data.
		req.Protocols = append(req.Protocols, protocol.JoinGroupRequestProtocol{Name: name, Metadata: []byte("\x00\x00\x00\x00\x00\x01\x00\x01a\xff\xff\xff\xff")})
	}
	return req
}

// join joins, and again with an ID where that is wanted first.
func (p *party) join(title string) *protocol.JoinGroupResponse {
	p.tr.t.Helper()
	p.identify(title)
	resp := p.tr.step(title, p.version, p.joinRequest()).(*protocol.JoinGroupResponse)
	p.joined(resp)
	return resp
}

// identify gets an ID for a party that needs one to join.
func (p *party) identify(title string) {
	p.tr.t.Helper()
	if p.id == "" && p.instance == nil && p.version >= 4 {
		p.id = p.tr.step(title+", for an ID", p.version, p.joinRequest()).(*protocol.JoinGroupResponse).MemberID
	}
}

func (p *party) joined(resp *protocol.JoinGroupResponse) {
	if resp.ErrorCode == 0 {
		p.id, p.generation, p.protocol = resp.MemberID, resp.GenerationID, *resp.ProtocolName
	}
}

// joinLater joins, which others have to do as well before it is answered. It
// returns when the group is in that state.
func (p *party) joinLater(title, state string) func() {
	p.tr.t.Helper()
	p.identify(title)
	answer := p.tr.park(title, p.version, p.joinRequest())
	p.await(state, func(d protocol.DescribeGroupsResponseGroup) bool {
		return p.id == "" || slices.ContainsFunc(d.Members, func(m protocol.DescribeGroupsResponseGroupMember) bool { return m.MemberID == p.id })
	})
	return func() {
		p.tr.t.Helper()
		p.joined(answer().(*protocol.JoinGroupResponse))
	}
}

func (p *party) await(state string, wanted func(protocol.DescribeGroupsResponseGroup) bool) {
	p.tr.t.Helper()
	p.tr.until(p.group+" is "+state, 5, &protocol.DescribeGroupsRequest{Groups: []string{p.group}}, func(resp protocol.Response) bool {
		group := resp.(*protocol.DescribeGroupsResponse).Groups[0]
		return group.GroupState == state && wanted(group)
	})
}

func (p *party) syncRequest(assignments ...string) *protocol.SyncGroupRequest {
	req := &protocol.SyncGroupRequest{GroupID: p.group, MemberID: p.id, GroupInstanceID: p.instance, GenerationID: p.generation}
	if p.version >= 5 { // which must say what the member takes the group to be
		req.ProtocolType, req.ProtocolName = &p.kind, &p.protocol
	}
	for i := 0; i < len(assignments); i += 2 {
		req.Assignments = append(req.Assignments, protocol.SyncGroupRequestAssignment{MemberID: assignments[i], Assignment: []byte(assignments[i+1])})
	}
	return req
}

func (p *party) sync(title string, assignments ...string) {
	p.tr.t.Helper()
	p.tr.step(title, min(p.version, 5), p.syncRequest(assignments...))
}

func (p *party) heartbeat(title string) {
	p.tr.t.Helper()
	p.tr.step(title, min(p.version, 4), &protocol.HeartbeatRequest{GroupID: p.group, MemberID: p.id, GroupInstanceID: p.instance, GenerationID: p.generation})
}

// commit commits by topic name.
func (p *party) commit(title string) {
	p.tr.t.Helper()
	p.tr.step(title, 9, &protocol.OffsetCommitRequest{
		GroupID: p.group, MemberID: p.id, GroupInstanceID: p.instance, GenerationIDOrMemberEpoch: p.generation, RetentionTimeMs: -1,
		Topics: []protocol.OffsetCommitRequestTopic{{Name: "a", Partitions: []protocol.OffsetCommitRequestTopicPartition{{CommittedOffset: 1, CommittedLeaderEpoch: -1}}}},
	})
}

// fetch asks for the offset that commit commits, as a member.
func (p *party) fetch(title string) {
	p.tr.t.Helper()
	p.tr.step(title, 9, &protocol.OffsetFetchRequest{RequireStable: true, Groups: []protocol.OffsetFetchRequestGroup{{
		GroupID: p.group, MemberID: &p.id, MemberEpoch: p.generation, Topics: []protocol.OffsetFetchRequestGroupTopic{{Name: "a", PartitionIndexes: []int32{0}}},
	}}})
}

func (p *party) describe(title string) {
	p.tr.t.Helper()
	p.tr.step(title, min(p.version, 6), &protocol.DescribeGroupsRequest{Groups: []string{p.group}})
}

// leave is of one member before version 3, of several since.
func (p *party) leave(title string, others ...protocol.LeaveGroupRequestMember) {
	p.tr.t.Helper()
	req := &protocol.LeaveGroupRequest{GroupID: p.group, MemberID: p.id}
	if p.version >= 3 {
		req.MemberID, req.Members = "", append(others, protocol.LeaveGroupRequestMember{MemberID: p.id, GroupInstanceID: p.instance})
	}
	p.tr.step(title, min(p.version, 5), req)
}

// all asks everything that a member asks.
func (p *party) all(title string) {
	p.tr.t.Helper()
	p.sync(title)
	p.heartbeat(title)
	p.commit(title)
}

func joinInEveryVersion(tr *transcript) {
	for version := int16(0); version <= 9; version++ {
		p := tr.party(fmt.Sprintf("members-%d", version))
		p.version = version
		p.describe("a group that is not")
		p.join("alone")
		p.describe("nothing assigned")
		p.commit("nothing assigned")
		p.heartbeat("nothing assigned")
		p.sync("alone", p.id, "everything")
		p.describe("assigned")
		p.heartbeat("assigned")
		p.commit("assigned")
		p.sync("again")
		p.leave("alone")
		p.describe("empty")
		p.all("gone")
		p.as("", "").join("the next one")
	}
}

func joinWrongly(tr *transcript) {
	p := tr.party("wrong")
	changed := func(title string, change func(*protocol.JoinGroupRequest)) {
		req := p.joinRequest()
		change(req)
		tr.step(title, 9, req)
		tr.step(title, 6, req)
	}
	nobody := p.as("nobody", "")
	nobody.join("with an ID, no group")
	nobody.all("no group")
	nobody.leave("no group")
	p.describe("no group")
	changed("no group name", func(m *protocol.JoinGroupRequest) { m.GroupID = "" })
	changed("too short a session", func(m *protocol.JoinGroupRequest) { m.SessionTimeoutMs = 5999 })
	changed("too long a session", func(m *protocol.JoinGroupRequest) { m.SessionTimeoutMs = 1_800_001 })
	p.describe("still no group")
	changed("no protocols", func(m *protocol.JoinGroupRequest) { m.Protocols = nil })
	changed("no protocol type", func(m *protocol.JoinGroupRequest) { m.ProtocolType = "" })
	p.describe("a group by refusal")
	p.join("well")
	changed("another protocol", func(m *protocol.JoinGroupRequest) { m.Protocols[0].Name = "sticky" })
	changed("another protocol type", func(m *protocol.JoinGroupRequest) { m.ProtocolType = "connect" })
	changed("another protocol, with an ID", func(m *protocol.JoinGroupRequest) { m.MemberID, m.Protocols[0].Name = p.id, "sticky" })
	changed("unknown ID", func(m *protocol.JoinGroupRequest) { m.MemberID = "nobody" })
	changed("unknown ID, unknown instance", func(m *protocol.JoinGroupRequest) { m.MemberID, m.GroupInstanceID = "nobody", ptr("static-x") })
	changed("known ID, unknown instance", func(m *protocol.JoinGroupRequest) { m.MemberID, m.GroupInstanceID = p.id, ptr("static-x") })
	tr.step("given ID", 9, p.as("", "").joinRequest())
	p.join("again, nothing assigned")
	nobody.all("nobody, nothing assigned")
	p.sync("well")
	nobody.all("nobody, stable")
	nobody.as("", "").commit("nobody's commit in generation 0")
	outside := p.as("", "")
	outside.generation = -1
	outside.commit("from outside")
	outside.id = p.id
	outside.all("no generation")
	past := *p
	past.generation--
	past.all("the past")
	future := *p
	future.generation++
	future.all("the future")
	p.commit("the present")
	p.fetch("the present")
	past.fetch("the past")
	nobody.fetch("nobody")
	said := func(title string, kind, protocol *string) {
		req := p.syncRequest()
		req.ProtocolType, req.ProtocolName = kind, protocol
		tr.step(title, 5, req)
		req.MemberID = "nobody"
		tr.step(title+", nobody's", 5, req)
		req.ProtocolType, req.ProtocolName = nil, nil
		tr.step(title+", nobody's, older", 4, req)
	}
	said("protocol as it is", ptr("consumer"), ptr("range"))
	said("another protocol", ptr("consumer"), ptr("sticky"))
	said("another protocol type", ptr("connect"), ptr("range"))
	said("no protocol", ptr("consumer"), nil)
	said("no protocol type", nil, ptr("range"))
	given := tr.step("ID given out", 9, p.as("", "").joinRequest()).(*protocol.JoinGroupResponse).MemberID
	p.as(given, "").all("ID given out, not joined")
	p.as(given, "static-x").join("ID given out, static now")
	p.as(given, "").leave("ID given out")
	p.describe("after that")
	anonymous := *p
	anonymous.group = ""
	anonymous.all("no group name")
	anonymous.leave("no group name")
	tr.step("of no name and twice", 6, &protocol.DescribeGroupsRequest{Groups: []string{"", "wrong", "wrong"}, IncludeAuthorizedOperations: true})
	tr.step("of none", 6, &protocol.DescribeGroupsRequest{})
}

func joinAsTwo(tr *transcript) {
	a := tr.party("two")
	a.protocols = []string{"sticky", "range"}
	b := a.as("", "")
	b.protocols = []string{"range", "roundrobin"}
	a.join("first")
	a.sync("first", a.id, "everything")
	joined := b.joinLater("second", "PreparingRebalance")
	a.describe("rebalancing")
	a.all("first, rebalancing")
	b.generation, b.protocol = a.generation, a.protocol
	b.all("second, not answered")
	a.join("first, again")
	joined()
	b.describe("nothing assigned")
	waiting := tr.park("second, waits", 5, b.syncRequest())
	a.sync("first", a.id, "half", b.id, "other half", "nobody", "nothing")
	waiting()
	b.describe("assigned")
	b.join("second, nothing new")
	b.version = 4
	b.join("second, nothing new, older")
	b.version = 9
	b.commit("second")
	joined = a.joinLater("first, wants to rebalance", "PreparingRebalance")
	b.heartbeat("second")
	b.leave("second")
	joined()
	a.sync("first, of others only", "nobody", "everything")
	a.describe("nothing for the only member")
	a.leave("first and others", protocol.LeaveGroupRequestMember{MemberID: "nobody"}, protocol.LeaveGroupRequestMember{})
	a.describe("empty")
	a.as("", "").leave("nobody")
}

func joinAsStatic(tr *transcript) {
	group := tr.party("static")
	a, b := group.as("", "static-a"), group.as("", "static-b")
	a.join("first")
	a.sync("first", a.id, "everything")
	joined := b.joinLater("second", "PreparingRebalance")
	a.join("first, again")
	joined()
	a.sync("first", a.id, "half", b.id, "other half")
	b.sync("second")
	b.describe("assigned")
	restarted := group.as("", "static-b")
	restarted.join("second, restarted")
	b.all("second, fenced")
	b.join("second, fenced")
	b.leave("second, fenced")
	b.as(b.id, "").all("second, no instance")
	restarted.all("second, restarted")
	leader := group.as("", "static-a")
	leader.join("first, restarted")
	leader.sync("first, restarted")
	leader.version = 8
	leader = leader.as("", "static-a")
	leader.join("first, restarted, older")
	leader.sync("first, restarted, older")
	leader.describe("all restarted")
	leader.version = 9
	leader.as(restarted.id, "static-a").all("the other's ID")
	changed := group.as("", "static-b")
	changed.protocols = []string{"sticky", "range"}
	changed.join("second, restarted with more protocols")
	joined = leader.joinLater("first, wants to rebalance", "PreparingRebalance")
	fenced := leader.as("", "static-a")
	again := fenced.joinLater("first, restarted while it waits", "PreparingRebalance")
	joined()
	changed.join("second, again")
	again()
	waiting := tr.park("second, waits", 5, changed.syncRequest())
	later := group.as("", "static-b").joinLater("second, restarted while it waits", "PreparingRebalance")
	waiting()
	fenced.join("first, again")
	later()
	group.as("", "").leave("by instance", protocol.LeaveGroupRequestMember{GroupInstanceID: ptr("static-b")}, protocol.LeaveGroupRequestMember{GroupInstanceID: ptr("static-x")},
		protocol.LeaveGroupRequestMember{MemberID: "nobody", GroupInstanceID: ptr("static-a")})
	fenced.describe("one is left")
}

// joinAndFallSilent has members that do not come back in time: to join, to ask
// for their assignment, to say that they are there.
func joinAndFallSilent(tr *transcript) {
	a := tr.party("silent")
	a.sessionMs, a.joinMs = 6000, 3000
	b, c := a.as("", ""), a.as("", "")
	a.join("first")
	joined := b.joinLater("second", "PreparingRebalance")
	a.join("first, again")
	joined()
	a.sync("first")
	b.sync("second")
	joined = c.joinLater("third", "PreparingRebalance")
	again := a.joinLater("first, again, without the second", "PreparingRebalance")
	again()
	joined()
	b.all("second, too late")
	a.sync("first, without the third")
	a.await("PreparingRebalance", func(d protocol.DescribeGroupsResponseGroup) bool { return len(d.Members) == 1 })
	c.all("third, too late")
	a.all("first, alone")
	a.join("first, alone")
	a.sync("first, alone")
	a.await("Empty", func(protocol.DescribeGroupsResponseGroup) bool { return true })
	a.all("first, silent")
	a.describe("all silent")
}

func leaveGroups(tr *transcript) {
	a := tr.party("leave")
	b := a.as("", "")
	a.join("first")
	joined := b.joinLater("second", "PreparingRebalance")
	b.leave("second, waiting")
	joined()
	a.join("first")
	a.describe("second is gone")
	b.all("second is gone")
}

func listByState(tr *transcript) {
	p := tr.party("rebalancing")
	p.join("first")
	p.sync("first")
	other := p.as("", "")
	other.joinLater("second", "PreparingRebalance")
	connect := tr.party("connect")
	connect.kind = "connect"
	connect.join("worker")
	connect.sync("worker")
	for version := int16(0); version <= 5; version++ {
		tr.step("groups", version, &protocol.ListGroupsRequest{})
	}
	for _, state := range []string{"Empty", "PreparingRebalance", "CompletingRebalance", "Stable", "Dead", "stable", "Assigning", "none"} {
		tr.step(state, 5, &protocol.ListGroupsRequest{StatesFilter: []string{state}})
	}
	tr.step("two states", 5, &protocol.ListGroupsRequest{StatesFilter: []string{"Stable", "PreparingRebalance"}, TypesFilter: []string{"classic"}})
	for _, kind := range []string{"classic", "CLASSIC", "consumer", "none"} {
		tr.step(kind, 5, &protocol.ListGroupsRequest{TypesFilter: []string{kind}})
	}
}

func deleteOffsets(tr *transcript) {
	remove := func(title, group, topic string, partitions ...int32) {
		asked := protocol.OffsetDeleteRequestTopic{Name: topic}
		for _, partition := range partitions {
			asked.Partitions = append(asked.Partitions, protocol.OffsetDeleteRequestTopicPartition{PartitionIndex: partition})
		}
		tr.step(title, 0, &protocol.OffsetDeleteRequest{GroupID: group, Topics: []protocol.OffsetDeleteRequestTopic{asked}})
	}
	p := tr.party("forgetful")
	p.generation = -1
	p.commit("from outside")
	p.generation = 0
	p.join("reader")
	remove("before a generation is assigned", "forgetful", "a", 0)
	p.sync("reader")
	remove("that is read", "forgetful", "a", 0, 9)
	remove("that is not read", "forgetful", "compact", 0)
	remove("unknown topic", "forgetful", "unknown", 0)
	remove("of workers", "connect", "a", 0)
	remove("of no group", "unknown", "a", 0)
	remove("of no group name", "", "a", 0)
	p.leave("reader")
	remove("not read any more", "forgetful", "a", 0, 1)
	tr.step("deleted", 9, &protocol.OffsetFetchRequest{Groups: []protocol.OffsetFetchRequestGroup{{GroupID: "forgetful", MemberEpoch: -1}}})
	simple := tr.party("simple")
	simple.generation = -1
	simple.commit("from outside")
	remove("the last one", "simple", "a", 0)
	simple.describe("without offsets")
	tr.step("without offsets", 9, &protocol.OffsetFetchRequest{Groups: []protocol.OffsetFetchRequestGroup{{GroupID: "simple", MemberEpoch: -1}}})
}

func deleteGroups(tr *transcript) {
	for version := int16(0); version <= 3; version++ {
		tr.step("groups", version, &protocol.DeleteGroupsRequest{GroupsNames: []string{"unknown", "", "connect", "rebalancing", fmt.Sprintf("members-%d", version), "two"}})
	}
	tr.step("twice", 3, &protocol.DeleteGroupsRequest{GroupsNames: []string{"forgetful", "forgetful"}})
	tr.step("with offsets only", 3, &protocol.DeleteGroupsRequest{GroupsNames: []string{"group"}})
	tr.step("none", 3, &protocol.DeleteGroupsRequest{})
	tr.step("offsets of a deleted group", 9, &protocol.OffsetFetchRequest{Groups: []protocol.OffsetFetchRequestGroup{{GroupID: "group", MemberEpoch: -1}}})
	tr.step("deleted", 6, &protocol.DescribeGroupsRequest{Groups: []string{"two"}})
}
