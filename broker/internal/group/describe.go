package group

import "github.com/afkak-go/afkak/protocol"

// State returns what the group is doing.
func (g *Group) State() State { return g.state }

// ProtocolType returns what kind of members the group has or had last, such as
// "consumer"; "" if it never had any.
func (g *Group) ProtocolType() string { return g.protocolType }

// Describe returns all that DescribeGroups says of the group, save for its
// name. What members say and what they are assigned shows in a stable group only.
func (g *Group) Describe() protocol.DescribeGroupsResponseGroup {
	described := protocol.DescribeGroupsResponseGroup{GroupState: string(g.state), ProtocolType: g.protocolType}
	if g.state == Stable {
		described.ProtocolData = g.protocol
	}
	for _, m := range g.members {
		member := protocol.DescribeGroupsResponseGroupMember{
			MemberID: m.id, GroupInstanceID: m.instanceID, ClientID: m.clientID, ClientHost: m.clientHost,
		}
		if g.state == Stable {
			member.MemberMetadata, member.MemberAssignment = m.metadata(g.protocol), m.assignment
		}
		described.Members = append(described.Members, member)
	}
	return described
}
