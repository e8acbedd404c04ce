package broker

import (
	"time"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleLeaveGroup(req *request, message *protocol.LeaveGroupRequest) (protocol.Response, error) {
	if message.GroupID == "" {
		return &protocol.LeaveGroupResponse{ErrorCode: kerr.InvalidGroupID.Code()}, nil
	}
	if req.version >= 3 { // several members, KIP-345
		return &protocol.LeaveGroupResponse{Members: b.groups.leave(message.GroupID, message.Members)}, nil
	}
	only := b.groups.leave(message.GroupID, []protocol.LeaveGroupRequestMember{{MemberID: message.MemberID}})
	return &protocol.LeaveGroupResponse{ErrorCode: only[0].ErrorCode}, nil
}

func (g *groups) leave(name string, members []protocol.LeaveGroupRequestMember) []protocol.LeaveGroupResponseMember {
	g.mu.Lock()
	defer g.mu.Unlock()
	gr := g.byName[name]
	if gr == nil {
		gr = group.New(g.cfg) // which knows no member either
	}
	answers, out := gr.Leave(time.Now(), members)
	g.settle(out)
	return answers
}
