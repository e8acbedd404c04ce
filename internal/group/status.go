package group

import "fmt"

// Status is what a member is doing, in words.
type Status struct {
	// Owns: it has an assignment and may process it.
	Owns bool
	// Ended: it does nothing any more.
	Ended  bool
	Reason string
	Err    error // the last failure of what it is trying; nil: none
}

// Status returns what the member is doing.
func (m *Member) Status() Status {
	if m.phase == ended {
		return Status{Ended: true, Reason: m.reason}
	}
	s := Status{Owns: m.phase == steady, Err: m.trouble}
	doing := m.doing()
	if m.trouble != nil && !s.Owns {
		doing += ": " + m.trouble.Error()
	}
	if m.reason != "" {
		why := "rebalancing"
		if m.going {
			why = "leaving"
		}
		s.Reason = fmt.Sprintf("%s (%s): %s", why, m.reason, doing)
	} else {
		s.Reason = doing
	}
	return s
}

func (m *Member) doing() string {
	switch {
	case m.phase == steady:
		return m.holding()
	case m.phase == releasing && m.dropping:
		return "dropping the partitions"
	case m.phase == releasing:
		return "finishing the records in hand"
	case m.needsCoordinator() && !m.found:
		return "looking for the group's coordinator"
	case m.phase == joining:
		return "joining, waiting for the group's other members"
	case m.phase == counting:
		return "leading the group, looking at its topics"
	case m.phase == syncing && m.counts == nil:
		return "joined, waiting for the group's leader"
	case m.phase == syncing:
		return "leading the group, handing partitions out"
	}
	return "saying goodbye"
}

func (m *Member) holding() string {
	leads := ""
	if m.counts != nil {
		leads = ", leading the group"
	}
	partitions := "partitions"
	if len(m.owned) == 1 {
		partitions = "partition"
	}
	return fmt.Sprintf("%d %s in generation %d%s%s", len(m.owned), partitions, m.generation, leads, m.lacking())
}

// lacking names the topics that do not exist, as far as the leader knows.
func (m *Member) lacking() string {
	text := ""
	for _, topic := range m.cfg.Topics {
		if n, told := m.counts[topic]; told && n == 0 {
			text += "; topic " + topic + " does not exist"
		}
	}
	return text
}
