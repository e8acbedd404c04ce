package afkak

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/fetch"
	"github.com/afkak-go/afkak/kerr"
)

// ErrConsumerBusy says that Records or Process was called while another of
// them is under way on the same consumer.
var ErrConsumerBusy = errors.New("the consumer is already consuming: end that loop or call Stop first")

// errNoGroup is what a commit without a group ends with.
var errNoGroup = errors.New("the consumer has no group: name one with WithGroup")

// OffsetOutOfRangeError says that the log does not have the offset to read: it
// was deleted by retention, or is not written yet. errors.Is finds
// kerr.OffsetOutOfRange in it.
type OffsetOutOfRangeError struct {
	Topic     string
	Partition int32
	// Offset that was asked for.
	Offset int64
	// LogStart is the first offset that the log has.
	LogStart int64
	// LogEnd is the offset behind the last.
	LogEnd int64
}

func (e *OffsetOutOfRangeError) Error() string {
	return fmt.Sprintf("fetch %s/%d: OFFSET_OUT_OF_RANGE: asked %d, log starts at %d and ends at %d; start elsewhere, or say where to go on with IfOutOfRange",
		e.Topic, e.Partition, e.Offset, e.LogStart, e.LogEnd)
}

// Unwrap returns kerr.OffsetOutOfRange.
func (e *OffsetOutOfRangeError) Unwrap() error { return kerr.OffsetOutOfRange }

// MessageTooLargeError says that a message is larger than [WithMaxFetchBuffer]
// allows. Everything before it was delivered. Only brokers before Kafka 0.10.1
// cause it.
type MessageTooLargeError struct {
	Topic     string
	Partition int32
	Offset    int64
	// Size of the message in bytes, with its header; 0 when not even that fitted.
	Size int64
	// Limit is the largest fetch buffer in bytes.
	Limit int
}

func (e *MessageTooLargeError) Error() string {
	size := ""
	if e.Size > 0 {
		size = fmt.Sprintf(" has %d bytes and", e.Size)
	}
	return fmt.Sprintf("fetch %s/%d: the message at offset %d%s does not fit the largest fetch buffer of %d bytes: raise WithMaxFetchBuffer",
		e.Topic, e.Partition, e.Offset, size, e.Limit)
}

// ProcessorError is the error of a processor function, with the records that
// it was given. None of them counts as processed.
type ProcessorError struct {
	Topic       string
	Partition   int32
	First, Last int64 // offsets of the first and the last record
	Err         error // as the function returned it
}

func (e *ProcessorError) Error() string {
	return fmt.Sprintf("process %s/%d offsets %d to %d: %v", e.Topic, e.Partition, e.First, e.Last, e.Err)
}

// Unwrap returns the function's error.
func (e *ProcessorError) Unwrap() error { return e.Err }

// fetchFailure is the error that the user sees for one of the fetcher or the
// reader, which came while fetching from offset.
func (c *Consumer) fetchFailure(offset int64, broker int32, addr string, err error) error {
	var large *fetch.TooLargeError
	switch {
	case errors.As(err, &large):
		return &MessageTooLargeError{Topic: c.topic, Partition: c.partition, Offset: large.Offset, Size: large.Size, Limit: int(large.Limit)}
	case fetch.IsCorrupt(err):
		err = fmt.Errorf("%w (to pass over it, use WithSkipCorrupt)", readError(err))
	default:
		err = readError(err)
	}
	return &FetchError{Topic: c.topic, Partition: c.partition, Offset: offset, Broker: broker, Addr: addr, Err: err}
}

// readError gives what is wrong with the bytes of an answer the code that a
// broker has for the same.
func readError(err error) error {
	switch {
	case fetch.IsCorrupt(err):
		return corruptError{err}
	case errors.Is(err, compress.ErrUnknownCodec):
		return codecError{err}
	case errors.Is(err, compress.ErrTooLarge):
		return fmt.Errorf("%w (to allow more, use WithMaxBatchBytes)", err)
	}
	return err
}

// corruptError is damage that the client found itself; it is also
// kerr.CorruptMessage, which is what a broker says of the same.
type corruptError struct{ error }

func (e corruptError) Is(target error) bool { return target == kerr.CorruptMessage }
func (e corruptError) Unwrap() error        { return e.error }

// codecError is a codec that this client does not know; it is also
// kerr.UnsupportedCompressionType.
type codecError struct{ error }

func (e codecError) Error() string {
	return e.error.Error() + " (a newer release of this client may know it)"
}
func (e codecError) Is(target error) bool { return target == kerr.UnsupportedCompressionType }
func (e codecError) Unwrap() error        { return e.error }
