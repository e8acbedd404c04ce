package broker

import (
	"fmt"
	"net"
	"time"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleJoinGroup(req *request, message *protocol.JoinGroupRequest) (protocol.Response, error) {
	answer, err := b.joinGroup(req, message)
	if err != nil {
		return nil, err
	}
	resp := answer.(*protocol.JoinGroupResponse)
	if req.version < 7 && resp.ProtocolName == nil { // null is of version 7 (KIP-559)
		resp.ProtocolName = new(string)
	}
	return resp, nil
}

func (b *Broker) joinGroup(req *request, message *protocol.JoinGroupRequest) (protocol.Response, error) {
	switch {
	case message.GroupID == "":
		return group.JoinRefusal(message.MemberID, kerr.InvalidGroupID), nil
	case !b.groups.cfg.AllowsSession(message.SessionTimeoutMs):
		return group.JoinRefusal(message.MemberID, kerr.InvalidSessionTimeout), nil
	}
	join := group.Join{
		Request: message, Version: req.version,
		ClientID: req.clientID, ClientHost: req.conn.host(), NewID: newMemberID(req.clientID, message.GroupInstanceID),
	}
	return b.ask(func(g *groups, ticket group.Ticket) {
		join.Ticket = ticket
		g.join(join)
	})
}

// join hands a member to its group, which is made when somebody new comes. The
// caller holds mu.
func (g *groups) join(join group.Join) {
	name, memberID := join.Request.GroupID, join.Request.MemberID
	if g.byName[name] == nil && memberID != "" {
		g.settle(group.Outcome{Answers: []group.Answer{{To: join.Ticket, Response: group.JoinRefusal(memberID, kerr.UnknownMemberID)}}})
		return
	}
	g.settle(g.made(name).Join(time.Now(), join))
}

// newMemberID makes an ID as Kafka does: it says whose it is.
func newMemberID(clientID string, instanceID *string) string {
	owner := clientID
	if instanceID != nil {
		owner = *instanceID
	}
	id := randomID()
	return fmt.Sprintf("%s-%x-%x-%x-%x-%x", owner, id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// host is the peer's address as Kafka shows it: with a slash and no port.
func (c *conn) host() string {
	addr := c.nc.RemoteAddr()
	if addr == nil {
		return ""
	}
	host, _, err := net.SplitHostPort(addr.String())
	if err != nil { // of a listener in memory
		host = addr.String()
	}
	return "/" + host
}
