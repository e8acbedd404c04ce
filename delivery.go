package afkak

import (
	"context"
	"errors"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
)

// Delivery is the future of one record, or of a list that was sent with
// [Producer.SendAll]: where it was stored, or why it was not. It is a small
// value that may be copied, compared, dropped and used by any number of
// goroutines. Besides its Producer it keeps alive no more than a few KiB, which
// many records share, never their bytes. The zero Delivery has failed.
type Delivery struct {
	promise   *accum.Promise
	timestamp int64 // milliseconds since the epoch
	index     int32
	count     int32 // records, 1 but for a list
}

// Result is where a record was stored.
type Result struct {
	Topic     string
	Partition int32

	// Offset is the record's own, for a list its first record's. It is -1 with
	// [AcksNone], where no broker says, and in the rare case that a record's
	// answer was lost and the broker knows that it has the record, not where.
	Offset int64

	// Timestamp is what the record was stored with: its own, or the broker's
	// if the topic's timestamps are those of the append.
	Timestamp time.Time
}

// errNoDelivery is what a Delivery that no Send returned says.
var errNoDelivery = errors.New("afkak: the zero Delivery belongs to no record")

// failedDelivery is the Delivery of a record that was not accepted.
func failedDelivery(topic string, partition int32, err error) Delivery {
	return Delivery{promise: accum.Failed(topic, partition, err), count: 1}
}

// Wait waits for the result until ctx ends. The end of ctx ends the wait only:
// the record is still on its way, and Wait may be called again.
func (d Delivery) Wait(ctx context.Context) (Result, error) {
	for {
		if result, err, ok := d.Result(); ok {
			return result, err
		}
		done, changed := d.promise.Done(d.index), d.promise.Changed()
		if result, err, ok := d.Result(); ok {
			return result, err
		}
		select {
		case <-done:
		case <-changed:
		case <-ctx.Done():
			return Result{}, ctx.Err()
		}
	}
}

// Done returns a channel that is closed once the result is known. One that was
// asked for before [Delivery.Cancel] is closed with the result of the record's
// batch.
func (d Delivery) Done() <-chan struct{} {
	if d.promise == nil {
		return accum.Failed("", -1, errNoDelivery).Done(0)
	}
	return d.promise.Done(d.index)
}

// Result returns the result without waiting; ok is false while there is none.
// A record that could not be stored has a [*ProduceError], one that was taken
// back [ErrCanceled].
func (d Delivery) Result() (result Result, err error, ok bool) { //nolint:revive // err is part of the result, ok of the call
	if d.promise == nil {
		return Result{Partition: -1, Offset: -1}, errNoDelivery, true
	}
	out, ok := d.promise.Outcome(d.index)
	if !ok {
		return Result{}, nil, false
	}
	if errors.Is(out.Err, accum.ErrCanceled) {
		out.Err = ErrCanceled
	}
	result = Result{Topic: d.promise.Topic(), Partition: d.promise.Partition(), Offset: out.Offset}
	result.Timestamp = time.UnixMilli(d.timestamp)
	if out.LogAppendTime >= 0 {
		result.Timestamp = time.UnixMilli(out.LogAppendTime)
	}
	return result, out.Err, true
}

// Then has fn called with the result once it is known. All callbacks of a
// producer run one after the other on one goroutine, those of a partition in
// the order of its records: fn should be quick, and must neither wait for
// another Delivery of this producer nor close it. For a record that was never
// accepted fn is called at once, by Then itself.
//
// Records whose callbacks have not run yet still take up room in the buffer
// ([WithBufferBytes]), so that Send waits when callbacks are slower than it is.
// That is why fn should send by [Producer.TrySend]: a Send in it may wait for
// room that only the callbacks behind it give back, and then ends with its
// context or after the delivery timeout.
func (d Delivery) Then(fn func(Result, error)) {
	if d.promise != nil && d.promise.Then(d.index, d.timestamp, fn) {
		return
	}
	result, err, _ := d.Result()
	fn(result, err)
}

// Cancel takes the record back if it has not left: others keep their order,
// its result is [ErrCanceled], and it does not count for [WithBatch] any more.
// It returns false if the record has its result, or was in a request, though
// perhaps none that came through; then it changes nothing, and what becomes of
// the record its result says: see [MaybeStored]. A list is taken back as a
// whole.
func (d Delivery) Cancel() bool {
	return d.promise != nil && d.promise.Cancel(d.index, int(d.count))
}
