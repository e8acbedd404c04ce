package fetch

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Verdict is what an answer means for its partition.
type Verdict int8

const (
	// Stale answers are to a question the cursor does not ask any more.
	Stale Verdict = iota
	// Empty: nothing new. Ask again.
	Empty
	// Data: the Outcome's Chunk has records, or gaps, and the cursor is behind
	// them.
	Data
	// Grew: the first message did not fit; the cursor asks for more from now on.
	Grew
	// OutOfRange: the log does not have the offset (any more, or yet).
	OutOfRange
	// Moved: the broker does not lead the partition, or knows another epoch or
	// no such partition. Refresh the metadata, then ask whoever leads.
	Moved
	// Retry: the broker cannot now. Ask again, later.
	Retry
	// Failed: asking again would bring the same.
	Failed
)

var verdictNames = [...]string{"stale", "empty", "data", "grew", "out of range", "moved", "retry", "failed"}

func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdictNames) {
		return fmt.Sprintf("verdict %d", int8(v))
	}
	return verdictNames[v]
}

// Outcome of an answer for one partition.
type Outcome struct {
	Verdict Verdict
	Chunk   Chunk // of Data
	Err     error // of OutOfRange, Moved, Retry and Failed
}

// ErrNoProgress says that an answer held only records below the asked offset.
var ErrNoProgress = errors.New("the broker sent only records below the asked offset")

// ErrNotAnswered says that an answer left out a partition that was asked for.
var ErrNotAnswered = errors.New("the answer leaves the partition out")

// TooLargeError says that the first message at an offset needs a larger fetch
// buffer than the limit allows. Only brokers that truncate answers cause it.
type TooLargeError struct {
	Offset int64
	// Size of the message as its header gives it, with its header; 0 when not
	// even that fitted.
	Size int64
	// Limit of the buffer.
	Limit int32
}

func (e *TooLargeError) Error() string {
	if e.Size == 0 {
		return fmt.Sprintf("the message at offset %d does not fit the largest fetch buffer of %d bytes", e.Offset, e.Limit)
	}
	return fmt.Sprintf("the message at offset %d has %d bytes, more than the largest fetch buffer of %d", e.Offset, e.Size, e.Limit)
}

// Take takes the answer to ask and moves the cursor behind what it brought.
func (c *Cursor) Take(ask Ask, p *protocol.FetchResponseResponsePartition) Outcome {
	if ask.Serial != c.ask.Serial {
		return Outcome{Verdict: Stale}
	}
	c.see(p)
	if p.ErrorCode != 0 {
		return refusal(p.ErrorCode)
	}
	if len(p.Records) == 0 {
		return Outcome{Verdict: Empty}
	}
	found := scan(p.Records, c.ask.Offset)
	if found.next > c.ask.Offset {
		chunk := Chunk{
			From: c.ask.Offset, Next: found.next,
			Bytes: p.Records[:found.whole:found.whole], Size: len(p.Records), Aborted: aborted(p),
		}
		c.ask.Offset = found.next
		c.ask.Serial++ // a second answer to this ask must not be taken
		return Outcome{Verdict: Data, Chunk: chunk}
	}
	return c.stuck(found)
}

// stuck decides about an answer that has bytes but brings the cursor nowhere.
func (c *Cursor) stuck(found cut) Outcome {
	switch {
	case found.err != nil:
		return Outcome{Verdict: Failed, Err: found.err}
	case found.truncated:
		return c.grow(found.need)
	default:
		return Outcome{Verdict: Retry, Err: ErrNoProgress}
	}
}

func (c *Cursor) grow(need int64) Outcome {
	size := grown(c.ask.MaxBytes, need, c.limit)
	if size == c.ask.MaxBytes {
		return Outcome{Verdict: Failed, Err: &TooLargeError{Offset: c.ask.Offset, Size: need, Limit: c.limit}}
	}
	c.ask.MaxBytes = size
	return Outcome{Verdict: Grew}
}

// see notes the marks of the log, which some refusals carry as well.
func (c *Cursor) see(p *protocol.FetchResponseResponsePartition) {
	c.HighWatermark = max(p.HighWatermark, -1)
	c.LastStableOffset = max(p.LastStableOffset, -1)
	c.LogStartOffset = max(p.LogStartOffset, -1)
}

func aborted(p *protocol.FetchResponseResponsePartition) []AbortedTransaction {
	if len(p.AbortedTransactions) == 0 {
		return nil
	}
	list := make([]AbortedTransaction, len(p.AbortedTransactions))
	for i, t := range p.AbortedTransactions {
		list[i] = AbortedTransaction{ProducerID: t.ProducerID, FirstOffset: t.FirstOffset}
	}
	return list
}

// refusal sorts a partition's error code by what helps against it.
func refusal(code int16) Outcome {
	err := kerr.Error(code)
	switch err {
	case kerr.OffsetOutOfRange:
		return Outcome{Verdict: OutOfRange, Err: err}
	case kerr.NotLeaderOrFollower, kerr.LeaderNotAvailable, kerr.ReplicaNotAvailable,
		kerr.UnknownTopicOrPartition, kerr.UnknownTopicID, kerr.InconsistentTopicID,
		kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch,
		kerr.KafkaStorageError, kerr.OffsetNotAvailable:
		return Outcome{Verdict: Moved, Err: err}
	case kerr.UnknownServerError: // not retriable by name, but known to pass
		return Outcome{Verdict: Retry, Err: err}
	}
	if err.Retriable() {
		return Outcome{Verdict: Retry, Err: err}
	}
	return Outcome{Verdict: Failed, Err: err}
}
