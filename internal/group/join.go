package group

import (
	"fmt"
	"slices"

	"github.com/afkak-go/afkak/internal/assign"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// takeJoin takes in the answer to JoinGroup: a generation, or why not.
func (m *Member) takeJoin(e Answered) {
	err := errorOf(e)
	if err != nil {
		m.notJoined(err, e.Response)
		return
	}
	r := e.Response.(*protocol.JoinGroupResponse)
	m.id, m.generation, m.joined, m.counts = r.MemberID, r.GenerationID, r, nil
	if r.Leader == r.MemberID {
		m.enter(counting)
	} else {
		m.enter(syncing)
	}
}

// notJoined deals with a refusal of JoinGroup or SyncGroup. Nothing is held
// then, so all there is to do is to join again.
func (m *Member) notJoined(err error, r protocol.Response) {
	switch m.remedyOf(err) {
	case wait:
		m.again(err)
	case elsewhere:
		m.findAgain(err)
	case takeID:
		if join, ok := r.(*protocol.JoinGroupResponse); ok {
			m.id = join.MemberID
		}
		m.joinAgain(err)
	case rejoin, lostPlace:
		m.joinAgain(err)
	case lostID:
		m.id = ""
		m.joinAgain(err)
	default:
		m.giveUp("join", err)
	}
}

// patientJoins is how many times in a row a member joins at once when it is
// told to join again; then it waits in between.
const patientJoins = 3

// joinAgain begins with JoinGroup anew.
func (m *Member) joinAgain(err error) {
	m.enter(joining)
	if m.again(err); m.failures < patientJoins {
		m.notBefore = m.now
	}
}

// takeCount takes in how many partitions there are to hand out.
func (m *Member) takeCount(e Counted) {
	if m.phase != counting || e.Try != m.try {
		return
	}
	m.try = 0
	switch {
	case e.Err != nil && m.cfg.Retriable(e.Err):
		m.again(e.Err)
	case e.Err != nil:
		m.giveUp("lead", e.Err)
	default:
		m.counts = e.Partitions
		m.enter(syncing)
	}
}

// groupsTopics are the topics that the members of the generation subscribe to.
func (m *Member) groupsTopics() []string {
	var topics []string
	for _, member := range m.members() {
		topics = append(topics, member.Topics...)
	}
	slices.Sort(topics)
	return slices.Compact(topics)
}

// members are those of the generation that the member leads.
func (m *Member) members() []assign.Member {
	members := make([]assign.Member, 0, len(m.joined.Members))
	for i := range m.joined.Members {
		r := &m.joined.Members[i]
		member := assign.Member{ID: r.MemberID}
		if r.GroupInstanceID != nil {
			member.InstanceID = *r.GroupInstanceID
		}
		topics, err := decodeSubscription(r.Metadata)
		if err != nil && m.phase == counting {
			m.emit(Warn{Text: "what member " + r.MemberID + " subscribes to cannot be read; it gets nothing", Err: err})
		}
		member.Topics = topics
		members = append(members, member)
	}
	return members
}

// handOut is what the leader sends: each member's partitions.
func (m *Member) handOut() []protocol.SyncGroupRequestAssignment {
	if m.counts == nil || m.joined.SkipAssignment { // KIP-814: the coordinator has kept the last ones
		return nil
	}
	name := ""
	if m.joined.ProtocolName != nil {
		name = *m.joined.ProtocolName
	}
	chosen := slices.IndexFunc(m.cfg.Assignors, func(a assign.Assignor) bool { return a.Name == name })
	if chosen < 0 {
		m.emit(Warn{Text: "the group has chosen an assignor that was not offered, so " + m.cfg.Assignors[0].Name + " is used",
			Err: fmt.Errorf("%w: %q", kerr.InconsistentGroupProtocol, name)})
		chosen = 0
	}
	members := m.members()
	shares := m.cfg.Assignors[chosen].Assign(members, m.counts)
	assignments := make([]protocol.SyncGroupRequestAssignment, len(members))
	for i, member := range members {
		assignments[i].MemberID = member.ID
		assignments[i].Assignment = encodeAssignment(shares[member.ID])
	}
	return assignments
}

// takeSync takes in what the member was assigned.
func (m *Member) takeSync(e Answered) {
	err := errorOf(e)
	if err != nil {
		m.notJoined(err, e.Response)
		return
	}
	owned, err := decodeAssignment(e.Response.(*protocol.SyncGroupResponse).Assignment)
	if err != nil {
		m.giveUp("join", fmt.Errorf("read what the group's leader has assigned: %w", err))
		return
	}
	m.well()
	m.enter(steady)
	m.owned, m.reason, m.beat = owned, "", 0
	m.heard, m.beatDue = m.now, m.now.Add(m.cfg.Heartbeat)
	m.emit(Assigned{Partitions: owned, Generation: m.generation, MemberID: m.id, Topics: m.counts})
}

// takeChange has the leader hand out again when there are other partitions.
func (m *Member) takeChange(e Changed) {
	if m.phase != steady || m.counts == nil {
		return
	}
	var changed []string
	for topic, before := range m.counts {
		if n, told := e.Partitions[topic]; told && n != before {
			changed = append(changed, fmt.Sprintf("topic %s has %d partitions, had %d", topic, n, before))
		}
	}
	if len(changed) > 0 {
		slices.Sort(changed)
		m.release(true, changed[0])
	}
}
