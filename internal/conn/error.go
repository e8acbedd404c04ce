package conn

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

var (
	// ErrClosed is the cause of calls that ended, or never began, because
	// [Conn.Close] was called.
	ErrClosed = errors.New("the connection was closed by this client")

	// ErrQueueFull is the cause of a call that was refused because
	// [Config.MaxQueuedBytes] wait to be written.
	ErrQueueFull = errors.New("too many bytes wait to be written to this broker")
)

// Error is a failed call, or a failed [Open]: what was being done, where, and
// why. What a broker answers with an error code is not an Error.
type Error struct {
	// Broker is the broker's node id, -1 where it is not known.
	Broker int32
	// Addr is the address that was dialled.
	Addr string
	// Op is what was being done, such as "Metadata v12" or "TLS handshake".
	Op string
	// Err is the cause: [ErrClosed], [ErrQueueFull], a [*TimeoutError], a
	// [*NetworkError], a [*ProtocolError], an [*AuthError], an [*EndedError],
	// the error of the call's context, or why the request could not be encoded.
	Err error
	// Sent is false only if surely no byte of the request has left this
	// process, so that the broker cannot have acted on it.
	Sent bool
}

// Error reads "Metadata v12 at broker 2 (b2:9092): no answer within 30s".
func (e *Error) Error() string {
	if e.Broker < 0 {
		return fmt.Sprintf("%s at %s: %v", e.Op, e.Addr, e.Err)
	}
	return fmt.Sprintf("%s at broker %d (%s): %v", e.Op, e.Broker, e.Addr, e.Err)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// MaybeStored reports that the broker may have acted on the request although
// no answer came: the same as Sent.
func (e *Error) MaybeStored() bool { return e.Sent }

// Retriable reports whether the same call on a new connection may go better:
// true for a lost, refused or silent connection and for a full queue; false
// where somebody has to change something first, and for a wait that the
// caller ended.
func (e *Error) Retriable() bool { return retriable(e.Err) }

func retriable(err error) bool {
	if errors.Is(err, ErrQueueFull) {
		return true
	}
	var verdict interface{ Retriable() bool }
	return errors.As(err, &verdict) && verdict.Retriable()
}

// TimeoutError means that the time allowed was over before the broker had
// answered.
type TimeoutError struct {
	// After is the time that was allowed.
	After time.Duration
	// Behind names the request that the broker was still busy with, if it was
	// another one.
	Behind string
}

func (e *TimeoutError) Error() string {
	if e.Behind != "" {
		return fmt.Sprintf("no answer within %v, behind a %s that the broker has not answered either", e.After, e.Behind)
	}
	return fmt.Sprintf("no answer within %v", e.After)
}

// Timeout is true, as [net.Error] has it.
func (e *TimeoutError) Timeout() bool { return true }

// Retriable is true.
func (e *TimeoutError) Retriable() bool { return true }

// ProtocolError means that the peer sent what no Kafka broker sends. The
// connection has ended.
type ProtocolError struct {
	// What came.
	What string
	// Hint is what the peer seems to be and what to do, or empty.
	Hint string
	// Err is the decoder's error, or nil.
	Err error
}

func (e *ProtocolError) Error() string {
	text := e.What
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return withHint(text, e.Hint)
}

// Unwrap returns the decoder's error, or nil.
func (e *ProtocolError) Unwrap() error { return e.Err }

// Retriable is false: the next connection would meet the same peer.
func (e *ProtocolError) Retriable() bool { return false }

// EndedError is the cause of a call whose connection ended because of another
// call.
type EndedError struct {
	// Op is that other call.
	Op string
	// Err is what went wrong with it.
	Err error
}

func (e *EndedError) Error() string {
	return fmt.Sprintf("the connection ended with %s: %v", e.Op, e.Err)
}

// Unwrap returns what went wrong with the other call.
func (e *EndedError) Unwrap() error { return e.Err }

// Retriable is true even if it is false for the other call: nothing is known
// to be wrong with this one.
func (e *EndedError) Retriable() bool { return true }

// AuthError means that the broker and the SASL mechanism did not come to terms.
type AuthError struct {
	// Mechanism is the one that was tried.
	Mechanism string
	// Offered is what the broker has enabled, if it said so.
	Offered []string
	// Message is the broker's own, or empty.
	Message string
	// Err is the broker's code as a kerr.Error, the mechanism's error, or what
	// happened to the connection.
	Err error
	// Hint is what to do, or empty.
	Hint string
}

func (e *AuthError) Error() string {
	text := e.Err.Error()
	if e.Message != "" {
		text += " (" + e.Message + ")"
	}
	if len(e.Offered) > 0 {
		text += "; the broker offers " + strings.Join(e.Offered, ", ")
	}
	return withHint(text, e.Hint)
}

// Unwrap returns the cause.
func (e *AuthError) Unwrap() error { return e.Err }

// Retriable is false: credentials or settings must change first.
func (e *AuthError) Retriable() bool { return false }

func withHint(text, hint string) string {
	if hint == "" {
		return text
	}
	return text + ": " + hint
}
