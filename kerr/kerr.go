// Package kerr has the error codes that Kafka brokers answer with, as one
// comparable error type.
//
// The constants may be tested for through any wrapping:
//
//	if errors.Is(err, kerr.TopicAuthorizationFailed) { … }
//
// A code that this package has no name for, from a broker newer than it, is an
// [Error] as well and keeps its number.
package kerr

import "strconv"

// Error is the error code of a broker's answer. Two Errors are the same
// exactly if their codes are. An Error is safe for concurrent use.
type Error int16

// FromCode returns the error for a code of an answer: nil for 0, else an
// [Error].
func FromCode(code int16) error {
	if code == 0 {
		return nil
	}
	return Error(code)
}

// Error returns the name and a short description, such as
// "REQUEST_TIMED_OUT: the request took longer than it was allowed to".
func (e Error) Error() string {
	if known := e.entry(); known != nil {
		return known.name + ": " + known.text
	}
	return e.Name()
}

// Name is Kafka's name for the code, such as "REQUEST_TIMED_OUT", or
// "UNKNOWN_ERROR_CODE_999" for a code without a name.
func (e Error) Name() string {
	if known := e.entry(); known != nil {
		return known.name
	}
	return "UNKNOWN_ERROR_CODE_" + strconv.Itoa(int(e))
}

// Code is the number on the wire.
func (e Error) Code() int16 { return int16(e) }

// Retriable reports whether the same request may succeed later without a
// change of what it asks for, as Kafka's own client has it. Some codes that
// are not retriable in this sense still have a remedy, such as joining a group
// again after RebalanceInProgress. A code without a name is not retriable.
func (e Error) Retriable() bool {
	known := e.entry()
	return known != nil && known.retriable
}

func (e Error) entry() *entry {
	i := int(e) - firstCode
	if i < 0 || i >= len(table) {
		return nil
	}
	return &table[i]
}
