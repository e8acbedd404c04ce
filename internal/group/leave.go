package group

import (
	"errors"

	"github.com/afkak-go/afkak/kerr"
)

// release gives up what was assigned. Without commit it hurries one with.
func (m *Member) release(commit bool, why string) {
	if m.phase == releasing && (commit || m.dropping) {
		return
	}
	m.enter(releasing)
	m.dropping = !commit
	if !m.going {
		m.reason = why
	}
	m.emit(Release{Commit: commit, Until: m.now.Add(m.drain())})
}

// takeReleased goes on when nothing is being processed any more.
func (m *Member) takeReleased() {
	if m.phase != releasing {
		return
	}
	m.owned, m.dropping, m.counts = nil, false, nil
	if m.going {
		m.depart()
	} else {
		m.enter(joining)
	}
}

// takeLeave ends the membership.
func (m *Member) takeLeave(e Leave) {
	if m.going {
		if m.result == nil {
			m.result = e.Err
		}
		if !e.Commit && m.phase == releasing {
			m.release(false, "")
		}
		return
	}
	m.going, m.reason, m.result = true, e.Reason, e.Err
	switch m.phase {
	case steady, releasing:
		m.release(e.Commit, "")
	default:
		m.depart()
	}
}

// giveUp ends the membership because there is no going on with what it did.
func (m *Member) giveUp(doing string, err error) {
	fenced := errors.Is(err, kerr.FencedInstanceID)
	if fenced {
		m.id = "" // it is another's
	}
	if m.phase == leaving {
		m.end()
		return
	}
	m.takeLeave(Leave{Commit: !fenced, Reason: err.Error(), Err: &Error{Group: m.cfg.Group, Doing: doing, Err: m.explained(err)}})
}

// depart says goodbye, unless the group does not know the member, or is to keep
// its place for when it comes back.
func (m *Member) depart() {
	if m.id == "" || m.cfg.InstanceID != "" {
		m.end()
		return
	}
	m.well() // the goodbye is tried at once
	m.enter(leaving)
	m.farewell = m.now.Add(m.cfg.Farewell)
}

// takeLeft takes in the answer to LeaveGroup: whatever it is, but for a
// coordinator that is another, the membership is over.
func (m *Member) takeLeft(e Answered) {
	err := errorOf(e)
	switch m.remedyOf(err) {
	case wait:
		m.again(err)
	case elsewhere:
		m.findAgain(err)
	default:
		m.end()
	}
}

// takeAbandon ends the membership as soon as nothing is being processed.
func (m *Member) takeAbandon() {
	m.id = ""
	if m.phase == steady || m.phase == releasing {
		m.takeLeave(Leave{})
		return
	}
	m.end()
}

func (m *Member) end() {
	m.enter(ended)
	m.emit(End{Err: m.result})
}
