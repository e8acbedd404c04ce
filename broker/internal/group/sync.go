package group

import (
	"bytes"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Sync handles a SyncGroup request: the leader's brings the assignments, every
// other one asks for its own. The answer is in this Outcome, or in a later one.
func (g *Group) Sync(now time.Time, ticket Ticket, req *protocol.SyncGroupRequest) Outcome {
	g.advance(now)
	if code := g.sync(ticket, req); code != kerr.None {
		g.answer(ticket, &protocol.SyncGroupResponse{ErrorCode: code.Code()})
	}
	return g.outcome()
}

func (g *Group) sync(ticket Ticket, req *protocol.SyncGroupRequest) kerr.Error {
	m, code := g.findIn(req.GenerationID, req.MemberID, req.GroupInstanceID)
	switch {
	case code != kerr.None:
		return code
	case differs(req.ProtocolType, g.protocolType) || differs(req.ProtocolName, g.protocol): // KIP-559
		return kerr.InconsistentGroupProtocol
	case g.state == PreparingRebalance:
		return kerr.RebalanceInProgress
	}
	m.unsynced = false
	if g.allSynced() {
		g.syncPhase = timer{}
	}
	if g.state == Stable {
		g.answer(ticket, g.assignment(m))
		return kerr.None
	}
	m.syncing = ticket
	if g.leader == m.id {
		g.assign(req.Assignments)
	}
	return kerr.None
}

// differs compares what a request says with what is, if it says anything.
func differs(said *string, is string) bool { return said != nil && *said != is }

// assign gives every member the leader's assignment for it, or an empty one.
func (g *Group) assign(assignments []protocol.SyncGroupRequestAssignment) {
	for _, m := range g.members {
		m.assignment = nil
	}
	for _, a := range assignments {
		if m := g.member(a.MemberID); m != nil {
			m.assignment = bytes.Clone(a.Assignment)
		}
	}
	for _, m := range g.members {
		g.answerSync(m, kerr.None)
	}
	g.become(Stable)
}

// answerSync answers a member's SyncGroup if it waits. Its session begins now.
func (g *Group) answerSync(m *member, code kerr.Error) {
	if m.syncing == 0 {
		return
	}
	resp := &protocol.SyncGroupResponse{ErrorCode: code.Code()}
	if code == kerr.None {
		resp = g.assignment(m)
	}
	g.answer(m.syncing, resp)
	m.syncing = 0
	g.extend(m)
}

func (g *Group) assignment(m *member) *protocol.SyncGroupResponse {
	return &protocol.SyncGroupResponse{ProtocolType: optional(g.protocolType), ProtocolName: optional(g.protocol), Assignment: m.assignment}
}

func (g *Group) allSynced() bool {
	for _, m := range g.members {
		if m.unsynced {
			return false
		}
	}
	return true
}
