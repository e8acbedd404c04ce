// Package producers is what one partition remembers of its idempotent
// producers (KIP-98): their epoch and their last five batches, so that a batch
// that was sent again is answered and not stored again.
//
// It is pure: no lock, no goroutine, no clock. The caller serialises its calls.
package producers

import (
	"math"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// remembered is how many batches of one producer can be recognised when they
// are sent again: as many as a producer may have in flight (KAFKA-5494).
const remembered = 5

// Batch is the identity of a batch as its producer wrote it.
type Batch struct {
	ProducerID   int64
	Epoch        int16
	BaseSequence int32
	Count        int32 // records in it; at least 1
}

// lastSequence counts from 0 again after the largest int32.
func (b Batch) lastSequence() int32 {
	return int32((int64(b.BaseSequence) + int64(b.Count) - 1) & math.MaxInt32)
}

// Stored is where a batch went.
type Stored struct {
	BaseOffset int64
	Timestamp  int64 // the batch's largest, ms since the epoch
}

// Table holds the producers of one partition. The zero value knows none.
type Table struct {
	producers map[int64]*producer
	sweepAt   int // size at which expired producers are looked for
}

type producer struct {
	epoch   int16
	batches []span // oldest first, remembered of them at most
	seen    time.Time
}

type span struct {
	first, last int32 // sequences
	stored      Stored
}

// Check says whether a batch may be appended. A batch that is one of the
// producer's last five is answered with where it was stored, and is not to be
// appended. Codes are InvalidProducerEpoch and OutOfOrderSequenceNumber; a
// producer that is not known may begin with any sequence, as its earlier
// batches may have been deleted (KIP-360).
func (t *Table) Check(b Batch) (*Stored, kerr.Error) {
	p, ok := t.producers[b.ProducerID]
	if !ok {
		return nil, kerr.None
	}
	switch {
	case b.Epoch < p.epoch:
		return nil, kerr.InvalidProducerEpoch
	case b.Epoch > p.epoch:
		if b.BaseSequence != 0 {
			return nil, kerr.OutOfOrderSequenceNumber
		}
		return nil, kerr.None
	}
	if stored := p.find(b); stored != nil {
		return stored, kerr.None
	}
	if next := p.nextSequence(); b.BaseSequence != next {
		return nil, kerr.OutOfOrderSequenceNumber
	}
	return nil, kerr.None
}

// Append remembers a batch that was stored.
func (t *Table) Append(b Batch, stored Stored, now time.Time) {
	if t.producers == nil {
		t.producers = make(map[int64]*producer)
	}
	p, ok := t.producers[b.ProducerID]
	if !ok {
		p = new(producer)
		t.producers[b.ProducerID] = p
	}
	if p.epoch != b.Epoch {
		p.epoch, p.batches = b.Epoch, nil
	}
	if len(p.batches) == remembered {
		copy(p.batches, p.batches[1:])
		p.batches = p.batches[:remembered-1]
	}
	p.batches = append(p.batches, span{b.BaseSequence, b.lastSequence(), stored})
	p.seen = now
	t.sweep(now)
}

// expiration is Kafka's default of producer.id.expiration.ms.
const expiration = 24 * time.Hour

// sweep forgets expired producers each time that their number has doubled.
func (t *Table) sweep(now time.Time) {
	if len(t.producers) < max(t.sweepAt, 1000) {
		return
	}
	for id, p := range t.producers {
		if now.Sub(p.seen) > expiration {
			delete(t.producers, id)
		}
	}
	t.sweepAt = 2 * len(t.producers)
}

func (p *producer) find(b Batch) *Stored {
	for i := range p.batches {
		if s := &p.batches[i]; s.first == b.BaseSequence && s.last == b.lastSequence() {
			return &s.stored
		}
	}
	return nil
}

func (p *producer) nextSequence() int32 {
	return int32((int64(p.batches[len(p.batches)-1].last) + 1) & math.MaxInt32)
}
