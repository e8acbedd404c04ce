package afkak

import (
	"errors"
	"fmt"
	"strings"

	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

var (
	// ErrWouldBlock is what [Producer.TrySend] fails with where Send would wait.
	ErrWouldBlock = errors.New("the producer would have to wait")

	// ErrHeadersUnsupported is what a record with headers fails with where the
	// partition's leader is older than Kafka 0.11, without [WithDropHeaders].
	ErrHeadersUnsupported = record.ErrHeadersUnsupported

	// ErrTopicRecreated is what a record fails with that may be in the log of a
	// topic that was deleted and made again: see [Producer].
	ErrTopicRecreated = errors.New("the topic was deleted and made again while the record was on its way")

	// ErrNoPartition is what a record fails with whose partitioner chose a
	// partition that the topic does not have.
	ErrNoPartition = errors.New("no such partition")
)

// errProducerClosed is an ErrClosed that says what was closed.
var errProducerClosed error = producerClosed{}

type producerClosed struct{}

func (producerClosed) Error() string        { return "the producer is closed" }
func (producerClosed) Is(target error) bool { return target == ErrClosed }

// RecordTooLargeError means that a record, or a list that has to stay
// together, does not fit into any batch: see [WithBatchBytes].
type RecordTooLargeError struct {
	Size    int // of the batch that would hold it alone, in bytes, before compression
	Limit   int // the largest batch
	Records int // more than 1 for a list
}

func (e *RecordTooLargeError) Error() string {
	what := "the record"
	if e.Records > 1 {
		what = fmt.Sprintf("the list of %d records", e.Records)
	}
	return fmt.Sprintf("%s takes a batch of %d bytes, the limit is %d: raise WithBatchBytes, and the broker's message.max.bytes",
		what, e.Size, e.Limit)
}

// CodecError means that a broker is too old for the codec of [WithCompression].
type CodecError struct {
	Codec Codec
	Needs string // the first Kafka release that knows it
}

func (e *CodecError) Error() string {
	return fmt.Sprintf("the broker does not know the codec %v, which needs Kafka %s: choose another WithCompression", e.Codec, e.Needs)
}

// supported returns an error if a broker with these versions cannot read the
// codec in a request of the given version.
func (c Codec) supported(versions *protocol.Versions, version int16) error {
	switch c {
	case Zstd:
		if version < 7 { // KIP-110
			return &CodecError{Codec: c, Needs: "2.1"}
		}
	case LZ4:
		// Among the releases that know magic 0 only, the request for
		// coordinators came together with lz4.
		if _, ok := versions.Range(protocol.KeyFindCoordinator); !ok && version < 2 {
			return &CodecError{Codec: c, Needs: "0.8.2"}
		}
	}
	return nil
}

// brokerFailure carries from which broker a failure came.
type brokerFailure struct {
	broker int32
	addr   string
	err    error
}

func (e *brokerFailure) Error() string { return e.err.Error() }
func (e *brokerFailure) Unwrap() error { return e.err }

// explainBatch makes the error that the records of a failed batch get.
func explainBatch(topic string, partition int32, records int, err error) error {
	produce := &ProduceError{Topic: topic, Partition: partition, Broker: -1, Records: records, Err: err}
	var from *brokerFailure
	if errors.As(err, &from) {
		produce.Broker, produce.Addr = from.broker, from.addr
	}
	return produce
}

// described adds what the broker says besides its code (KIP-467), and what to
// do about a batch of the given size that is too large.
func described(code error, part *protocol.ProduceResponseResponsePartitionResponse, size int) error {
	text := ""
	if part.ErrorMessage != nil {
		text = *part.ErrorMessage
	}
	for _, rec := range part.RecordErrors {
		if rec.BatchIndexErrorMessage != nil {
			text += fmt.Sprintf(" (record %d of the batch: %s)", rec.BatchIndex, *rec.BatchIndexErrorMessage)
		}
	}
	if errors.Is(code, kerr.MessageTooLarge) {
		text = strings.TrimPrefix(fmt.Sprintf("%s; it has %d bytes: raise the topic's max.message.bytes or the broker's message.max.bytes", text, size), "; ")
	}
	if denied(code) {
		text += deniedHint
	}
	if text == "" {
		return code
	}
	return fmt.Errorf("%w: %s", code, text)
}
