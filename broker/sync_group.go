package broker

import (
	"time"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleSyncGroup(req *request, message *protocol.SyncGroupRequest) (protocol.Response, error) {
	switch {
	case req.version >= 5 && (message.ProtocolType == nil || message.ProtocolName == nil): // must be said since KIP-559
		return &protocol.SyncGroupResponse{ErrorCode: kerr.InconsistentGroupProtocol.Code()}, nil
	case message.GroupID == "":
		return &protocol.SyncGroupResponse{ErrorCode: kerr.InvalidGroupID.Code()}, nil
	}
	return b.ask(func(g *groups, ticket group.Ticket) {
		gr := g.byName[message.GroupID]
		if gr == nil {
			gr = group.New(g.cfg) // which knows no member either
		}
		g.settle(gr.Sync(time.Now(), ticket, message))
	})
}
