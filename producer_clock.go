package afkak

import (
	"sync/atomic"
	"time"
)

// coarseClock stamps records without reading the system's clock for each. Its
// reading is at most about a millisecond old. The goroutine that moves it on
// runs while the clock is read and rests soon after, so an idle producer costs
// nothing.
type coarseClock struct {
	millis atomic.Int64 // since the epoch; 0 while the goroutine rests
	wake   chan struct{}
}

const (
	clockTick  = time.Millisecond
	clockTicks = 64 // before it rests; the next reader wakes it again
)

func newCoarseClock() *coarseClock {
	return &coarseClock{wake: make(chan struct{}, 1)}
}

// now returns the time in milliseconds since the epoch.
func (c *coarseClock) now() int64 {
	if millis := c.millis.Load(); millis != 0 {
		return millis
	}
	return c.wakeUp()
}

func (c *coarseClock) wakeUp() int64 {
	millis := time.Now().UnixMilli()
	select {
	case c.wake <- struct{}{}:
	default:
	}
	return millis
}

// run moves the clock until stop is closed.
func (c *coarseClock) run(stop <-chan struct{}) {
	ticker := time.NewTicker(clockTick)
	defer ticker.Stop()
	for {
		ticker.Stop()
		c.millis.Store(0)
		select {
		case <-c.wake:
		case <-stop:
			return
		}
		c.millis.Store(time.Now().UnixMilli())
		ticker.Reset(clockTick)
		for range clockTicks {
			select {
			case <-ticker.C:
				c.millis.Store(time.Now().UnixMilli())
			case <-stop:
				c.millis.Store(0)
				return
			}
		}
	}
}
