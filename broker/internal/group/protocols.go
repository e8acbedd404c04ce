package group

import "github.com/afkak-go/afkak/protocol"

// supports says whether a member with these protocols fits in: it must be of
// the group's type and know a protocol that every member knows.
func (g *Group) supports(protocolType string, protocols []protocol.JoinGroupRequestProtocol) bool {
	if g.state == Empty {
		return protocolType != "" && len(protocols) > 0
	}
	if protocolType != g.protocolType {
		return false
	}
	for _, p := range protocols {
		if g.allKnow(p.Name) {
			return true
		}
	}
	return false
}

func (g *Group) allKnow(name string) bool {
	for _, m := range g.members {
		if !m.knows(name) {
			return false
		}
	}
	return true
}

// choose returns the protocol of the next generation: of those that all
// members know the one that most of them prefer, and among equals the oldest
// member's. Kafka leaves equals to the order of a hash map.
func (g *Group) choose() string {
	votes := make(map[string]int)
	best := ""
	for _, m := range g.members {
		for _, p := range m.protocols {
			if g.allKnow(p.Name) {
				votes[p.Name]++
				break
			}
		}
	}
	for _, m := range g.members { // in the order of joining, for equals
		for _, p := range m.protocols {
			if votes[p.Name] > votes[best] {
				best = p.Name
			}
		}
	}
	return best
}
