package group

import (
	"time"

	"github.com/afkak-go/afkak/internal/assign"
)

// Config of a member. All fields must be set unless they say otherwise.
type Config struct {
	Group      string
	Topics     []string
	InstanceID string // of a static member (KIP-345, Kafka 2.3); empty: none
	Assignors  []assign.Assignor

	// Session is for how long the group may hear nothing of the member; 0: 45 s
	// (KIP-735), or where brokers take no more, before Kafka 0.10.1, 30 s.
	Session time.Duration
	// Rebalance is how long the group waits for its members to join again
	// (KIP-62). Before Kafka 0.10.1 that is Session.
	Rebalance time.Duration
	// Heartbeat is how often the group hears of the member.
	Heartbeat time.Duration
	// Farewell is for how long a coordinator is told that the member leaves.
	Farewell time.Duration

	// Backoff is how long to wait after so many failures in a row, from 1 on.
	Backoff func(failures int) time.Duration
	// Retriable tells of an error that came instead of an answer whether asking
	// again may help.
	Retriable func(error) bool
}

const (
	defaultSession = 45 * time.Second
	// oldSession is group.max.session.timeout.ms of brokers before Kafka 0.10.1.
	oldSession = 30 * time.Second
)

// Versions from which something is so.
const (
	joinHasRebalanceTimeout = 1 // Kafka 0.10.1, KIP-62
	joinHasInstanceID       = 5 // Kafka 2.3, KIP-345
	leaveNamesMembers       = 3 // Kafka 2.4, KIP-345
)

// session is the session timeout, for the coordinator that was found.
func (m *Member) session() time.Duration {
	switch {
	case m.cfg.Session > 0:
		return m.cfg.Session
	case m.joinVersion < joinHasRebalanceTimeout:
		return oldSession
	}
	return defaultSession
}

// rebalance is how long the coordinator that was found waits for members.
func (m *Member) rebalance() time.Duration {
	if m.joinVersion < joinHasRebalanceTimeout {
		return m.session()
	}
	return m.cfg.Rebalance
}

// drain is for how long the records in hand may be finished before the member
// joins again: what is left of the rebalance timeout when it has learned of the
// rebalance a heartbeat late and has committed.
func (m *Member) drain() time.Duration {
	all := m.rebalance()
	return max(all-m.cfg.Heartbeat-all/10, all/2)
}
