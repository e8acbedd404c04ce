package afkak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/internal/metadata"
)

// farewell is how long to go on telling a coordinator that the member leaves;
// once the context of Process has ended, the last commit included.
const farewell = 5 * time.Second

// Process joins the group, and hands the records of the partitions that the
// member is given to fn: of each partition in the order of their offsets, as
// many at a time as are at hand but at most [WithMaxRecords], and never two at
// once; of different partitions at the same time, so fn is called by several
// goroutines. Heartbeats go on while it runs: it may take as long as it likes,
// but a rebalance waits for it only as long as [WithRebalanceTimeout]. Then, and
// with Stop, and when the group has put the member out, the context that it was
// given ends. What it then has done counts as processed if it returns nil, but
// may be delivered again, to whoever has the partition by then.
//
// When fn returns an error, nothing behind its records is delivered of that
// partition and none of them is committed; the other partitions finish what
// they have in hand and commit, the member leaves, and Process returns a
// [ProcessorError].
//
// Process returns nil after Stop and Close. When ctx ends, fn's contexts end
// with it, what is processed is committed, the member leaves, which together
// takes 5 seconds at most once fn has returned, and Process returns the cause.
// Otherwise it returns why the member cannot go on, such as a [GroupError] or a
// [FetchError]. It may then be called again, and joins anew.
//
// The slice is reused after fn returns. The bytes of keys, values and headers
// are not: they may be kept, and share memory with each other.
func (g *GroupConsumer) Process(ctx context.Context, fn func(ctx context.Context, records []Record) error) error {
	if fn == nil {
		return fmt.Errorf("process as a member of group %s: the processor function is nil", g.group)
	}
	r, err := g.begin(ctx, fn)
	if err != nil {
		return err
	}
	return r.loop(ctx)
}

// begin makes the run of a Process, once the one before has ended if that was
// told to.
func (g *GroupConsumer) begin(ctx context.Context, fn func(context.Context, []Record) error) (*groupRun, error) {
	for {
		g.mu.Lock()
		before := g.run
		if g.closed {
			g.mu.Unlock()
			return nil, fmt.Errorf("process as a member of group %s: %w", g.group, ErrClosed)
		}
		if before == nil {
			g.run = newGroupRun(ctx, g, fn)
			defer g.mu.Unlock()
			return g.run, nil
		}
		g.mu.Unlock()
		if !before.isLeaving() {
			return nil, fmt.Errorf("process as a member of group %s: %w", g.group, ErrConsumerBusy)
		}
		select {
		case <-before.ended:
		case <-ctx.Done():
			return nil, fmt.Errorf("process as a member of group %s: the one before is still ending: %w", g.group, context.Cause(ctx))
		}
	}
}

// groupRun is one call of Process, from joining to leaving. The goroutine of
// the caller owns it and the state machine; what others have to tell it, they
// leave with later. Its tasks, a goroutine for each request and each partition,
// end with what they do, all before Process returns.
type groupRun struct {
	g    *GroupConsumer
	fn   func(context.Context, []Record) error
	work context.Context // of the processor functions

	// asking ends requests, when the membership has ended.
	asking     context.Context
	stopAsking context.CancelFunc
	tasks      sync.WaitGroup
	lane       cluster.Lane
	ended      chan struct{} // closed when Process returns

	wake chan struct{} // has a token when something was left

	mu      sync.Mutex
	left    []func() // for the loop to do
	leaving bool

	// The loop's own.
	member      *group.Member
	told        group.Status // what was last logged
	coordinator metadata.Broker
	topics      topicWatch
	release     *groupRelease // of the partitions, under way; nil: none
	commitErr   error         // of the last commit; read by others after ended
	deadline    time.Time     // for leaving, once ctx has ended; zero: none
	over        bool
	result      error
}

func newGroupRun(ctx context.Context, g *GroupConsumer, fn func(context.Context, []Record) error) *groupRun {
	r := &groupRun{
		g: g, fn: fn, work: context.WithValue(ctx, groupKey{}, g),
		lane:  g.client.cluster.OwnLane(),
		ended: make(chan struct{}), wake: make(chan struct{}, 1),
	}
	r.asking, r.stopAsking = context.WithCancel(context.Background())
	cfg := group.Config{
		Group: g.group, Topics: g.topics, InstanceID: g.cfg.instanceID,
		Session: g.cfg.session, Rebalance: g.cfg.rebalance, Heartbeat: g.cfg.heartbeat, Farewell: farewell,
		Backoff:   func(failures int) time.Duration { return g.cfg.partition.backoff().After(failures, rand.Float64()) },
		Retriable: r.retriable,
	}
	for _, a := range g.cfg.assignors {
		cfg.Assignors = append(cfg.Assignors, assignors[a])
	}
	r.member = group.New(cfg)
	return r
}

// retriable tells whether asking again may help. A cluster that has never
// answered has probably a wrong address.
func (r *groupRun) retriable(err error) bool {
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) && r.g.client.cluster.Picture().Generation == 0 {
		return false
	}
	return Retriable(err) || errors.Is(err, context.DeadlineExceeded)
}

// later has the loop do f. It never blocks, and may be called by anybody.
func (r *groupRun) later(f func()) {
	r.mu.Lock()
	r.left = append(r.left, f)
	r.mu.Unlock()
	signal(r.wake)
}

// loop runs until the membership has ended.
func (r *groupRun) loop(ctx context.Context) error {
	defer r.finish()
	timer := time.NewTimer(0)
	defer timer.Stop()
	done := ctx.Done()
	for !r.over {
		changed := r.g.client.cluster.Changed()
		r.lookAtTopics()
		r.step(group.Tick{})
		if !r.deadline.IsZero() && !time.Now().Before(r.deadline) {
			r.deadline = time.Time{}
			r.step(group.Abandon{})
		}
		if r.over {
			break
		}
		timer.Reset(r.pause())
		select {
		case <-r.wake:
			r.doLeft()
		case <-timer.C:
		case <-changed:
		case <-done:
			done, r.deadline = nil, time.Now().Add(farewell)
			r.order(group.Leave{Commit: true, Reason: "the context of Process has ended", Err: context.Cause(ctx)})
		}
	}
	return r.result
}

func (r *groupRun) doLeft() {
	r.mu.Lock()
	left := r.left
	r.left = nil
	r.mu.Unlock()
	for _, f := range left {
		f()
	}
}

// pause is how long there is nothing to do if nothing happens.
func (r *groupRun) pause() time.Duration {
	pause := r.topics.pause()
	if wake := r.member.Wake(); !wake.IsZero() {
		pause = min(pause, time.Until(wake))
	}
	if !r.deadline.IsZero() {
		pause = min(pause, time.Until(r.deadline))
	}
	return max(pause, 0)
}

// finish ends what the run has begun.
func (r *groupRun) finish() {
	r.stopAsking()
	r.g.client.cluster.CloseLane(r.lane)
	r.tasks.Wait()
	state := State{Kind: StateStopped, Reason: r.told.Reason}
	if r.result != nil && r.work.Err() == nil {
		state = State{Kind: StateFailed, Reason: r.result.Error(), Err: r.result}
	}
	r.g.become(state)
	r.g.mu.Lock()
	r.g.run = nil
	r.g.mu.Unlock()
	close(r.ended)
}

// order tells the member to leave.
func (r *groupRun) order(l group.Leave) {
	r.setLeaving()
	r.step(l)
}

// setLeaving lets another Process wait for the end of this one.
func (r *groupRun) setLeaving() {
	r.mu.Lock()
	r.leaving = true
	r.mu.Unlock()
}

func (r *groupRun) isLeaving() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.leaving
}

// The ways to end a membership from outside.
func leaveNow(r *groupRun)     { r.order(group.Leave{Reason: "stopped by you"}) }
func leaveInOrder(r *groupRun) { r.order(group.Leave{Commit: true, Reason: "closed by you"}) }
func leaveUnsaid(r *groupRun)  { r.step(group.Abandon{}) }

// step tells the state machine what has happened, and does what it says.
func (r *groupRun) step(e group.Event) {
	if r.over {
		return
	}
	actions := r.member.Step(time.Now(), e)
	r.show()
	for _, a := range actions {
		r.act(a)
	}
}

func (r *groupRun) act(a group.Action) {
	switch a := a.(type) {
	case group.Find:
		r.find(a.Forget)
	case group.Send:
		r.send(a)
	case group.Count:
		r.count(a)
	case group.Assigned:
		r.assign(a)
	case group.Release:
		r.giveUp(a)
	case group.Warn:
		r.g.log(slog.LevelWarn, a.Text, slog.Any("err", a.Err))
	case group.End:
		r.over, r.result = true, r.explained(a.Err)
	}
}

// explained gives the state machine's error the place where it happened.
func (r *groupRun) explained(err error) error {
	own, ok := err.(*group.Error) //nolint:errorlint // it is the outermost
	if !ok {
		return err
	}
	e := &GroupError{Op: own.Doing, Group: own.Group, Broker: -1, Err: own.Err}
	if r.coordinator.Host != "" {
		e.Broker, e.Addr = r.coordinator.ID, r.coordinator.Addr()
	}
	return e
}

// show makes what the member does seen: in State, and in the log.
func (r *groupRun) show() {
	s := r.member.Status()
	changed := s.Reason != r.told.Reason
	if !changed && fmt.Sprint(s.Err) == fmt.Sprint(r.told.Err) {
		return
	}
	r.told = s
	state := State{Kind: StateWaiting, Reason: s.Reason, Err: s.Err}
	if s.Owns {
		state.Kind = StateFetching
	}
	r.g.become(state)
	switch {
	case s.Err != nil:
		r.g.log(slog.LevelWarn, "will try again", slog.String("state", s.Reason), slog.Any("err", s.Err))
	case changed:
		r.g.log(slog.LevelInfo, "group membership", slog.String("state", s.Reason))
	}
}
