package group

import (
	"slices"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// rebalance begins a rebalance, or ends the one that goes on when nobody is
// missing any more. An initial rebalance ends by its delay alone.
func (g *Group) rebalance() {
	if g.state != PreparingRebalance {
		g.prepareRebalance()
		return
	}
	if g.previous != Empty && g.allJoined() {
		g.completeJoin()
	}
}

// prepareRebalance asks all members to join again. Those that wait for their
// assignments are told so, the others by their next heartbeat.
func (g *Group) prepareRebalance() {
	for _, m := range g.members {
		if g.state == CompletingRebalance {
			m.assignment = nil
			g.answerSync(m, kerr.RebalanceInProgress)
		}
		m.unsynced = false
	}
	g.syncPhase = timer{}
	initial := g.state == Empty
	g.become(PreparingRebalance)
	switch {
	case initial:
		delay := g.cfg.InitialRebalanceDelay
		g.delayJoin(delay, max(g.rebalanceTimeout()-delay, 0))
	case g.allJoined():
		g.completeJoin()
	default:
		g.joinPhase = g.after(g.rebalanceTimeout(), g.completeJoin)
	}
}

// delayJoin gives an empty group's first members time to arrive together. The
// delay begins anew while members arrive, within the rebalance timeout.
func (g *Group) delayJoin(delay, remaining time.Duration) {
	g.joinPhase = g.after(delay, func() {
		if !g.grown || remaining == 0 {
			g.completeJoin()
			return
		}
		g.grown = false
		g.delayJoin(min(g.cfg.InitialRebalanceDelay, remaining), max(remaining-delay, 0))
	})
}

// completeJoin begins the next generation with those that have joined. The
// others are removed, save for static members, which keep their place until
// their session ends.
func (g *Group) completeJoin() {
	g.joinPhase = timer{}
	for _, m := range slices.Clone(g.members) {
		if m.joining == 0 && m.instanceID == nil {
			g.remove(m)
		}
	}
	if len(g.members) > 0 && !g.electLeader() {
		g.joinPhase = g.after(g.rebalanceTimeout(), g.completeJoin)
		return
	}
	g.grown = false
	g.generation++
	if len(g.members) == 0 {
		g.protocol = ""
		g.become(Empty)
		return
	}
	g.protocol = g.choose()
	g.become(CompletingRebalance)
	for _, m := range g.members {
		if m.joining != 0 {
			g.answer(m.joining, g.joinAnswer(m))
			m.joining = 0
		}
		m.fresh, m.unsynced = false, true
		g.extend(m)
	}
	g.syncPhase = g.after(g.rebalanceTimeout(), g.expireSync)
}

// electLeader keeps the leader that has joined, or takes a member that has.
// False: nobody has.
func (g *Group) electLeader() bool {
	if g.member(g.leader).joining != 0 {
		return true
	}
	for _, m := range g.members {
		if m.joining != 0 {
			g.leader = m.id
			return true
		}
	}
	return false
}

// expireSync removes the members that joined and then did not ask for their
// assignments.
func (g *Group) expireSync() {
	silent := slices.DeleteFunc(slices.Clone(g.members), func(m *member) bool { return !m.unsynced })
	if len(silent) == 0 {
		return
	}
	for _, m := range silent {
		g.remove(m)
	}
	g.prepareRebalance()
}

// allJoined says whether there is nobody to wait for.
func (g *Group) allJoined() bool { return len(g.pending) == 0 && g.joined() == len(g.members) }

// joined counts the members that wait for the next generation.
func (g *Group) joined() int {
	n := 0
	for _, m := range g.members {
		if m.joining != 0 {
			n++
		}
	}
	return n
}

// rebalanceTimeout is the longest that any member asks for.
func (g *Group) rebalanceTimeout() time.Duration {
	var longest time.Duration
	for _, m := range g.members {
		longest = max(longest, m.rebalanceTimeout)
	}
	return longest
}
