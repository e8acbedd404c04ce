package afkak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/fetch"
	"github.com/afkak-go/afkak/kerr"
)

// consumerRun is a consumer's fetching from a start until it is stopped or
// fails. Its keeper, one goroutine, finds the leader, the start and the end,
// and sees to all that goes wrong; a second one commits from time to time
// where that is asked for. Both end with stop, or with the client.
type consumerRun struct {
	c     *Consumer
	feed  *feed
	stop  context.CancelFunc
	ended chan struct{} // closed when the keeper has ended; Close waits
	nudge chan struct{} // has a token when a commit is due by number

	// The turn's own; c.mu guards them between turns.
	reader fetch.Reader
	reads  bool  // reader has had a chunk
	from   int32 // the broker that sent it

	// The keeper's own.
	failures     int       // in a row
	unknownSince time.Time // since when the brokers do not know the partition
}

// leader is who leads the partition, by one picture of the cluster.
type leader struct {
	broker     int32
	addr       string
	epoch      int32
	generation uint64
}

func (l leader) String() string { return fmt.Sprintf("broker %d (%s)", l.broker, l.addr) }

// permanent marks an error that trying again does not mend.
type permanent struct{ error }

func (e permanent) Unwrap() error { return e.error }

// startRun starts fetching. c.mu is held.
func (c *Consumer) startRun() *consumerRun {
	ctx, cancel := context.WithCancel(doneContext{c.client.done})
	r := &consumerRun{
		c: c, feed: newFeed(c.topic, c.partition, &c.cfg.fetch), stop: cancel,
		ended: make(chan struct{}), nudge: make(chan struct{}, 1),
	}
	if c.feed != nil {
		r.feed.remember(c.feed)
	}
	c.feed = r.feed
	r.feed.budget = &c.client.fetchers.budget
	r.reader.OnInflate = r.feed.inflate
	r.reader.Limit = c.cfg.fetch.maxBatchBytes
	if c.cfg.skipCorrupt {
		r.reader.OnCorrupt = r.skipped
	}
	c.client.fetchers.start(func() { r.keep(ctx) }) // ends with r.stop, the client, or a failure
	if c.cfg.commitEvery > 0 || c.cfg.commitPeriod > 0 {
		c.client.fetchers.start(func() { r.commitNowAndThen(ctx) }) // ends with r.stop or the client
	}
	return r
}

// rewind makes the reader stand at offset, if it can without fetching again.
// The caller has the turn, or holds c.mu while nobody has it.
func (r *consumerRun) rewind(offset int64) bool {
	if !r.reads || r.reader.Position() == offset {
		return true
	}
	return r.reader.Rewind(offset)
}

func (r *consumerRun) skipped(from, to int64, err error) {
	r.log(slog.LevelWarn, "passed over a corrupt batch", slog.Int64("from", from), slog.Int64("to", to), slog.Any("err", err))
}

func (r *consumerRun) log(level slog.Level, msg string, attrs ...slog.Attr) {
	attrs = append(attrs, slog.String("topic", r.c.topic), slog.Int("partition", int(r.c.partition)))
	r.c.client.logger.LogAttrs(context.Background(), level, msg, attrs...)
}

// keep is the keeper.
func (r *consumerRun) keep(ctx context.Context) {
	defer close(r.ended)
	defer r.stop()
	err := r.follow(ctx)
	r.c.client.fetchers.detach(r.feed)
	if ctx.Err() != nil { // stopped, when nobody cares, or the client is closed
		err = fmt.Errorf("consume %s/%d: %w", r.c.topic, r.c.partition, ErrClosed)
	}
	r.c.fail(r, err)
	r.feed.close(err)
}

// follow keeps the feed attached to whoever leads, until something happens
// that waiting does not mend.
func (r *consumerRun) follow(ctx context.Context) error {
	for {
		lead, err := r.leader(ctx)
		if err == nil {
			err = r.settle(ctx, lead)
		}
		if err == nil {
			err = r.attend(ctx, lead)
		}
		if err == nil {
			continue
		}
		if err := r.endure(ctx, lead, err); err != nil {
			return err
		}
	}
}

// leader finds out who leads the partition.
func (r *consumerRun) leader(ctx context.Context) (leader, error) {
	none := leader{broker: -1}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	topic, err := r.c.client.cluster.Topic(ctx, r.c.topic, false)
	if err != nil {
		return none, err
	}
	lead, err := r.leaderIn(topic)
	if err != nil {
		r.c.client.cluster.Stale(topic.Generation, r.c.topic)
	}
	return lead, err
}

// attend lets the leader be asked until there is another, or trouble.
func (r *consumerRun) attend(ctx context.Context, lead leader) error {
	fetchers := &r.c.client.fetchers
	fetchers.attach(r.feed, fetcherKey{lead.broker, r.c.cfg.fetch.shared}, lead.epoch)
	defer fetchers.detach(r.feed)
	if r.failures == 0 {
		r.c.note(r, State{Kind: StateWaiting, Reason: "asking " + lead.String()})
	}
	for {
		changed := r.c.client.cluster.Changed()
		if r.moved(lead) {
			return nil
		}
		select {
		case <-r.feed.calls:
			trouble, proven := r.feed.health()
			if trouble != nil {
				return r.resolve(ctx, lead, trouble)
			}
			if proven {
				r.well()
			}
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// well notes that the leader answers.
func (r *consumerRun) well() {
	if r.failures > 0 {
		r.log(slog.LevelInfo, "fetching again", slog.Int("failures", r.failures))
	}
	r.failures, r.unknownSince = 0, time.Time{}
	r.c.note(r, State{Kind: StateFetching})
}

// resolve deals with what keeps the leader from answering.
func (r *consumerRun) resolve(ctx context.Context, lead leader, t *trouble) error {
	switch t.verdict {
	case fetch.OutOfRange:
		return r.reposition(ctx, lead, t)
	case fetch.Moved:
		r.c.client.cluster.Stale(lead.generation, r.c.topic)
	case fetch.Failed:
		return permanent{r.c.fetchFailure(t.offset, lead.broker, lead.addr, t.err)}
	}
	return r.c.fetchFailure(t.offset, lead.broker, lead.addr, retryAnyway{t.err})
}

// endure waits before the next try, or returns why there should be none.
func (r *consumerRun) endure(ctx context.Context, lead leader, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	r.failures++
	if final := r.final(err); final != nil {
		return final
	}
	wait := r.c.cfg.backoff().After(r.failures, rand.Float64())
	r.c.note(r, State{Kind: StateWaiting, Reason: err.Error(), Err: err})
	r.log(slog.LevelWarn, "will try again", slog.Any("err", err), slog.Duration("wait", wait), slog.Int("broker", int(lead.broker)))
	sleep(ctx, wait)
	return nil // an ended ctx is found by whoever uses it next
}

// final returns the error to end with when err is not to be endured.
func (r *consumerRun) final(err error) error {
	var last permanent
	switch {
	case errors.As(err, &last):
		return last.error
	case errors.Is(err, ErrClosed), r.stranger(err):
		return err
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return r.unknown(err)
	case !Retriable(err) && !errors.Is(err, context.DeadlineExceeded): // the deadline is patience
		return err
	case r.c.cfg.retries > 0 && r.failures > r.c.cfg.retries:
		return fmt.Errorf("gave up after %d tries: %w", r.failures, err)
	}
	return nil
}

// stranger tells that no broker of the cluster has ever answered: its address
// is probably wrong.
func (r *consumerRun) stranger(err error) bool {
	var unreachable *UnreachableError
	return errors.As(err, &unreachable) && r.c.client.cluster.Picture().Generation == 0
}

// unknown bounds how long a partition may be unknown.
func (r *consumerRun) unknown(err error) error {
	now := time.Now()
	if r.unknownSince.IsZero() {
		r.unknownSince = now
	}
	if now.Sub(r.unknownSince) < r.c.cfg.unknownTopic {
		return nil
	}
	return fmt.Errorf("consume %s/%d: still unknown to the brokers after %v (WithUnknownTopicTimeout): %w",
		r.c.topic, r.c.partition, r.c.cfg.unknownTopic, err)
}

// commitNowAndThen commits each time that enough records were processed, or
// enough time has passed.
func (r *consumerRun) commitNowAndThen(ctx context.Context) {
	var tick <-chan time.Time
	if period := r.c.cfg.commitPeriod; period > 0 {
		ticker := time.NewTicker(period)
		defer ticker.Stop()
		tick = ticker.C
	}
	for {
		select {
		case <-tick:
		case <-r.nudge:
		case <-ctx.Done():
			return
		}
		if r.c.commitPoint() <= r.c.Committed() {
			continue
		}
		if err := r.c.Commit(ctx); err != nil && ctx.Err() == nil {
			r.log(slog.LevelError, "automatic commit failed", slog.Any("err", err))
		}
	}
}

func (c *consumerConfig) backoff() cluster.Backoff {
	return cluster.Backoff{Min: c.minBackoff, Max: c.maxBackoff}
}
