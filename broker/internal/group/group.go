// Package group decides for one classic consumer group, as Kafka's group
// coordinator does: who is a member, when the members rebalance, who leads
// them, which protocol they use, and who is told what and when.
//
// It is pure: no lock, no goroutine, no clock, no socket. The caller
// serialises its calls to a Group, passes the time in, delivers the answers of
// each Outcome to the requests that wait for them, and calls Advance when the
// Outcome says.
//
// What a Group keeps of a request it has copied; what its answers hold nobody
// may write to.
package group

import (
	"slices"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// State is what a group is doing.
type State string

// The states of a classic group, by the names that Kafka gives them.
const (
	Empty               State = "Empty"               // no members; offsets may be kept
	PreparingRebalance  State = "PreparingRebalance"  // waits for all members to join again
	CompletingRebalance State = "CompletingRebalance" // waits for the leader's assignment
	Stable              State = "Stable"              // every member has its assignment, or may ask for it
	Dead                State = "Dead"                // how a group is described that there is not
)

// newMemberTimeout is how long a member that is new may wait for its first
// generation. It does not know its ID, so it cannot send heartbeats, and the
// connection of a request that waits is not read.
const newMemberTimeout = 5 * time.Minute

// Config is what the groups of a coordinator have in common.
type Config struct {
	// InitialRebalanceDelay is how long an empty group waits for more members
	// after the first one (group.initial.rebalance.delay.ms).
	InitialRebalanceDelay time.Duration
	// MinSessionTimeout and MaxSessionTimeout are what members may ask for.
	MinSessionTimeout, MaxSessionTimeout time.Duration
	// MaxSize is how many members a group may have, 0: any number.
	MaxSize int
}

// Ticket names a request that waits for its answer; the caller chooses it. 0
// is none.
type Ticket uint64

// Answer is the answer to a JoinGroup or SyncGroup request.
type Answer struct {
	To       Ticket
	Response protocol.Response
}

// Outcome is what follows from a call.
type Outcome struct {
	Answers []Answer
	// Wake is when Advance has to be called next; zero: nothing is waited for.
	Wake time.Time
}

// Group is one classic group.
type Group struct {
	cfg Config
	now time.Time // of the call that is being handled

	state        State
	previous     State // before state
	generation   int32
	protocolType string // of the members; of the last ones in an empty group
	protocol     string // that the generation uses; "": none
	leader       string // its member ID; "": none
	members      []*member
	pending      map[string]time.Time // IDs given out that nobody has joined with (KIP-394), and when they lapse

	joinPhase timer // ends the wait for members to join again
	syncPhase timer // ends the wait for members to ask for their assignments
	grown     bool  // the initial rebalance was joined by another member since its delay began

	answers []Answer // of the call that is being handled
}

// timer is something to do later. The zero timer is none.
type timer struct {
	at   time.Time
	fire func()
}

// New returns an empty group.
func New(cfg Config) *Group {
	return &Group{cfg: cfg, state: Empty, pending: make(map[string]time.Time)}
}

// Advance does what time has brought: members whose session has ended are
// removed, and rebalances that have waited long enough go on.
func (g *Group) Advance(now time.Time) Outcome {
	g.advance(now)
	return g.outcome()
}

// outcome ends a call. What has to be done without delay is done before.
func (g *Group) outcome() Outcome {
	g.advance(g.now)
	out := Outcome{Answers: g.answers, Wake: g.wake()}
	g.answers = nil
	return out
}

func (g *Group) advance(now time.Time) {
	g.now = now
	for id, lapses := range g.pending {
		if g.due(lapses) {
			g.removePending(id)
		}
	}
	for _, m := range slices.Clone(g.members) {
		if g.due(m.expires) {
			g.expire(m)
		}
	}
	for _, t := range []*timer{&g.joinPhase, &g.syncPhase} {
		if fire := t.fire; g.due(t.at) {
			*t = timer{}
			fire()
		}
	}
}

func (g *Group) due(at time.Time) bool { return !at.IsZero() && !at.After(g.now) }

// wake returns the earliest deadline.
func (g *Group) wake() time.Time {
	var first time.Time
	earlier := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, lapses := range g.pending {
		earlier(lapses)
	}
	for _, m := range g.members {
		earlier(m.expires)
	}
	earlier(g.joinPhase.at)
	earlier(g.syncPhase.at)
	return first
}

func (g *Group) after(d time.Duration, fire func()) timer { return timer{g.now.Add(d), fire} }

func (g *Group) become(state State) { g.previous, g.state = g.state, state }

func (g *Group) answer(to Ticket, resp protocol.Response) {
	g.answers = append(g.answers, Answer{to, resp})
}

func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
