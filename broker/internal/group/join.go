package group

import (
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Join is a JoinGroup request.
type Join struct {
	Ticket  Ticket
	Request *protocol.JoinGroupRequest
	Version int16
	// ClientID and ClientHost are what DescribeGroups says of the member.
	ClientID, ClientHost string
	// NewID is what the member gets as its ID if it comes without one. Nobody
	// may have had it before.
	NewID string
}

// rebalanceTimeout is how long others wait for the member to join again.
func (j *Join) rebalanceTimeout() time.Duration {
	if j.Version == 0 {
		return milliseconds(j.Request.SessionTimeoutMs)
	}
	return milliseconds(j.Request.RebalanceTimeoutMs)
}

// AllowsSession says whether a member may have that session timeout. To be
// asked before there is a group.
func (c Config) AllowsSession(timeoutMs int32) bool {
	timeout := milliseconds(timeoutMs)
	return c.MinSessionTimeout <= timeout && timeout <= c.MaxSessionTimeout
}

// Join handles a JoinGroup request. The answer is in this Outcome, or in a
// later one.
func (g *Group) Join(now time.Time, j Join) Outcome {
	g.advance(now)
	g.join(&j)
	return g.outcome()
}

func (g *Group) join(j *Join) {
	req := j.Request
	switch {
	case !g.hasRoom(req.MemberID):
		g.refuse(j.Ticket, "", kerr.GroupMaxSizeReached)
		if m := g.member(req.MemberID); m != nil { // the others were faster
			g.remove(m)
		}
	case !g.supports(req.ProtocolType, req.Protocols):
		g.refuse(j.Ticket, req.MemberID, kerr.InconsistentGroupProtocol)
	case req.MemberID != "":
		g.joinWithID(j)
	case req.GroupInstanceID != nil: // KIP-345
		g.joinStatic(j)
	case j.Version >= 4: // the ID first, so that a lost answer leaves no member behind (KIP-394)
		g.pending[j.NewID] = g.now.Add(milliseconds(req.SessionTimeoutMs))
		g.refuse(j.Ticket, j.NewID, kerr.MemberIDRequired)
	default:
		g.add(j, j.NewID)
	}
}

// hasRoom says whether the group is small enough for the request's member.
func (g *Group) hasRoom(memberID string) bool {
	if g.cfg.MaxSize == 0 || g.state == Empty {
		return true
	}
	m := g.member(memberID)
	if g.state == PreparingRebalance { // those count that are there again
		return m != nil && m.joining != 0 || g.joined() < g.cfg.MaxSize
	}
	return m != nil || len(g.members) < g.cfg.MaxSize
}

// joinWithID handles a member that has an ID: it joins for the first time with
// the one that it was given, or it joins again.
func (g *Group) joinWithID(j *Join) {
	req := j.Request
	if _, ok := g.pending[req.MemberID]; ok {
		if req.GroupInstanceID != nil { // no static member ever got such an ID
			g.refuse(j.Ticket, "", kerr.UnknownServerError)
			return
		}
		g.add(j, req.MemberID)
		return
	}
	m, code := g.find(req.MemberID, req.GroupInstanceID)
	switch {
	case code != kerr.None:
		g.refuse(j.Ticket, req.MemberID, code)
	case g.state == PreparingRebalance,
		g.state == Stable && g.leader == m.id, // how a leader asks for a rebalance
		!m.offers(req.Protocols):
		m.update(j)
		g.rebalance()
	default: // its answer was lost, or nothing has changed
		g.answer(j.Ticket, g.joinAnswer(m))
	}
}

// joinStatic handles a static member that does not know its ID: a new one, or
// one that was restarted.
func (g *Group) joinStatic(j *Join) {
	m := g.static(*j.Request.GroupInstanceID)
	if m == nil {
		g.add(j, j.NewID)
		return
	}
	leader := g.leader
	g.replace(m, j.NewID)
	g.extend(m)
	m.update(j)
	switch {
	case g.state == CompletingRebalance: // the leader may be assigning to the ID that is gone
		g.prepareRebalance()
	case g.state == Stable && g.choose() == g.protocol:
		g.answerRestarted(m, j.Version, leader)
	default:
		g.rebalance()
	}
}

// replace gives a static member another ID and fences whoever had the old one.
func (g *Group) replace(m *member, id string) {
	if m.joining != 0 {
		g.refuse(m.joining, m.id, kerr.FencedInstanceID)
	}
	if m.syncing != 0 {
		g.answer(m.syncing, &protocol.SyncGroupResponse{ErrorCode: kerr.FencedInstanceID.Code()})
	}
	if g.leader == m.id {
		g.leader = id
	}
	m.id, m.joining, m.syncing, m.unsynced, m.fresh = id, 0, 0, false, false
}

// answerRestarted answers a static member whose restart changes nothing for
// the others. A leader before version 9 is told of the leader that it was, so
// that it does not assign; since then it is told that it need not (KIP-814).
func (g *Group) answerRestarted(m *member, version int16, formerLeader string) {
	resp := g.joinAnswer(m)
	if version >= 9 {
		resp.SkipAssignment = g.leader == m.id
	} else {
		resp.Leader, resp.Members = formerLeader, nil
	}
	g.answer(m.joining, resp)
	m.joining = 0
}

// add adds a member, which waits for the next generation.
func (g *Group) add(j *Join, id string) {
	m := &member{id: id, instanceID: j.Request.GroupInstanceID, clientID: j.ClientID, clientHost: j.ClientHost, fresh: true}
	m.update(j)
	m.expires = g.now.Add(newMemberTimeout)
	if len(g.members) == 0 {
		g.protocolType = j.Request.ProtocolType
	}
	if g.leader == "" {
		g.leader = id
	}
	g.members = append(g.members, m)
	delete(g.pending, id)
	if g.state == PreparingRebalance && g.previous == Empty {
		g.grown = true
	}
	g.rebalance()
}

// refuse answers a JoinGroup with an error.
func (g *Group) refuse(to Ticket, memberID string, code kerr.Error) {
	g.answer(to, JoinRefusal(memberID, code))
}

// JoinRefusal is the answer to a JoinGroup that fails.
func JoinRefusal(memberID string, code kerr.Error) *protocol.JoinGroupResponse {
	return &protocol.JoinGroupResponse{GenerationID: -1, MemberID: memberID, ErrorCode: code.Code()}
}

// joinAnswer tells a member of the generation; the leader also of all members,
// so that it can assign.
func (g *Group) joinAnswer(m *member) *protocol.JoinGroupResponse {
	resp := &protocol.JoinGroupResponse{
		GenerationID: g.generation, ProtocolType: optional(g.protocolType), ProtocolName: optional(g.protocol),
		Leader: g.leader, MemberID: m.id,
	}
	if g.leader != m.id {
		return resp
	}
	for _, other := range g.members {
		resp.Members = append(resp.Members, protocol.JoinGroupResponseMember{
			MemberID: other.id, GroupInstanceID: other.instanceID, Metadata: other.metadata(g.protocol),
		})
	}
	return resp
}
