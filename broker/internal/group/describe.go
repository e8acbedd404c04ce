package group

import (
	"encoding/binary"
	"slices"

	"github.com/afkak-go/afkak/protocol"
)

// Consumer is the protocol type of consumers: what they subscribe to can be
// read from what they say when they join.
const Consumer = "consumer"

// State returns what the group is doing.
func (g *Group) State() State { return g.state }

// ProtocolType returns what kind of members the group has or had last, such as
// "consumer"; "" if it never had any.
func (g *Group) ProtocolType() string { return g.protocolType }

// Describe returns all that DescribeGroups says of the group, save for its
// name. What members say shows in a stable group only; what they are assigned
// may be of the generation before.
func (g *Group) Describe() protocol.DescribeGroupsResponseGroup {
	described := protocol.DescribeGroupsResponseGroup{GroupState: string(g.state), ProtocolType: g.protocolType}
	if g.state == Stable {
		described.ProtocolData = g.protocol
	}
	for _, m := range g.members {
		member := protocol.DescribeGroupsResponseGroupMember{
			MemberID: m.id, GroupInstanceID: m.instanceID, ClientID: m.clientID, ClientHost: m.clientHost, MemberAssignment: m.assignment,
		}
		if g.state == Stable {
			member.MemberMetadata = m.metadata(g.protocol)
		}
		described.Members = append(described.Members, member)
	}
	return described
}

// Reads says whether consumers of the group subscribe to a topic. Where that
// cannot be read, or no protocol has been chosen yet, they may.
func (g *Group) Reads(topic string) bool {
	if g.protocolType != Consumer || len(g.members) == 0 {
		return false
	}
	return slices.ContainsFunc(g.members, func(m *member) bool {
		topics, ok := subscription(m.metadata(g.protocol))
		return !ok || slices.Contains(topics, topic)
	})
}

// subscription reads the topics of a consumer's metadata. What follows them is
// of newer versions and not looked at.
func subscription(metadata []byte) ([]string, bool) {
	var consumer protocol.ConsumerProtocolSubscription
	if len(metadata) < 2 || int16(binary.BigEndian.Uint16(metadata)) < 0 {
		return nil, false
	}
	_, err := consumer.DecodePrefix(metadata[2:], 0)
	return consumer.Topics, err == nil
}
