package accum

import "sync/atomic"

// Gauge counts the batches of all partitions that share it, and what became of
// them and their records: that before their promise is settled, so that who has
// seen a record's outcome finds it counted. All of it is counted by the batch.
type Gauge struct {
	open   atomic.Int64 // being appended to
	closed atomic.Int64 // waiting or in flight

	stored, retried, failed atomic.Int64 // records

	batches          atomic.Int64 // stored
	raw, wire, limit atomic.Int64 // bytes of those
	splits           atomic.Int64
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

// Batches returns how many batches have been stored: all records of Stored were
// in them.
func (g *Gauge) Batches() int64 { return g.batches.Load() }

// RawBytes returns the size of Batches before compression.
func (g *Gauge) RawBytes() int64 { return g.raw.Load() }

// WireBytes returns the size of Batches as they were sent.
func (g *Gauge) WireBytes() int64 { return g.wire.Load() }

// LimitBytes returns what Batches would have had in RawBytes, had they all been
// full.
func (g *Gauge) LimitBytes() int64 { return g.limit.Load() }

// Splits returns how often a batch was cut in two, see [Partition.Split].
func (g *Gauge) Splits() int64 { return g.splits.Load() }

// countStored counts a batch that is stored and has its wire form still.
func (g *Gauge) countStored(b *Batch) {
	g.stored.Add(int64(b.count))
	g.batches.Add(1)
	g.raw.Add(int64(b.raw))
	g.wire.Add(int64(len(b.wire)))
	g.limit.Add(int64(b.most))
}
