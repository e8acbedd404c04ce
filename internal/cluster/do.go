package cluster

import (
	"context"
	"sync"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/protocol"
)

// Job is a request and how to bring it to its brokers.
type Job struct {
	Request protocol.Request

	// MinVersion and MaxVersion bound the version. Zero and zero mean any;
	// otherwise MaxVersion -1 means no upper bound.
	MinVersion, MaxVersion int16

	// Prepare, if set, completes an item of the request for the version in
	// which it is about to be sent, to a broker that speaks these. Items count in the request's order. It is
	// called again when an item is sent again, and for items of different
	// brokers at the same time. Its error is the item's.
	Prepare func(item int, version int16, speaks *protocol.Versions) error

	// InOrder: where the request has several items for one partition, those
	// after one that failed are not sent (ErrNotSent).
	InOrder bool
}

// Outcome is what came of one item of a request.
type Outcome struct {
	Item    Item
	Broker  int32  // that answered or failed; -1: none
	Addr    string // its address
	Version int16  // in which it was asked
	// Answer points to the item's own struct in the answer. It is nil when
	// there is none: see Err; or, with acks 0, when none was asked for.
	Answer any
	// Err is why there is no answer, or the error code in it. nil is success.
	Err error
}

// Do brings a request to the broker or brokers it belongs to and returns one
// answer. What belongs to several brokers is split, sent to all of them at
// once, and the answers are put together in the order of the request; two
// items for one partition go in successive requests. What is retriable is
// tried again, with backoff, until RetryTimeout or ctx ends; a request whose
// repetition would not be the same as its first is not sent again once it may
// have been carried out.
//
// Error codes are left in the answer. The error says what got no answer at
// all: an ItemError, or ItemsError with an answer beside it if others did.
// Which versions fit is decided by the form that the caller filled: topics by
// name or by ID, one group or many.
func (c *Cluster) Do(ctx context.Context, req protocol.Request) (protocol.Response, error) {
	return c.DoJob(ctx, Job{Request: req})
}

// DoJob is Do for more than just a request.
func (c *Cluster) DoJob(ctx context.Context, job Job) (protocol.Response, error) {
	r, err := c.newRun(job)
	if err != nil {
		return nil, err
	}
	if r.route.gather != nil {
		return c.doEverywhere(ctx, job, r.route)
	}
	units := r.units(ctx)
	var failed []*ItemError
	for i := range units {
		if !units[i].answered {
			failed = append(failed, r.itemError(&units[i]))
		}
	}
	var resp protocol.Response
	if r.base != nil || len(failed) < len(units) || len(units) == 0 {
		resp = r.splitter.join(r.base, pointers(units))
	}
	switch {
	case len(failed) == 0:
		return resp, nil
	case len(units) == 1:
		return resp, failed[0]
	}
	return resp, &ItemsError{Asked: len(units), Failed: failed}
}

// Each is Do with an outcome for each item, in the order of the request. The
// error is for requests that cannot be routed at all.
func (c *Cluster) Each(ctx context.Context, job Job) ([]Outcome, error) {
	r, err := c.newRun(job)
	if err != nil {
		return nil, err
	}
	if r.splitter == nil {
		return nil, &RouteError{API: job.Request.Key(), Hint: "every broker answers it as a whole; use Do"}
	}
	units := r.units(ctx)
	outcomes := make([]Outcome, len(units))
	for i := range units {
		u := &units[i]
		outcomes[i] = Outcome{Item: u.item, Broker: u.broker, Addr: u.addr, Version: u.version, Answer: u.answer, Err: u.failure()}
	}
	return outcomes, nil
}

// doEverywhere asks every broker and puts their answers together, by node ID.
func (c *Cluster) doEverywhere(ctx context.Context, job Job, r *route) (protocol.Response, error) {
	targets, err := c.everywhere(ctx)
	if err != nil {
		return nil, &ItemError{API: job.Request.Key(), Item: theWhole, Broker: metadata.NoBroker, Err: err}
	}
	runs := make([]*run, len(targets))
	results := make([][]unit, len(targets))
	var wg sync.WaitGroup
	for i, to := range targets {
		runs[i] = c.runOf(job, r, whole{func(protocol.Request) target { return to }})
		wg.Go(func() { results[i] = runs[i].units(ctx) })
	}
	wg.Wait()
	var resp protocol.Response
	var failed []*ItemError
	for i := range runs {
		switch u := &results[i][0]; {
		case !u.answered:
			failed = append(failed, runs[i].itemError(u))
		case resp == nil:
			resp, _ = u.answer.(protocol.Response)
		default:
			r.gather.merge(resp, u.answer.(protocol.Response))
		}
	}
	if len(failed) > 0 {
		return resp, &ItemsError{Asked: len(targets), Failed: failed}
	}
	return resp, nil
}

// everywhere lists all brokers as targets. On Kafka 0.8 without topics none is
// known, and any stands for all.
func (c *Cluster) everywhere(ctx context.Context) ([]target, error) {
	if len(c.Picture().Brokers()) == 0 {
		if err := c.refreshBrokers(ctx); err != nil {
			return nil, err
		}
	}
	var targets []target
	for _, b := range c.Picture().Brokers() {
		targets = append(targets, toBroker(b.ID))
	}
	if len(targets) == 0 {
		targets = []target{{place: anyBroker}}
	}
	return targets, nil
}

func pointers(units []unit) []*unit {
	all := make([]*unit, len(units))
	for i := range units {
		all[i] = &units[i]
	}
	return all
}

// itemError says why a unit got no answer.
func (r *run) itemError(u *unit) *ItemError {
	item := u.item
	if item == theWhole {
		item.Key = u.target.key
	}
	return &ItemError{API: r.req.Key(), Item: item, Broker: u.broker, Addr: u.addr, Err: u.err}
}

// noAnswer is the result of a unit that did not get as far as a broker.
func noAnswer(err error) result { return result{err: err, broker: metadata.NoBroker} }
