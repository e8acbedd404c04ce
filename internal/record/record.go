// Package record writes and reads what Kafka keeps in its logs: record batches
// (magic 2, since 0.11) and message sets (magic 0, and magic 1 since 0.10).
//
// A [Builder] encodes records straight into an open batch and seals it in any
// of the three formats. [ReadBatch] cuts the next batch off a fetched buffer,
// and a [Walker] yields its records in place. The package is pure: it starts
// no goroutine, reads no clock and no socket.
//
// Memory: everything read aliases the buffer that it was read from, or, where
// a batch was compressed, memory allocated for that batch alone. Whoever hands
// a buffer to this package for reading must never write to it or reuse it
// again, because records, and the keys of their headers as strings, may be
// kept for as long as the user likes.
package record

import (
	"encoding/binary"
	"fmt"
)

// Header is one header of a record (KIP-82, Kafka 0.11 and later). Keys may
// repeat. A nil Value is null.
type Header struct {
	Key   string
	Value []byte
}

// NoTimestamp is the timestamp of records that have none: those of magic 0.
const NoTimestamp int64 = -1

// Record is one record as a Walker yields it. A nil Key or Value is null; an
// empty one is not.
type Record struct {
	Offset    int64 // in the partition; relative to the batch while no broker has assigned one
	Timestamp int64 // milliseconds since 1970, or NoTimestamp
	Key       []byte
	Value     []byte
	Headers   []Header
}

// ControlType says what a control record means: its key carries it.
type ControlType int16

// The control records that a client meets. Others are the brokers' own.
const (
	ControlAbort  ControlType = 0 // the producer's transaction was aborted
	ControlCommit ControlType = 1 // the producer's transaction was committed
)

// String returns "abort", "commit" or the number.
func (t ControlType) String() string {
	switch t {
	case ControlAbort:
		return "abort"
	case ControlCommit:
		return "commit"
	}
	return fmt.Sprintf("control type %d", int16(t))
}

// ControlType returns the type of a record of a control batch
// (Batch.IsControl). It is an error if the key is no control key.
func (r *Record) ControlType() (ControlType, error) {
	if len(r.Key) < 4 {
		return 0, &CorruptError{Offset: r.Offset, Err: fmt.Errorf("control record has a key of %d bytes, want at least 4", len(r.Key))}
	}
	if version := int16(binary.BigEndian.Uint16(r.Key)); version < 0 {
		return 0, &CorruptError{Offset: r.Offset, Err: fmt.Errorf("control record has key version %d", version)}
	}
	return ControlType(binary.BigEndian.Uint16(r.Key[2:])), nil
}
