package cluster

import (
	"errors"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

// verdict is what a failure means for what follows.
type verdict struct {
	again   bool          // the same may be sent again
	refresh bool          // the picture is out of date
	forget  bool          // the coordinator is another by now
	patient time.Duration // how long to go on trying for this reason; 0: as long as for any
}

// patience is how long to go on trying, given how long for any reason.
func (v verdict) patience(usual time.Duration) time.Duration {
	if v.patient > 0 {
		return min(v.patient, usual)
	}
	return usual
}

// unknownTopicPatience is how long a topic may be unknown: brokers hear of new
// topics one after the other.
const unknownTopicPatience = 5 * time.Second

// judgeCode tells what an error code in an answer means. once: see route.
func judgeCode(code kerr.Error, once bool) verdict {
	switch code {
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.InconsistentTopicID:
		return verdict{again: true, refresh: true, patient: unknownTopicPatience}
	case kerr.NotLeaderOrFollower, kerr.LeaderNotAvailable, kerr.ListenerNotFound, kerr.NotController:
		return verdict{again: true, refresh: true}
	case kerr.UnknownLeaderEpoch: // the broker will hear of the epoch that we know
		return verdict{again: true}
	case kerr.FencedLeaderEpoch: // the epoch in the request is the caller's to change
		return verdict{refresh: true}
	case kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.CoordinatorLoadInProgress:
		return verdict{again: true, forget: true}
	case kerr.ConcurrentTransactions, kerr.NotEnoughReplicas: // refused before anything was done
		return verdict{again: true}
	case kerr.ReplicaNotAvailable, kerr.KafkaStorageError, kerr.BrokerNotAvailable:
		return verdict{again: !once, refresh: true}
	case kerr.FetchSessionIDNotFound, kerr.InvalidFetchSessionEpoch, kerr.ThrottlingQuotaExceeded: // the caller must do something first
		return verdict{}
	}
	return verdict{again: !once && code.Retriable()}
}

// aboutTopic tells whether a code is about where a partition is. Elsewhere than
// in answers of leaders and coordinators it is not a mistake of routing but
// what the caller wanted to know.
func aboutTopic(code kerr.Error) bool {
	switch code {
	case kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.InconsistentTopicID, kerr.LeaderNotAvailable, kerr.NotLeaderOrFollower:
		return true
	}
	return false
}

// judge tells what a unit's result means.
func judge(u *unit, r *route) verdict {
	switch {
	case u.broker == metadata.NoBroker && errors.Is(u.err, kerr.UnknownServerError):
		// Nothing was sent: the metadata has this in the place of a leader. So
		// Kafka 0.10.0 answers of a topic that it creates when it has just started.
		return verdict{again: true, refresh: true, forget: true, patient: unknownTopicPatience}
	case u.err != nil:
		return judgeError(u.err, r.once)
	case u.code == 0:
		return verdict{}
	case r.final != nil && r.final(u.version, u.code):
		return verdict{}
	case aboutTopic(u.code) && u.target.place != leader && u.target.place != coordinator:
		return verdict{}
	case u.code == kerr.UnknownServerError && u.target.place == leader && !r.once:
		// So Kafka 0.8.1 answers for the offsets of a segment that gets its
		// first record just then: it counts the segments, and then finds one more.
		return verdict{again: true, patient: unknownTopicPatience}
	}
	v := judgeCode(u.code, r.once)
	if u.target.place == leader {
		// The metadata names this broker, and is asked again before each try:
		// Kafka 0.8 needs seconds from creating a topic to serving it.
		v.patient = 0
	}
	return v
}

// judgeError tells what an error means that came instead of an answer.
func judgeError(err error, once bool) verdict {
	var code kerr.Error
	var broken *conn.Error
	var unknown *UnknownBrokerError
	switch {
	case errors.Is(err, ErrClosed):
		return verdict{}
	case errors.As(err, &broken):
		return verdict{again: Retriable(err) && !(once && MaybeDone(err)), refresh: true, forget: true}
	case errors.As(err, &unknown): // a leader or coordinator that the list of brokers lacks
		return verdict{again: true, refresh: true, forget: true}
	case errors.As(err, &code):
		return judgeCode(code, false) // nothing was sent: it is the metadata or the coordinator's that said so
	}
	return verdict{again: Retriable(err)}
}
