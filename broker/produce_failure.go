package broker

import (
	"fmt"

	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
)

// produceFailure is why a batch was not stored.
type produceFailure struct {
	code    kerr.Error
	message string // for the answer; "" is null
	records []rejection
	// inLog: it was the log that refused, so that the answer has its start offset.
	inLog bool
}

// rejection is why one record spoils its batch (KIP-467).
type rejection struct {
	index   int32 // in the batch
	message string
}

// refuse is a failure before the log was asked.
func refuse(code kerr.Error) *produceFailure { return &produceFailure{code: code} }

// invalidRecord is a batch that the log does not take.
func invalidRecord() *produceFailure { return &produceFailure{code: kerr.InvalidRecord, inLog: true} }

// rejections are the records of one batch that may not be stored.
type rejections struct {
	all       []rejection
	timestamp bool // one was rejected for its timestamp
}

// maxRejections bounds the memory that a batch full of bad records can ask for.
const maxRejections = 1000

// check adds record number index when its key or its timestamp is not
// allowed in the topic.
func (r *rejections) check(c *batchCheck, rec *record.Record, index int32) {
	if len(r.all) == maxRejections {
		return
	}
	if c.config.compacted && rec.Key == nil {
		r.all = append(r.all, rejection{index, "a record without a key in the compacted topic " + c.topic.name})
		return
	}
	if c.config.logAppendTime || rec.Timestamp == noTimestamp {
		return
	}
	now := c.now.UnixMilli()
	earliest, latest := now-c.config.maxBeforeMs, now+c.config.maxAfterMs
	if latest < now { // past the largest int64
		latest = 1<<63 - 1
	}
	if rec.Timestamp < earliest || rec.Timestamp > latest {
		r.timestamp = true
		r.all = append(r.all, rejection{index, fmt.Sprintf("timestamp %d is not between %d and %d", rec.Timestamp, earliest, latest)})
	}
}

// noTimestamp is that of a record without one.
const noTimestamp = -1

// failure is that of the whole batch, nil when nothing was rejected.
func (r *rejections) failure() *produceFailure {
	if len(r.all) == 0 {
		return nil
	}
	failure := &produceFailure{code: kerr.InvalidRecord, records: r.all, inLog: true}
	if r.timestamp {
		failure.code = kerr.InvalidTimestamp
	}
	failure.message = fmt.Sprintf("%d records are not allowed in this topic; record %d: %s", len(r.all), r.all[0].index, r.all[0].message)
	return failure
}
