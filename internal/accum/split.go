package accum

import (
	"github.com/afkak-go/afkak/internal/record"
)

// Split puts a batch that was taken back as two, each with half of the
// records: the broker has refused it as too large, or it has what the broker's
// format has no place for, so surely nothing of it is stored. It returns false, and changes nothing, where that is not possible: a
// single record, a list that stays together, or a batch that has ended.
// Cancelling is not possible any more for its records.
func (p *Partition) Split(b *Batch) bool {
	if b.count < 2 || b.atomic {
		return false
	}
	first, second := b.slice(0, b.count/2), b.slice(b.count/2, b.count)
	if b.distribute(first, second) != nil {
		return false // our own bytes cannot be read: the answer decides
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.finished {
		return false
	}
	p.sent.remove(b)
	p.inFlight--
	b.promise.divide(b.count)
	first.memory = min(first.builder.Len(), b.memory)
	second.memory = min(second.builder.Len(), b.memory-first.memory)
	b.memory -= first.memory + second.memory
	p.cfg.Gauge.closed.Add(2)
	p.waiting.insert(first)
	p.waiting.insert(second)
	p.release(b)
	return true
}

// slice returns an empty batch for the records from up to to of b, with the
// sequence that they have.
func (b *Batch) slice(from, to int) *Batch {
	part := &Batch{
		part: b.part, promise: b.promise,
		ordinal: b.ordinal, opened: b.opened, first: b.first + from, attempts: b.attempts,
		producerID: b.producerID, producerEpoch: b.producerEpoch, baseSequence: b.baseSequence,
		maybe: b.maybe, cause: b.cause,
	}
	if b.baseSequence >= 0 {
		part.baseSequence = addSequence(b.baseSequence, from)
	}
	return part
}

// distribute copies the records of a sealed batch: as many to first as there
// are before second's.
func (b *Batch) distribute(first, second *Batch) error {
	return b.walk(func(i int, rec *record.Record) {
		to := first
		if i >= second.first-b.first {
			to = second
		}
		to.builder.Append(rec.Timestamp, rec.Key, rec.Value, rec.Headers)
		to.count++
		to.appended++
	})
}

// Reopen undoes [Batch.Seal], so that the batch can be sealed in another
// format: a broker that does not read the old one leads the partition now.
// Only the one who took the batch may call it.
func (b *Batch) Reopen() error {
	var builder record.Builder
	err := b.walk(func(_ int, rec *record.Record) {
		builder.Append(rec.Timestamp, rec.Key, rec.Value, rec.Headers)
	})
	if err == nil {
		b.builder, b.wire = builder, nil
	}
	return err
}

// walk visits the records of the batch, sealed or not.
func (b *Batch) walk(visit func(i int, rec *record.Record)) error {
	var w record.Walker
	var rec record.Record
	i := 0
	rest := b.wire
	if rest == nil { // it could not be sealed for its broker; in the newest format it can, in place
		var err error
		if rest, err = b.builder.Seal(record.Seal{Magic: 2}); err != nil {
			return err
		}
	}
	for len(rest) > 0 {
		batch, n, err := record.ReadBatch(rest)
		if err != nil {
			return err
		}
		rest = rest[n:]
		if err := w.Start(&batch, b.part.cfg.BatchBytes+len(rest)); err != nil {
			return err
		}
		for ; w.Next(&rec); i++ {
			visit(i, &rec)
		}
		if err := w.Err(); err != nil {
			return err
		}
	}
	return nil
}
