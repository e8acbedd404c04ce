package group

import (
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Leave handles a LeaveGroup request: each of the members leaves, or is
// answered with why it does not.
func (g *Group) Leave(now time.Time, members []protocol.LeaveGroupRequestMember) ([]protocol.LeaveGroupResponseMember, Outcome) {
	g.advance(now)
	var all []protocol.LeaveGroupResponseMember
	left := false
	for _, leaving := range members {
		code := g.leave(leaving)
		left = left || code == kerr.None
		all = append(all, protocol.LeaveGroupResponseMember{
			MemberID: leaving.MemberID, GroupInstanceID: leaving.GroupInstanceID, ErrorCode: code.Code(),
		})
	}
	if left && g.state != Empty {
		g.rebalance()
	}
	return all, g.outcome()
}

func (g *Group) leave(leaving protocol.LeaveGroupRequestMember) kerr.Error {
	id := leaving.MemberID
	if id == "" { // an administrator removes a static member
		if leaving.GroupInstanceID == nil {
			return kerr.UnknownMemberID
		}
		m := g.static(*leaving.GroupInstanceID)
		if m == nil {
			return kerr.UnknownMemberID
		}
		id = m.id
	}
	if _, ok := g.pending[id]; ok {
		delete(g.pending, id)
		return kerr.None
	}
	m, code := g.find(id, leaving.GroupInstanceID)
	if code == kerr.None {
		g.remove(m)
	}
	return code
}
