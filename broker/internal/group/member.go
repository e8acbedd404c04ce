package group

import (
	"bytes"
	"slices"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// member is one member of a group.
type member struct {
	id               string
	instanceID       *string // of a static member (KIP-345), else nil
	clientID         string
	clientHost       string
	sessionTimeout   time.Duration
	rebalanceTimeout time.Duration
	protocols        []protocol.JoinGroupRequestProtocol // by preference; replaced, never changed
	assignment       []byte                              // replaced, never changed

	joining  Ticket    // its JoinGroup that waits; 0: none
	syncing  Ticket    // its SyncGroup that waits; 0: none
	unsynced bool      // knows the generation and has not asked for its assignment
	fresh    bool      // has not been told of any generation
	expires  time.Time // when its session ends; zero: not by time
}

// update takes over what a JoinGroup request says of a member, and that it
// waits.
func (m *member) update(j *Join) {
	m.protocols = cloneProtocols(j.Request.Protocols)
	m.sessionTimeout = milliseconds(j.Request.SessionTimeoutMs)
	m.rebalanceTimeout = j.rebalanceTimeout()
	m.joining = j.Ticket
}

// offers says whether a JoinGroup request has the same protocols as the member.
func (m *member) offers(protocols []protocol.JoinGroupRequestProtocol) bool {
	return slices.EqualFunc(m.protocols, protocols, func(a, b protocol.JoinGroupRequestProtocol) bool {
		return a.Name == b.Name && bytes.Equal(a.Metadata, b.Metadata)
	})
}

// metadata returns what the member says under a protocol, nil where it does
// not know it.
func (m *member) metadata(name string) []byte {
	for _, p := range m.protocols {
		if p.Name == name {
			return p.Metadata
		}
	}
	return nil
}

func (m *member) knows(name string) bool {
	return slices.ContainsFunc(m.protocols, func(p protocol.JoinGroupRequestProtocol) bool { return p.Name == name })
}

func cloneProtocols(protocols []protocol.JoinGroupRequestProtocol) []protocol.JoinGroupRequestProtocol {
	kept := make([]protocol.JoinGroupRequestProtocol, len(protocols))
	for i, p := range protocols {
		kept[i] = protocol.JoinGroupRequestProtocol{Name: p.Name, Metadata: append([]byte{}, p.Metadata...)}
	}
	return kept
}

func milliseconds(ms int32) time.Duration { return time.Duration(ms) * time.Millisecond }

// member returns the member of an ID, nil if there is none.
func (g *Group) member(id string) *member {
	i := slices.IndexFunc(g.members, func(m *member) bool { return m.id == id })
	if i < 0 {
		return nil
	}
	return g.members[i]
}

// static returns the member of a group instance ID, nil if there is none.
func (g *Group) static(instanceID string) *member {
	i := slices.IndexFunc(g.members, func(m *member) bool { return m.instanceID != nil && *m.instanceID == instanceID })
	if i < 0 {
		return nil
	}
	return g.members[i]
}

// find returns the member that a request comes from. One that names a group
// instance ID which has gone to another member since is fenced.
func (g *Group) find(id string, instanceID *string) (*member, kerr.Error) {
	if instanceID != nil {
		if m := g.static(*instanceID); m != nil && m.id != id {
			return nil, kerr.FencedInstanceID
		} else if m == nil {
			return nil, kerr.UnknownMemberID
		}
	}
	if m := g.member(id); m != nil {
		return m, kerr.None
	}
	return nil, kerr.UnknownMemberID
}

// findIn is find for a request that names the generation as well.
func (g *Group) findIn(generation int32, id string, instanceID *string) (*member, kerr.Error) {
	m, code := g.find(id, instanceID)
	if code == kerr.None && generation != g.generation {
		return nil, kerr.IllegalGeneration
	}
	return m, code
}

// extend begins a member's session anew.
func (g *Group) extend(m *member) { m.expires = g.now.Add(m.sessionTimeout) }

// expire ends a member's session. One that waits for the others is not asked
// for heartbeats, unless it is new; its session begins with the answer.
func (g *Group) expire(m *member) {
	m.expires = time.Time{}
	if !m.fresh && (m.joining != 0 || m.syncing != 0) {
		return
	}
	if g.member(m.id) != m { // another's end has removed it
		return
	}
	g.remove(m)
	switch {
	case g.state == Stable || g.state == CompletingRebalance:
		g.prepareRebalance()
	case g.state == PreparingRebalance && g.allJoined():
		g.completeJoin()
	}
}

// remove removes a member. Its JoinGroup is refused, so that a client which is
// still there joins again.
func (g *Group) remove(m *member) {
	if m.joining != 0 {
		g.refuse(m.joining, "", kerr.UnknownMemberID)
		m.joining = 0
	}
	g.members = slices.DeleteFunc(g.members, func(other *member) bool { return other == m })
	if g.leader == m.id {
		g.leader = ""
		if len(g.members) > 0 {
			g.leader = g.members[0].id
		}
	}
}

// removePending forgets an ID that was given out.
func (g *Group) removePending(id string) {
	delete(g.pending, id)
	if g.state == PreparingRebalance && g.allJoined() {
		g.completeJoin()
	}
}
