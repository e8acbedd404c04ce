package group

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// remedy is what helps against a failure.
type remedy int8

const (
	fine       remedy = iota
	wait              // and try again
	elsewhere         // look the coordinator up and try again
	rejoin            // the group is rebalancing
	takeID            // join with the ID that was given (KIP-394)
	lostPlace         // the generation is over: the partitions are others'
	lostID            // the group does not know the member any more
	replaced          // another process has taken the instance ID (KIP-345)
	impossible        // nothing
)

// remedyOf tells what helps against an error: the coordinator's code as it is,
// or whatever came instead of an answer.
func (m *Member) remedyOf(err error) remedy {
	if err == nil {
		return fine
	}
	code, answered := err.(kerr.Error) //nolint:errorlint // a code further inside is not the answer to this request
	if !answered {
		if m.cfg.Retriable(err) {
			return elsewhere
		}
		return impossible
	}
	switch code {
	case kerr.CoordinatorNotAvailable, kerr.NotCoordinator:
		return elsewhere
	case kerr.RebalanceInProgress:
		return rejoin
	case kerr.MemberIDRequired:
		return takeID
	case kerr.IllegalGeneration:
		return lostPlace
	case kerr.UnknownMemberID:
		return lostID
	case kerr.FencedInstanceID:
		return replaced
	}
	if code.Retriable() {
		return wait
	}
	return impossible
}

// Error is why a membership has ended.
type Error struct {
	Group string
	Doing string // "join", "lead", "stay in" or "find the coordinator of"
	Err   error
}

// Error reads "join group billing: cause".
func (e *Error) Error() string { return e.Doing + " group " + e.Group + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// errorOf is what went wrong with an exchange: the code in its answer, or why
// there is none.
func errorOf(e Answered) error {
	if e.Err != nil {
		return e.Err
	}
	var code int16
	switch r := e.Response.(type) {
	case *protocol.JoinGroupResponse:
		code = r.ErrorCode
	case *protocol.SyncGroupResponse:
		code = r.ErrorCode
	case *protocol.HeartbeatResponse:
		code = r.ErrorCode
	case *protocol.LeaveGroupResponse:
		code = r.ErrorCode
	}
	return kerr.FromCode(code)
}

var errNoInstanceIDs = errors.New("static members need Kafka 2.3 or later (KIP-345), and the coordinator is older: leave the instance ID out")

// explained adds what to do about a refusal, where that is known.
func (m *Member) explained(err error) error {
	var hint string
	switch {
	case errors.Is(err, kerr.InvalidSessionTimeout):
		hint = fmt.Sprintf("the broker does not allow %v: see its group.min.session.timeout.ms and group.max.session.timeout.ms", m.session())
	case errors.Is(err, kerr.InconsistentGroupProtocol):
		hint = "the group's other members are no consumers, or know none of the assignors that this one offers"
	case errors.Is(err, kerr.FencedInstanceID):
		hint = fmt.Sprintf("another process has joined with the instance ID %s", m.cfg.InstanceID)
	case errors.Is(err, kerr.GroupMaxSizeReached):
		hint = "see the broker's group.max.size"
	default:
		return err
	}
	return fmt.Errorf("%w (%s)", err, hint)
}
