package afkak

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/internal/cluster"
)

var (
	// ErrClosed is what calls end with that wait when their client, producer
	// or consumer is closed, or that come afterwards.
	ErrClosed = cluster.ErrClosed

	// ErrAborted is the end of records that a producer had not sent when it
	// was told to give up.
	ErrAborted = errors.New("aborted")

	// ErrCanceled is the end of a record that was taken back before it was sent.
	ErrCanceled = errors.New("canceled before it was sent")

	// ErrNoAnswer says that a broker's answer lacks something it was asked.
	ErrNoAnswer = cluster.ErrNoAnswer
)

// BrokerError is a failure on the way to a broker or back: which broker, at
// which address, in doing what, and whether the request may have reached it.
type BrokerError = cluster.BrokerError

// TopicError says that a topic does not exist, may not be used, or has no
// leader; its Err is the broker's code.
type TopicError = cluster.TopicError

// UnreachableError says that no broker of the cluster could be asked, with one
// cause for each address that was tried.
type UnreachableError = cluster.UnreachableError

// ProduceError is the failure of records for one partition.
type ProduceError struct {
	Topic     string
	Partition int32  // -1: none was chosen yet
	Broker    int32  // -1: none was asked
	Addr      string // of Broker
	Records   int    // how many records failed together
	Err       error
}

// Error reads "produce 3 records to orders/1 on broker 2 (b2:9092): cause".
func (e *ProduceError) Error() string {
	what := "produce"
	if e.Records > 1 {
		what = fmt.Sprintf("produce %d records", e.Records)
	}
	return what + " to " + partitionName(e.Topic, e.Partition) + on(e.Broker, e.Addr, e.Err) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ProduceError) Unwrap() error { return e.Err }

// MaybeStored tells whether the records may be in the log although they failed.
func (e *ProduceError) MaybeStored() bool { return cluster.MaybeDone(e.Err) }

// FetchError is the failure to read a partition.
type FetchError struct {
	Topic     string
	Partition int32
	Offset    int64  // that was asked for
	Broker    int32  // -1: none was asked
	Addr      string // of Broker
	Err       error
}

// Error reads "fetch orders/1 at offset 120 on broker 2 (b2:9092): cause".
func (e *FetchError) Error() string {
	return fmt.Sprintf("fetch %s at offset %d%s: %v", partitionName(e.Topic, e.Partition), e.Offset, on(e.Broker, e.Addr, e.Err), e.Err)
}

// Unwrap returns the cause.
func (e *FetchError) Unwrap() error { return e.Err }

// OffsetError is the failure to look up, commit or read back an offset.
type OffsetError struct {
	Op        string // "list offsets of", "commit" or "fetch committed"
	Group     string // empty for "list offsets of"
	Topic     string
	Partition int32  // -1: all
	Broker    int32  // -1: none was asked
	Addr      string // of Broker
	Err       error
}

// Error reads "commit orders/1 for group billing on broker 2 (b2:9092): cause".
func (e *OffsetError) Error() string {
	group := ""
	if e.Group != "" {
		group = " for group " + e.Group
	}
	what := e.Op
	if e.Topic != "" {
		what += " " + partitionName(e.Topic, e.Partition)
	}
	return what + group + on(e.Broker, e.Addr, e.Err) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *OffsetError) Unwrap() error { return e.Err }

// PayloadError is the failure of one payload of a low-level call.
type PayloadError struct {
	Index int   // of the payload in the call
	Err   error // a *ProduceError, *FetchError or *OffsetError
}

func (e *PayloadError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PayloadError) Unwrap() error { return e.Err }

// PayloadsError says that some payloads of a low-level call failed. The call's
// results are complete all the same, in the order of the payloads: those that
// succeeded have what the broker answered, the others their Err. Find it with
// [errors.As].
type PayloadsError struct {
	Payloads int             // how many the call had
	Failed   []*PayloadError // in the order of the payloads
}

func (e *PayloadsError) Error() string {
	if e.Payloads == 1 {
		return e.Failed[0].Error()
	}
	text := fmt.Sprintf("%d of %d payloads failed: %v", len(e.Failed), e.Payloads, e.Failed[0])
	if more := len(e.Failed) - 1; more > 0 {
		text += fmt.Sprintf(" (and %d more)", more)
	}
	return text
}

// Unwrap returns the failures.
func (e *PayloadsError) Unwrap() []error {
	errs := make([]error, len(e.Failed))
	for i, failed := range e.Failed {
		errs[i] = failed
	}
	return errs
}

// Retriable tells whether the same call may succeed later without anything
// being changed: a broker was lost, a leader moved, a coordinator is loading.
// Of several failures all must be such.
func Retriable(err error) bool { return cluster.Retriable(err) }

// MaybeStored tells whether records may be in the log, or a change may have
// been made, although the call failed: the answer was lost, or came too late.
// Sending again may then store twice.
func MaybeStored(err error) bool { return cluster.MaybeDone(err) }

// partitionName is topic/partition, or the topic while no partition is chosen.
func partitionName(topic string, partition int32) string {
	if partition < 0 {
		return topic
	}
	return fmt.Sprintf("%s/%d", topic, partition)
}

// on names the broker of a failure, unless the cause does it.
func on(broker int32, addr string, err error) string {
	var own *BrokerError
	switch {
	case errors.As(err, &own), broker < 0 && addr == "":
		return ""
	case broker < 0:
		return " on " + addr
	case addr == "":
		return fmt.Sprintf(" on broker %d", broker)
	}
	return fmt.Sprintf(" on broker %d (%s)", broker, addr)
}

// codeError is a broker's error code with the message that came with it.
type codeError struct {
	error
	message string
}

func (e *codeError) Error() string { return e.error.Error() + ": " + e.message }
func (e *codeError) Unwrap() error { return e.error }

// withMessage adds what the broker said besides a code.
func withMessage(err error, message *string) error {
	if message == nil || *message == "" {
		return err
	}
	return &codeError{err, *message}
}
