package afkak

import (
	"context"
	"fmt"
)

// interceptor is what WithInterceptor takes.
type interceptor func(ctx context.Context, rec *Record) (done func(Result, error), err error)

// WithInterceptor has intercept called with each record, by the goroutine that
// sends it and before its partition is chosen: to trace, count, sign, encrypt
// or refuse it. ctx is Send's, for [Producer.TrySend] the background. It may set
// any field of rec, but what Key, Value and Headers refer to is the caller's;
// with an error the record is not sent and its Delivery has failed with that.
//
// done, if it is not nil, is called once with the record's result, whatever
// becomes of it, as by [Delivery.Then].
//
// Of a list for [Producer.SendAll] intercept sees each value as a record; topic,
// key, headers and timestamp of the list are then those of the first. One that
// is refused refuses all.
//
// The option may be given several times: a record goes through the
// interceptors in their order, up to one that refuses it. intercept must be safe
// for concurrent use; a panic in it is the sender's, and one in done ends the
// program, as with all functions that are called back. A record costs an
// allocation more, with done two or three; without interceptors nothing.
// Default: none.
func WithInterceptor(intercept func(ctx context.Context, rec *Record) (done func(Result, error), err error)) ProducerOption {
	return func(cfg *producerConfig) {
		cfg.wide("WithInterceptor")
		if intercept == nil {
			cfg.problems = append(cfg.problems, fmt.Errorf("afkak: WithInterceptor(nil): needs a function"))
		}
		cfg.interceptors = append(cfg.interceptors, intercept)
	}
}

// intercept takes the record through the interceptors and returns who wants to
// know its result.
func (p *Producer) intercept(ctx context.Context, rec *Record) (told []func(Result, error), err error) {
	for _, intercept := range p.cfg.interceptors {
		done, err := intercept(ctx, rec)
		if done != nil {
			told = append(told, done)
		}
		if err != nil {
			return told, fmt.Errorf("refused by an interceptor: %w", err)
		}
	}
	return told, nil
}

// sendIntercepted is send for a producer with interceptors.
func (p *Producer) sendIntercepted(ctx context.Context, rec Record, wait bool) (d Delivery) {
	told, err := p.intercept(ctx, &rec)
	if err != nil {
		d = failedDelivery(rec.Topic, -1, p.refused(rec.Topic, -1, 1, err))
	} else {
		d = p.send(ctx, &rec, wait)
	}
	d.tell(told)
	return d
}

// sendAllIntercepted is sendAll for a producer with interceptors.
func (p *Producer) sendAllIntercepted(ctx context.Context, rec Record, values [][]byte) (d Delivery) {
	first, list := rec, make([][]byte, len(values))
	told := make([][]func(Result, error), len(values))
	var err error
	for i := 0; i < len(values) && err == nil; i++ {
		one := rec
		one.Value = values[i]
		told[i], err = p.intercept(ctx, &one)
		if list[i] = one.Value; i == 0 {
			first = one
		}
	}
	if err != nil {
		d = failedDelivery(rec.Topic, -1, p.refused(rec.Topic, -1, len(values), err))
	} else {
		d = p.sendAll(ctx, &first, list)
	}
	for i := range told {
		d.of(i).tell(told[i])
	}
	return d
}

// of returns the Delivery of one record of a list.
func (d Delivery) of(i int) Delivery {
	return Delivery{promise: d.promise, timestamp: d.timestamp, index: d.index + int32(i), count: 1}
}

func (d Delivery) tell(told []func(Result, error)) {
	for _, done := range told {
		d.Then(done)
	}
}
