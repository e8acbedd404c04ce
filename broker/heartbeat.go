package broker

import (
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleHeartbeat(req *request, message *protocol.HeartbeatRequest) (protocol.Response, error) {
	return &protocol.HeartbeatResponse{ErrorCode: b.groups.heartbeat(message).Code()}, nil
}

func (g *groups) heartbeat(message *protocol.HeartbeatRequest) kerr.Error {
	if message.GroupID == "" {
		return kerr.InvalidGroupID
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	gr := g.byName[message.GroupID]
	if gr == nil {
		return kerr.UnknownMemberID
	}
	code, out := gr.Heartbeat(time.Now(), message)
	g.settle(out)
	return code
}
