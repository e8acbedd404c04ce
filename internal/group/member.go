package group

import (
	"time"

	"github.com/afkak-go/afkak/internal/assign"
	"github.com/afkak-go/afkak/protocol"
)

// Member is one membership, from the first Step to End.
type Member struct {
	cfg   Config
	phase phase
	now   time.Time // of the step
	out   []Action  // of the step

	// The coordinator.
	found        bool
	finding      bool // Find is not answered
	forget       bool // what is known of it is wrong
	joinVersion  int16
	leaveVersion int16

	// Who we are. An ID outlives generations, until the coordinator does not know it.
	id         string
	generation int32

	// The exchange of the phase: a join, a count, a sync or a leave.
	tries  int // of everything that has an answer
	try    int // of the exchange; 0: it has not begun
	joined *protocol.JoinGroupResponse
	counts map[string]int // what the leader has handed out; nil for other members

	// Heartbeats, while there are partitions.
	beat     int       // the try of the one under way; 0: none is
	beatSent time.Time // when that was
	beatDue  time.Time
	heard    time.Time // when what the coordinator last answered was sent

	// What was assigned.
	owned    []assign.Partition
	dropping bool // in releasing: without a commit

	// Trouble.
	failures  int       // in a row
	notBefore time.Time // when to ask again
	trouble   error     // the last of the failures
	reason    string    // why the group is joined again, or left

	// The end.
	going    bool // Leave has come, or there is no going on
	result   error
	farewell time.Time // until when the coordinator is told
}

// phase is what a member is at.
type phase int8

const (
	joining   phase = iota // JoinGroup
	counting               // as the leader, with a generation to hand partitions out in
	syncing                // SyncGroup
	steady                 // has an assignment
	releasing              // gives it up, and joins again or leaves
	leaving                // LeaveGroup
	ended
)

// New makes a member that has done nothing yet.
func New(cfg Config) *Member { return &Member{cfg: cfg, generation: -1} }

// Step takes an event and returns what to do, in this order.
func (m *Member) Step(now time.Time, e Event) []Action {
	m.now, m.out = now, nil
	if m.phase == ended {
		return nil
	}
	m.take(e)
	m.advance()
	return m.out
}

func (m *Member) emit(a Action) { m.out = append(m.out, a) }

func (m *Member) take(e Event) {
	switch e := e.(type) {
	case Found:
		m.takeFound(e)
	case Answered:
		m.takeAnswer(e)
	case Counted:
		m.takeCount(e)
	case Changed:
		m.takeChange(e)
	case Refused:
		m.takeRefusal(e)
	case Released:
		m.takeReleased()
	case Leave:
		m.takeLeave(e)
	case Abandon:
		m.takeAbandon()
	}
}

// advance does what is due in the state that the event has led to.
func (m *Member) advance() {
	if m.phase == ended {
		return
	}
	if m.beats() && !m.now.Before(m.heard.Add(m.session())) {
		m.expire()
	}
	if m.phase == leaving && !m.now.Before(m.farewell) {
		m.end()
	}
	if m.phase == ended || m.now.Before(m.notBefore) {
		return
	}
	switch {
	case !m.needsCoordinator():
		m.exchange()
	case !m.found && !m.finding:
		m.finding = true
		m.emit(Find{Forget: m.forget})
		m.forget = false
	case m.found && m.beats():
		m.heartbeat()
	case m.found:
		m.exchange()
	}
}

// beats tells whether the group has to hear of the member.
func (m *Member) beats() bool { return m.phase == steady || m.phase == releasing && !m.dropping }

func (m *Member) needsCoordinator() bool {
	return m.phase == joining || m.phase == syncing || m.phase == leaving || m.beats()
}

// exchange begins the phase's exchange unless it has begun.
func (m *Member) exchange() {
	if m.try != 0 {
		return
	}
	switch m.phase {
	case joining:
		m.send(&m.try, Send{Request: m.joinRequest(), Wait: m.rebalance()})
	case counting:
		m.tries++
		m.try = m.tries
		m.emit(Count{Try: m.try, Topics: m.groupsTopics()})
	case syncing:
		m.send(&m.try, Send{Request: m.syncRequest(), Wait: m.rebalance()})
	case leaving:
		m.send(&m.try, Send{Request: m.leaveRequest()})
	}
}

func (m *Member) send(try *int, s Send) {
	m.tries++
	*try, s.Try = m.tries, m.tries
	m.emit(s)
}

// enter begins a phase.
func (m *Member) enter(p phase) { m.phase, m.try = p, 0 }

// Wake is when to Step with a Tick if nothing happens before; zero: never.
func (m *Member) Wake() time.Time {
	var next time.Time
	due := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	switch {
	case m.phase == ended:
	case m.needsCoordinator() && !m.found:
		if !m.finding {
			due(m.notBefore)
		}
	case m.beats():
		if m.beat == 0 {
			due(later(m.beatDue, m.notBefore))
		}
	case m.try == 0 && m.phase != releasing:
		due(m.notBefore)
	}
	switch {
	case m.beats():
		due(m.heard.Add(m.session()))
	case m.phase == leaving:
		due(m.farewell)
	}
	return next
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// takeFound takes in who coordinates the group.
func (m *Member) takeFound(e Found) {
	m.finding = false
	switch {
	case e.Err != nil && m.cfg.Retriable(e.Err):
		m.again(e.Err)
	case e.Err != nil:
		m.giveUp("find the coordinator of", e.Err)
	case m.cfg.InstanceID != "" && e.JoinVersion < joinHasInstanceID:
		m.giveUp("join", errNoInstanceIDs)
	default:
		m.found, m.joinVersion, m.leaveVersion = true, e.JoinVersion, e.LeaveVersion
	}
}

// takeAnswer takes in what the coordinator has answered.
func (m *Member) takeAnswer(e Answered) {
	switch {
	case e.Try == m.beat && m.beat != 0:
		m.beat = 0
		if m.beats() {
			m.takeHeartbeat(e)
		}
	case e.Try != m.try || m.try == 0:
	case m.phase == joining:
		m.try = 0
		m.takeJoin(e)
	case m.phase == syncing:
		m.try = 0
		m.takeSync(e)
	case m.phase == leaving:
		m.try = 0
		m.takeLeft(e)
	}
}

// again waits before the next try.
func (m *Member) again(err error) {
	m.failures++
	m.trouble = err
	m.notBefore = m.now.Add(m.cfg.Backoff(m.failures))
}

// findAgain looks the coordinator up anew before the next try.
func (m *Member) findAgain(err error) {
	m.found, m.forget = false, true
	m.again(err)
}

// well ends a row of failures.
func (m *Member) well() { m.failures, m.notBefore, m.trouble = 0, time.Time{}, nil }
