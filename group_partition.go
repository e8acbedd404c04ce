package afkak

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/kerr"
)

// groupPartition is a partition that the member was assigned, and its consumer.
type groupPartition struct {
	place    TopicPartition
	consumer *Consumer
	given    atomic.Bool   // up: it ends because of that
	ended    chan struct{} // closed when nothing is processed any more
}

// assign begins to process what the member was assigned.
func (r *groupRun) assign(a group.Assigned) {
	r.topics.watched, r.commitErr = a.Topics, nil
	r.g.client.cluster.Use(slices.Collect(maps.Keys(a.Topics))...)
	r.g.log(slog.LevelInfo, "assigned", slog.Int("generation", int(a.Generation)), slog.String("member", a.MemberID),
		slog.Bool("leader", a.Topics != nil), slog.Any("partitions", a.Partitions))
	cfg := r.g.cfg.partition
	as := &memberOf{id: a.MemberID, instanceID: r.g.cfg.instanceID, generation: a.Generation}
	cfg.offsets = newGroupOffsets(r.asking, r.g.client, r.g.group, as, func(code kerr.Error) {
		r.later(func() { r.step(group.Refused{Generation: a.Generation, Code: code}) })
	})
	parts := make([]*groupPartition, len(a.Partitions))
	for i, place := range a.Partitions {
		parts[i] = &groupPartition{place: place, consumer: makeConsumer(r.g.client, place.Topic, place.Partition, cfg), ended: make(chan struct{})}
	}
	r.g.mu.Lock()
	r.g.parts = parts
	r.g.mu.Unlock()
	for _, p := range parts {
		r.tasks.Go(func() { r.process(p) }) // until p is given up, or fails
	}
}

// process processes a partition.
func (r *groupRun) process(p *groupPartition) {
	defer close(p.ended)
	err := p.consumer.Process(r.work, r.fn)
	closed := p.given.Load() && errors.Is(err, ErrClosed)
	if err != nil && !closed && r.work.Err() == nil {
		r.later(func() { r.order(group.Leave{Commit: true, Reason: err.Error(), Err: err}) })
	}
}

// groupRelease is the giving up of all partitions.
type groupRelease struct {
	cancel context.CancelFunc // ends the wait for processor functions
	drop   atomic.Bool        // nothing is committed any more
}

// giveUp gives up all partitions, and tells the state machine when that is
// done; or hurries that.
func (r *groupRun) giveUp(a group.Release) {
	if r.release != nil {
		r.release.drop.Store(true)
		r.release.cancel()
		return
	}
	ctx, cancel := context.WithDeadline(r.asking, a.Until)
	release := &groupRelease{cancel: cancel}
	release.drop.Store(!a.Commit)
	if !a.Commit {
		cancel()
	}
	r.release, r.topics.watched = release, nil
	r.g.mu.Lock()
	parts := r.g.parts
	r.g.parts = nil
	r.g.mu.Unlock()
	r.tasks.Go(func() { // ends when all processor functions have returned
		defer cancel()
		err := r.giveUpAll(ctx, release, parts)
		r.later(func() {
			r.release, r.commitErr = nil, err
			r.step(group.Released{})
		})
	})
}

// giveUpAll waits for all partitions, and returns the error of a commit.
func (r *groupRun) giveUpAll(ctx context.Context, release *groupRelease, parts []*groupPartition) (failed error) {
	var giving sync.WaitGroup
	errs := make([]error, len(parts))
	for i, p := range parts {
		giving.Go(func() { errs[i] = r.giveUpOne(ctx, release, p) })
	}
	giving.Wait()
	for i, err := range errs {
		if err == nil || release.drop.Load() {
			continue
		}
		failed = err
		r.g.log(slog.LevelWarn, "what was processed is not committed, and will be delivered again",
			slog.String("topic", parts[i].place.Topic), slog.Int("partition", int(parts[i].place.Partition)), slog.Any("err", err))
	}
	return failed
}

// giveUpOne lets the processor function finish and commits; when ctx ends before, it
// ends the function's context, and still waits for the function: nobody else
// may run it meanwhile.
func (r *groupRun) giveUpOne(ctx context.Context, release *groupRelease, p *groupPartition) error {
	p.given.Store(true)
	if release.drop.Load() {
		p.consumer.Stop()
	}
	err := p.consumer.Close(ctx)
	<-p.ended
	late := ctx.Err() != nil && r.work.Err() == nil // but perhaps not too late
	if release.drop.Load() || !late || p.consumer.commitPoint() == p.consumer.Committed() {
		return err
	}
	last, cancel := context.WithTimeout(r.asking, farewell)
	defer cancel()
	return p.consumer.Commit(last)
}
