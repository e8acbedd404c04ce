package group

import (
	"fmt"
	"time"
)

// heartbeat sends one when it is due.
func (m *Member) heartbeat() {
	if m.beat != 0 || m.now.Before(m.beatDue) {
		return
	}
	m.beatSent = m.now
	// Without an answer within a third of the session there is time for two more tries.
	m.send(&m.beat, Send{Request: m.heartbeatRequest(), Limit: m.session() / 3})
}

// takeHeartbeat takes in what the coordinator has said to one.
func (m *Member) takeHeartbeat(e Answered) {
	err := errorOf(e)
	m.beatDue = m.beatSent.Add(m.cfg.Heartbeat)
	switch m.remedyOf(err) {
	case fine, rejoin:
		m.heard = m.beatSent
		m.well()
		if err != nil && m.phase == steady {
			m.release(true, "the group is rebalancing")
		}
	case wait:
		m.beatDue = m.now
		m.again(err)
	case elsewhere:
		m.beatDue = m.now
		m.findAgain(err)
	default:
		m.lose(err)
	}
}

// takeRefusal takes in why a commit was refused.
func (m *Member) takeRefusal(e Refused) {
	if e.Generation != m.generation || !m.beats() {
		return
	}
	switch m.remedyOf(e.Code) {
	case rejoin:
		if m.phase == steady {
			m.release(true, "the group is rebalancing")
		}
	case lostPlace, lostID, replaced:
		m.lose(e.Code)
	}
}

// lose gives up what is not the member's any more.
func (m *Member) lose(err error) {
	switch m.remedyOf(err) {
	case lostPlace:
		m.release(false, "the partitions are others': "+err.Error())
	case lostID:
		m.id = ""
		m.release(false, "the group has put the member out: "+err.Error())
	default:
		m.giveUp("stay in", err)
	}
}

// expire takes the session for over: by now the group has others do the work.
func (m *Member) expire() {
	m.beat = 0
	m.release(false, fmt.Sprintf("no heartbeat got through for %v", m.now.Sub(m.heard).Round(time.Millisecond)))
}
