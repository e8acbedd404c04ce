package accum

import "sync/atomic"

// Gauge counts the batches of all partitions that share it.
type Gauge struct {
	open   atomic.Int64 // being appended to
	closed atomic.Int64 // waiting or in flight
}

// Open returns how many batches can still be appended to.
func (g *Gauge) Open() int64 { return g.open.Load() }

// Closed returns how many batches wait or are in flight.
func (g *Gauge) Closed() int64 { return g.closed.Load() }

// Held returns how many batches are not finished.
func (g *Gauge) Held() int64 { return g.open.Load() + g.closed.Load() }
