package group

import "github.com/afkak-go/afkak/protocol"

// protocolType is that of consumers, among groups of all kinds.
const protocolType = "consumer"

// maxReason is how much of a reason is sent; brokers would cut it there too (KIP-800).
const maxReason = 255

func (m *Member) joinRequest() *protocol.JoinGroupRequest {
	req := protocol.NewJoinGroupRequest()
	req.GroupID, req.MemberID, req.GroupInstanceID = m.cfg.Group, m.id, optional(m.cfg.InstanceID)
	req.SessionTimeoutMs = int32(m.session().Milliseconds())
	req.RebalanceTimeoutMs = int32(m.rebalance().Milliseconds())
	req.ProtocolType = protocolType
	req.Reason = m.spokenReason()
	metadata := encodeSubscription(m.cfg.Topics)
	for _, a := range m.cfg.Assignors {
		req.Protocols = append(req.Protocols, protocol.JoinGroupRequestProtocol{Name: a.Name, Metadata: metadata})
	}
	return req
}

func (m *Member) syncRequest() *protocol.SyncGroupRequest {
	req := protocol.NewSyncGroupRequest()
	req.GroupID, req.MemberID, req.GroupInstanceID = m.cfg.Group, m.id, optional(m.cfg.InstanceID)
	req.GenerationID = m.generation
	req.ProtocolType = optional(protocolType)
	req.ProtocolName = m.joined.ProtocolName
	req.Assignments = m.handOut()
	return req
}

func (m *Member) heartbeatRequest() *protocol.HeartbeatRequest {
	req := protocol.NewHeartbeatRequest()
	req.GroupID, req.MemberID, req.GroupInstanceID = m.cfg.Group, m.id, optional(m.cfg.InstanceID)
	req.GenerationID = m.generation
	return req
}

func (m *Member) leaveRequest() *protocol.LeaveGroupRequest {
	req := protocol.NewLeaveGroupRequest()
	req.GroupID = m.cfg.Group
	if m.leaveVersion < leaveNamesMembers {
		req.MemberID = m.id
	} else {
		req.Members = []protocol.LeaveGroupRequestMember{{MemberID: m.id, Reason: m.spokenReason()}}
	}
	return req
}

// spokenReason is why, for the coordinator's log (KIP-800, Kafka 3.2).
func (m *Member) spokenReason() *string {
	return optional(m.reason[:min(len(m.reason), maxReason)])
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
