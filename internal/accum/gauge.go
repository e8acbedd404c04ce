package accum

import "sync/atomic"

// Gauge counts the batches of all partitions that share it, and what became of
// their records: that before their promise is settled, so that who has seen a
// record's outcome finds it counted.
type Gauge struct {
	open   atomic.Int64 // being appended to
	closed atomic.Int64 // waiting or in flight

	stored, retried, failed atomic.Int64 // records
}

// Open returns how many batches can still be appended to.
func (g *Gauge) Open() int64 { return g.open.Load() }

// Closed returns how many batches wait or are in flight.
func (g *Gauge) Closed() int64 { return g.closed.Load() }

// Held returns how many batches are not finished.
func (g *Gauge) Held() int64 { return g.open.Load() + g.closed.Load() }

// Stored returns how many records have been stored.
func (g *Gauge) Stored() int64 { return g.stored.Load() }

// Retried returns how many records have been put back to be sent again, each
// time that they were.
func (g *Gauge) Retried() int64 { return g.retried.Load() }

// Failed returns how many records have failed. Those that were cancelled have
// not.
func (g *Gauge) Failed() int64 { return g.failed.Load() }
