package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// run is one request on its way: it sends units where they belong, looks at
// what came back, and sends again what may go better.
type run struct {
	c        *Cluster
	req      protocol.Request
	route    *route
	splitter splitter
	job      Job
	call     conn.Call // without request and versions
	began    time.Time

	mu   sync.Mutex
	base protocol.Response // see splitter.join
}

func (c *Cluster) newRun(job Job) (*run, error) {
	if c.ctx.Err() != nil {
		return nil, ErrClosed
	}
	r, err := routeOf(job.Request)
	if err != nil {
		return nil, err
	}
	var s splitter
	if r.splitter != nil {
		s = r.splitter(job.Request)
	}
	return c.runOf(job, r, s), nil
}

func (c *Cluster) runOf(job Job, r *route, s splitter) *run {
	return &run{
		c: c, req: job.Request, route: r, splitter: s, job: job, began: time.Now(),
		call: conn.Call{
			Timeout:    timeout(job.Request, c.cfg.Conn.RequestTimeout),
			NoResponse: unanswered(job.Request),
		},
	}
}

// unanswered tells that brokers do not answer this request.
func unanswered(req protocol.Request) bool {
	produce, ok := req.(*protocol.ProduceRequest)
	return ok && produce.Acks == 0
}

// units carries the request out and returns its units, all with a result.
func (r *run) units(ctx context.Context) []unit {
	units := r.splitter.split(r.req)
	failed := map[Item]bool{}
	for _, wave := range waves(units) {
		if r.job.InOrder {
			wave = withhold(wave, failed)
		}
		r.settle(ctx, wave)
		for _, u := range wave {
			failed[u.item] = u.failure() != nil
		}
	}
	return units
}

// withhold takes out what must not be sent because the unit before it failed.
func withhold(wave []*unit, failed map[Item]bool) []*unit {
	var kept []*unit
	for _, u := range wave {
		if failed[u.item] {
			u.result = noAnswer(ErrNotSent)
		} else {
			kept = append(kept, u)
		}
	}
	return kept
}

// settle sends units until each has a result that trying again would not
// better, or until time is over.
func (r *run) settle(ctx context.Context, units []*unit) {
	for failures := 1; len(units) > 0; failures++ {
		r.send(ctx, units)
		units = r.again(units)
		if len(units) == 0 {
			return
		}
		if ended := r.c.wait(ctx, failures); ended != nil {
			for _, u := range units {
				if u.err != nil {
					u.err = fmt.Errorf("%w, waiting because of %w", ended, u.err)
				}
			}
			return
		}
	}
}

// again tells the cluster what the results mean, and keeps the units that are
// to be sent again.
func (r *run) again(units []*unit) []*unit {
	var left []*unit
	for _, u := range units {
		v := judge(u, r.route)
		if v.refresh {
			r.c.misled(u)
		}
		if v.forget && u.target.place == coordinator {
			r.c.ForgetCoordinator(u.target.keyType, u.target.key)
		}
		if wasLost(u.err) {
			u.lost++
		}
		if v.again && u.lost < mostLost && time.Since(r.began) < r.patience(u, v) {
			left = append(left, u)
			r.c.cfg.Logger.Debug("will be sent again", "api", r.req.Key(), "item", u.item, "broker", u.broker, "err", u.failure())
		}
	}
	return left
}

// mostLost is after how many connections that broke under a request it is
// taken to be the request's fault: brokers hang up on what they cannot read.
const mostLost = 3

func wasLost(err error) bool {
	var broken *conn.Error
	return errors.As(err, &broken) && MaybeDone(err)
}

// patience is how long a unit with such a result is tried again, counted from
// the run's beginning.
func (r *run) patience(u *unit, v verdict) time.Duration {
	longest := r.c.lookUpPatience(u.err)
	if r.route.creates && v.patient > 0 {
		v.patient = max(v.patient, creationPatience)
	}
	return v.patience(longest)
}

// send sends each unit once: one request per broker, all at the same time.
func (r *run) send(ctx context.Context, units []*unit) {
	var wg sync.WaitGroup
	for n, group := range r.c.assign(ctx, units, r.route.creates) {
		wg.Go(func() {
			if n == nil {
				r.sendAnywhere(ctx, group)
			} else {
				r.sendTo(ctx, n, group)
			}
		})
	}
	wg.Wait()
}

// sendAnywhere sends units to the first broker that answers: a broken one
// costs nothing but the attempt.
func (r *run) sendAnywhere(ctx context.Context, units []*unit) {
	unreachable := &UnreachableError{}
	for _, n := range r.c.candidates() {
		err := r.sendTo(ctx, n, units)
		if err == nil || ctx.Err() != nil || !judgeError(err, r.route.once).again {
			return
		}
		unreachable.Causes = append(unreachable.Causes, err)
	}
	for _, u := range units {
		u.result = noAnswer(unreachable)
	}
}

// sendTo sends units to one broker and gives each its result. The error is for
// failures of them all.
func (r *run) sendTo(ctx context.Context, n *node, units []*unit) error {
	open, err := n.reach(ctx, r.route.lane)
	if err != nil {
		return fail(n, units, 0, err)
	}
	defer n.release()
	lowest, highest := r.bounds()
	version, err := open.Versions().Pick(r.req.Key(), lowest, highest)
	if err != nil {
		return fail(n, units, 0, err)
	}
	units = r.prepare(n, units, version, open.Versions())
	if len(units) == 0 {
		return nil
	}
	call := r.call
	call.Request, call.MinVersion, call.MaxVersion = r.splitter.pick(r.req, units), version, version
	resp, err := open.Do(ctx, call)
	if err != nil {
		return fail(n, units, version, n.named(err))
	}
	r.match(n, units, version, resp)
	return nil
}

// fail gives all units the same error.
func fail(n *node, units []*unit, version int16, err error) error {
	for _, u := range units {
		u.result = result{err: err, broker: n.id, addr: n.addr, version: version}
	}
	return err
}

// prepare completes units for a version and keeps those that could be.
func (r *run) prepare(n *node, units []*unit, version int16, speaks *protocol.Versions) []*unit {
	if r.job.Prepare == nil {
		return units
	}
	var ready []*unit
	for _, u := range units {
		if err := r.job.Prepare(u.index, version, speaks); err != nil {
			_ = fail(n, []*unit{u}, version, err)
		} else {
			ready = append(ready, u)
		}
	}
	return ready
}

// match gives each unit its part of an answer.
func (r *run) match(n *node, units []*unit, version int16, resp protocol.Response) {
	none := result{err: ErrNoAnswer, broker: n.id, addr: n.addr, version: version}
	if resp == nil { // none was asked for
		none.err, none.answered = nil, true
	} else {
		r.keep(resp)
		if code := ownCode(resp); code != 0 {
			none.err = kerr.FromCode(code)
		}
	}
	byItem := make(map[Item]*unit, 2*len(units))
	for _, u := range units {
		u.result = none
		byItem[u.item] = u
		if u.byID != (Item{}) {
			byItem[u.byID] = u
		}
	}
	if resp == nil {
		return
	}
	for _, a := range r.splitter.read(resp) {
		if u := byItem[a.item]; u != nil {
			u.result = result{answered: true, answer: a.value, code: kerr.Error(a.code), broker: n.id, addr: n.addr, version: version}
		}
	}
}

// keep keeps the first answer that is no failure as a whole.
func (r *run) keep(resp protocol.Response) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.base == nil || ownCode(r.base) != 0 {
		r.base = resp
	}
}

// bounds joins the job's versions with those that the request's form allows.
func (r *run) bounds() (lowest, highest int16) {
	lowest, highest = r.route.versions(r.req)
	if highest == anyVersion {
		highest = newest(r.req.Key())
	}
	if r.job.MinVersion == 0 && r.job.MaxVersion == 0 {
		return max(lowest, 0), highest
	}
	if r.job.MaxVersion != anyVersion {
		highest = min(highest, r.job.MaxVersion)
	}
	return max(lowest, r.job.MinVersion), highest
}
