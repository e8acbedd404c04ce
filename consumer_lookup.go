package afkak

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

// patience is how long one look at the metadata may take, so that State tells
// soon what the consumer waits for.
const patience = 5 * time.Second

// leaderIn finds the partition's leader in what is known of its topic.
func (r *consumerRun) leaderIn(topic *metadata.Topic) (leader, error) {
	none := leader{broker: -1}
	if int(r.c.partition) >= len(topic.Partitions) {
		return none, fmt.Errorf("partition %s/%d: %w: the topic has %d partitions",
			r.c.topic, r.c.partition, kerr.UnknownTopicOrPartition, len(topic.Partitions))
	}
	p := topic.Partitions[r.c.partition]
	if p.Leader == metadata.NoBroker {
		return none, fmt.Errorf("partition %s/%d has no leader: %w", r.c.topic, r.c.partition, leaderless(p.Err))
	}
	lead := leader{broker: p.Leader, epoch: p.LeaderEpoch, generation: topic.Generation}
	if b, known := r.c.client.cluster.Picture().Broker(p.Leader); known {
		lead.addr = b.Addr()
	}
	return lead, nil
}

func leaderless(err error) error {
	if err == nil {
		return kerr.LeaderNotAvailable
	}
	return err
}

// moved reports whether the picture has another leader than lead, or another
// epoch of its.
func (r *consumerRun) moved(lead leader) bool {
	topic, known := r.c.client.cluster.Picture().Topic(r.c.topic)
	if !known || int(r.c.partition) >= len(topic.Partitions) {
		return false // then the leader will say so itself
	}
	p := topic.Partitions[r.c.partition]
	return p.Leader != metadata.NoBroker && (p.Leader != lead.broker || p.LeaderEpoch != lead.epoch)
}

// settle finds out where to start and where to end, once.
func (r *consumerRun) settle(ctx context.Context, lead leader) error {
	c := r.c
	if r.feed.offset() >= 0 {
		return nil
	}
	start := c.processed.Load()
	if start < 0 {
		var err error
		if start, err = r.lookUp(ctx, lead, c.cfg.start); err != nil {
			return err
		}
	}
	if c.end.Load() < 0 {
		end, err := r.lookUp(ctx, lead, c.cfg.end)
		if err != nil {
			return err
		}
		c.end.Store(end)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run != r {
		return nil // stopped meanwhile: another run begins for itself
	}
	if c.processed.CompareAndSwap(-1, start) {
		c.first.Store(start)
	}
	r.feed.seek(start)
	return nil
}

// lookUp turns a position into an offset.
func (r *consumerRun) lookUp(ctx context.Context, lead leader, at Position) (int64, error) {
	switch at.kind {
	case atOffset:
		return at.n, nil
	case atCommitted:
		return r.lookUpCommitted(ctx, lead)
	}
	return r.c.listOffset(ctx, lead, at)
}

func (r *consumerRun) lookUpCommitted(ctx context.Context, lead leader) (int64, error) {
	offset, err := r.c.fetchCommitted(ctx)
	if err != nil {
		return 0, err
	}
	if offset >= 0 {
		r.c.commits.found(offset)
		return offset, nil
	}
	return r.lookUp(ctx, lead, r.c.cfg.noCommitted)
}

// reposition deals with an offset that the log does not have.
func (r *consumerRun) reposition(ctx context.Context, lead leader, t *trouble) error {
	first, err := r.c.listOffset(ctx, lead, Earliest)
	if err != nil {
		return err
	}
	end, err := r.c.listOffset(ctx, lead, Latest)
	if err != nil {
		return err
	}
	if first <= t.offset && t.offset <= end { // by now it has it, or the new leader has
		return r.c.fetchFailure(t.offset, lead.broker, lead.addr, retryAnyway{t.err})
	}
	missing := &OffsetOutOfRangeError{Topic: r.c.topic, Partition: r.c.partition, Offset: t.offset, LogStart: first, LogEnd: end}
	if !r.c.cfg.resets {
		return permanent{missing}
	}
	next, err := r.lookUp(ctx, lead, r.c.cfg.outOfRange)
	if err != nil {
		return err
	}
	if next < first || next > end {
		return permanent{fmt.Errorf("IfOutOfRange(%v) does not help: %w", r.c.cfg.outOfRange, missing)}
	}
	r.log(slog.LevelWarn, "the log does not have the offset; going on elsewhere",
		slog.Int64("offset", t.offset), slog.Int64("next", next), slog.Int64("log_start", first), slog.Int64("log_end", end))
	r.feed.seek(next)
	return nil
}

// retryAnyway makes an error count as one that may pass.
type retryAnyway struct{ error }

func (retryAnyway) Retriable() bool { return true }
func (e retryAnyway) Unwrap() error { return e.error }

// never is an end that is never reached.
const never = math.MaxInt64
