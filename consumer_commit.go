package afkak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
)

// Commit commits what is processed under the group's name: the offset of the
// next record to process. In a Records loop that is the record in hand, and in
// a processor function the first one that the function was given.
//
// Commits that are asked for while one is under way are joined into one, and
// each try sends the latest offset there is. It is retried as
// [WithConsumerRetries] says, until ctx ends.
func (c *Consumer) Commit(ctx context.Context) error {
	return c.commit(ctx, c.commitPoint())
}

// CommitRecord commits the offset behind rec, so that rec itself counts as
// processed. rec is one that this consumer delivered.
func (c *Consumer) CommitRecord(ctx context.Context, rec Record) error {
	if rec.Topic != c.topic || rec.Partition != c.partition {
		return fmt.Errorf("commit %s/%d: the record is of %s/%d", c.topic, c.partition, rec.Topic, rec.Partition)
	}
	if err := c.commit(ctx, rec.Offset+1); err != nil {
		return err
	}
	c.countByHand(rec.Offset + 1)
	return nil
}

// countByHand counts what lies below next as processed: at the end of the turn
// whose record it is, or at once when that turn has ended.
func (c *Consumer) countByHand(next int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.turn != nil {
		c.byHand.Store(next)
		return
	}
	if processed := c.processed.Load(); processed >= 0 && next > processed {
		c.processed.Store(next)
	}
}

// CommitOffset commits next as the offset of the next record to process,
// whatever the consumer itself has processed. It does not move the consumer.
func (c *Consumer) CommitOffset(ctx context.Context, next int64) error {
	if next < 0 {
		return fmt.Errorf("commit %s/%d: offset %d is negative", c.topic, c.partition, next)
	}
	return c.commit(ctx, next)
}

func (c *Consumer) commit(ctx context.Context, next int64) error {
	if c.cfg.group == "" {
		return fmt.Errorf("commit %s/%d: %w", c.topic, c.partition, errNoGroup)
	}
	if next < 0 { // not even started
		return nil
	}
	err := c.commits.commit(ctx, next)
	var failed *OffsetError
	if err == nil || errors.As(err, &failed) {
		return err
	}
	return &OffsetError{Op: "commit", Group: c.cfg.group, Topic: c.topic, Partition: c.partition, Broker: -1, Err: err}
}

// commitPoint is what Commit commits: what is processed, with what of the
// records in hand was committed by hand.
func (c *Consumer) commitPoint() int64 {
	processed := c.processed.Load()
	if processed < 0 {
		return -1
	}
	return max(processed, min(c.byHand.Load(), processed+c.inHand.Load()))
}

// committer sends one commit at a time and joins those asked for meanwhile.
type committer struct {
	send    func(ctx context.Context, offset int64) error
	backoff cluster.Backoff
	retries int // in a row; 0: without end

	mu      sync.Mutex
	target  int64      // what the next try sends
	sent    int64      // what was last committed, -1: nothing
	failing error      // of the last try; nil when it succeeded
	since   time.Time  // when the first in a row failed
	joined  *commitRun // not begun: whoever asks now joins it
	current *commitRun // under way
}

// commitRun is one commit with its retries, for all who wait for it.
type commitRun struct {
	done    chan struct{}
	cancel  context.CancelFunc // when the last waiter has left; set when it begins
	waiters int
	err     error // of the last try; final when done is closed. Guarded by the committer's mu until then.
}

func newCommitter(send func(context.Context, int64) error, backoff cluster.Backoff, retries int) *committer {
	return &committer{send: send, backoff: backoff, retries: retries, sent: -1}
}

// committed is the offset last committed, -1 if none.
func (m *committer) committed() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sent
}

// found notes the offset that the group had committed before.
func (m *committer) found(offset int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sent < 0 {
		m.sent = offset
	}
}

// commit commits offset, or a later one that others ask for meanwhile.
func (m *committer) commit(ctx context.Context, offset int64) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	run := m.join(offset)
	select {
	case <-run.done:
		return run.err
	case <-ctx.Done():
		return fmt.Errorf("%w%s", context.Cause(ctx), m.leave(run))
	}
}

func (m *committer) join(offset int64) *commitRun {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.target = offset
	if m.joined == nil {
		m.joined = &commitRun{done: make(chan struct{})}
	}
	run := m.joined
	run.waiters++
	if m.current == nil {
		m.begin()
	}
	return run
}

// begin starts the joined run, if there is one. m.mu is held.
func (m *committer) begin() {
	run := m.joined
	m.current, m.joined = run, nil
	if run == nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	run.cancel = cancel
	go m.work(ctx, run) // ends with the commit, or when nobody waits for it
}

// leave gives up waiting for run; the last one to leave ends it. It returns
// what went wrong so far, as the end of a sentence.
func (m *committer) leave(run *commitRun) (sofar string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if run.err != nil {
		sofar = ", while trying again because of " + run.err.Error()
	}
	run.waiters--
	switch {
	case run.waiters > 0:
	case run.cancel != nil:
		run.cancel()
	case m.joined == run:
		m.joined = nil
	}
	return sofar
}

func (m *committer) work(ctx context.Context, run *commitRun) {
	err := m.try(ctx, run)
	run.cancel()
	m.mu.Lock()
	defer m.mu.Unlock()
	run.err = err
	close(run.done)
	m.begin()
}

// try sends the latest target until that succeeds, or is of no use.
func (m *committer) try(ctx context.Context, run *commitRun) error {
	for failures := 1; ; failures++ {
		m.mu.Lock()
		offset := m.target
		m.mu.Unlock()
		err := m.send(ctx, offset)
		m.note(run, offset, err)
		if err == nil {
			return nil
		}
		if !Retriable(err) || (m.retries > 0 && failures > m.retries) || ctx.Err() != nil {
			return err
		}
		if !sleep(ctx, m.backoff.After(failures, rand.Float64())) {
			return err
		}
	}
}

// note notes what became of a try. One that was given up says nothing.
func (m *committer) note(run *commitRun, offset int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	run.err = err
	switch {
	case err == nil:
		m.sent, m.failing = offset, nil
	case run.waiters == 0:
	default:
		if m.failing == nil {
			m.since = time.Now()
		}
		m.failing = err
	}
}

// trouble is since when commits fail, and why; nil while they do not.
func (m *committer) trouble() (since time.Time, failing error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failing == nil {
		return time.Time{}, nil
	}
	return m.since, m.failing
}

// sleep waits for d and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
