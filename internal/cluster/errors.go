package cluster

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

var (
	// ErrClosed is what every call ends with once Close was called.
	ErrClosed = errors.New("client is closed")

	// ErrNoAnswer says that a broker's answer lacks something that was asked.
	ErrNoAnswer = errors.New("the broker's answer lacks it")

	// ErrNotSent says that an earlier item for the same partition failed, so
	// that sending this one would have broken their order.
	ErrNotSent = errors.New("not sent, because an earlier one for this partition failed")
)

// TopicError says what is wrong with a topic: it does not exist, may not be
// seen, or has no leader yet.
type TopicError struct {
	Topic string
	Err   error // a kerr.Error, or why nobody could be asked
}

func (e *TopicError) Error() string { return fmt.Sprintf("topic %s: %v", e.Topic, e.Err) }

// Unwrap returns the cause.
func (e *TopicError) Unwrap() error { return e.Err }

// UnreachableError says that no broker of the cluster could be asked: neither
// those known from before nor the bootstrap hosts.
type UnreachableError struct {
	Causes []error // one for each address that was tried, in that order
}

func (e *UnreachableError) Error() string {
	if len(e.Causes) == 0 {
		return "no broker could be reached"
	}
	causes := make([]string, len(e.Causes))
	for i, cause := range e.Causes {
		causes[i] = cause.Error()
	}
	return "no broker could be reached: " + strings.Join(causes, "; ")
}

// Unwrap returns the causes.
func (e *UnreachableError) Unwrap() []error { return e.Causes }

// Retriable tells that trying again later may succeed.
func (e *UnreachableError) Retriable() bool {
	return !slices.ContainsFunc(e.Causes, func(cause error) bool { return !Retriable(cause) })
}

// ItemError is the failure of one item of a request: a partition, a group, a
// resource.
type ItemError struct {
	API    protocol.APIKey
	Item   Item
	Broker int32  // -1: none could be named
	Addr   string // empty: none
	Err    error
}

func (e *ItemError) Error() string {
	item := e.Item.String()
	var own *conn.Error
	switch {
	case errors.As(e.Err, &own) && item == "": // it names request and broker itself
		return e.Err.Error()
	case own != nil:
		return item + ": " + e.Err.Error()
	}
	text := e.API.String()
	var version *protocol.VersionError
	if errors.As(e.Err, &version) { // it names the request
		text = "ask"
	}
	if item != "" {
		text += " " + item
	}
	if e.Broker >= 0 || e.Addr != "" {
		text += " on " + brokerName(e.Broker, e.Addr)
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ItemError) Unwrap() error { return e.Err }

// MaybeStored tells whether the broker may have done what was asked although
// no good answer came.
func (e *ItemError) MaybeStored() bool { return MaybeDone(e.Err) }

// ItemsError says that some items of a request got no answer. What the others
// got is in the response that is returned beside it.
type ItemsError struct {
	Asked  int // how many items the request had
	Failed []*ItemError
}

func (e *ItemsError) Error() string {
	if e.Asked == 1 {
		return e.Failed[0].Error()
	}
	text := fmt.Sprintf("%d of %d failed: %v", len(e.Failed), e.Asked, e.Failed[0])
	if len(e.Failed) > 1 {
		text += fmt.Sprintf(" (and %d more)", len(e.Failed)-1)
	}
	return text
}

// Unwrap returns the failures.
func (e *ItemsError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, failed := range e.Failed {
		errs[i] = failed
	}
	return errs
}

// RouteError says that Do cannot know which broker a request belongs to.
type RouteError struct {
	API  protocol.APIKey
	Hint string
}

func (e *RouteError) Error() string { return fmt.Sprintf("%v cannot be routed: %s", e.API, e.Hint) }

func brokerName(id int32, addr string) string {
	switch {
	case id < 0:
		return addr
	case addr == "":
		return fmt.Sprintf("broker %d", id)
	}
	return fmt.Sprintf("broker %d (%s)", id, addr)
}

// lookUpError is why a request did not get as far as its broker: finding out
// which one it is failed. Whatever became of the question, the request itself
// was not sent.
type lookUpError struct{ error }

// lookedUp marks the failure of a look-up.
func lookedUp(err error) error {
	if err == nil {
		return nil
	}
	return lookUpError{err}
}

func (e lookUpError) Unwrap() error { return e.error }

// MaybeStored is false, although the question may have been sent.
func (lookUpError) MaybeStored() bool { return false }

// MaybeDone tells whether a request may have taken effect although it ended
// with err. Of several causes one is enough.
func MaybeDone(err error) bool {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case nil:
		return false
	case interface{ MaybeStored() bool }:
		return e.MaybeStored()
	case kerr.Error:
		return e == kerr.RequestTimedOut || e == kerr.NotEnoughReplicasAfterAppend
	case interface{ Unwrap() error }:
		return MaybeDone(e.Unwrap())
	case interface{ Unwrap() []error }:
		return slices.ContainsFunc(e.Unwrap(), MaybeDone)
	}
	return false
}

// Retriable tells whether the same request may succeed later. Of several
// causes, all must allow it.
func Retriable(err error) bool {
	switch e := err.(type) { //nolint:errorlint // it walks the tree itself
	case nil:
		return false
	case interface{ Retriable() bool }:
		return e.Retriable()
	case interface{ Unwrap() error }:
		return Retriable(e.Unwrap())
	case interface{ Unwrap() []error }:
		causes := e.Unwrap()
		return len(causes) > 0 && !slices.ContainsFunc(causes, func(cause error) bool { return !Retriable(cause) })
	}
	return false
}

// BackoffError says that a broker is not tried now because it could not be
// reached a moment ago.
type BackoffError struct {
	Left time.Duration // until it may be tried again
	Err  error         // of the last attempt
}

// Error leaves out the broker's name, which stands in front of it already.
func (e *BackoffError) Error() string {
	cause := e.Err
	if broker := new(conn.Error); errors.As(cause, &broker) {
		cause = broker.Err
	}
	return fmt.Sprintf("not tried again for %v: %v", e.Left.Round(time.Millisecond), cause)
}

// Unwrap returns the error of the last attempt.
func (e *BackoffError) Unwrap() error { return e.Err }

// Retriable is what it was of the last attempt.
func (e *BackoffError) Retriable() bool { return Retriable(e.Err) }

// UnknownBrokerError says that the cluster has no broker of this node ID.
type UnknownBrokerError struct{ Broker int32 }

func (e *UnknownBrokerError) Error() string {
	return fmt.Sprintf("broker %d is not in the cluster, or was not when it was last asked", e.Broker)
}

// Retriable tells that it may come back.
func (e *UnknownBrokerError) Retriable() bool { return true }
