package group

import (
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Heartbeat handles a Heartbeat request: a member's session goes on, and it
// learns whether it has to join again.
func (g *Group) Heartbeat(now time.Time, req *protocol.HeartbeatRequest) (kerr.Error, Outcome) {
	g.advance(now)
	m, code := g.findIn(req.GenerationID, req.MemberID, req.GroupInstanceID)
	if code == kerr.None {
		g.extend(m)
		if g.state == PreparingRebalance {
			code = kerr.RebalanceInProgress
		}
	}
	return code, g.outcome()
}

// Commit says whether an OffsetCommit may store its offsets. One that belongs
// to no member may while the group is empty. A member's session goes on.
func (g *Group) Commit(now time.Time, req *protocol.OffsetCommitRequest) (kerr.Error, Outcome) {
	g.advance(now)
	return g.commit(req), g.outcome()
}

func (g *Group) commit(req *protocol.OffsetCommitRequest) kerr.Error {
	if g.state == Empty && req.GenerationIDOrMemberEpoch < 0 {
		return kerr.None
	}
	m, code := g.findIn(req.GenerationIDOrMemberEpoch, req.MemberID, req.GroupInstanceID)
	switch {
	case code != kerr.None:
		return code
	case g.state == CompletingRebalance:
		return kerr.RebalanceInProgress
	}
	g.extend(m)
	return kerr.None
}
