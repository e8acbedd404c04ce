package cluster

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is how long to wait before trying again: exponential from Min, at
// most Max, each wait off by up to a fifth either way so that clients which
// failed together do not return together.
type Backoff struct{ Min, Max time.Duration }

// After tells how long to wait after so many failures in a row (1 is the
// first). random is between 0 and 1.
func (b Backoff) After(failures int, random float64) time.Duration {
	wait := b.Min
	for range failures - 1 {
		if wait >= b.Max/2 {
			wait = b.Max
			break
		}
		wait *= 2
	}
	wait = min(wait, b.Max)
	return time.Duration(float64(wait) * (0.8 + 0.4*random))
}

// wait waits out one backoff, or returns why waiting ended before.
func (c *Cluster) wait(ctx context.Context, failures int) error {
	return c.sleep(ctx, c.cfg.RetryBackoff.After(failures, rand.Float64()))
}

func (c *Cluster) sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-c.ctx.Done():
		return ErrClosed
	}
}
