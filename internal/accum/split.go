package accum

import (
	"slices"
	"time"

	"github.com/afkak-go/afkak/internal/record"
)

// Split puts a batch that was taken back as two, each with half of the
// records: the broker has refused it as too large, or it has what the broker's
// format has no place for. The halves keep their share of its sequence numbers. It returns false, and changes nothing, where that is
// not possible: a single record, a list that stays together, a batch that has
// ended, or one that an earlier attempt may have stored under its numbers.
// Cancelling is not possible any more for its records.
func (p *Partition) Split(b *Batch) bool {
	if b.count < 2 || b.atomic {
		return false
	}
	parts := []*Batch{b.slice(0, b.count/2), b.slice(b.count/2, b.count)}
	if b.distribute(parts) != nil {
		return false // our own bytes cannot be read: the answer decides
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.finished || b.pinned() {
		return false
	}
	p.proven = false
	p.cfg.Gauge.splits.Add(1)
	p.cfg.Gauge.retried.Add(int64(b.count))
	p.replace(b, parts)
	return true
}

// Divide puts a batch that was taken and sealed back as several, if it came out
// larger than its topic takes and was not sent yet; what Split says of the
// halves goes for them. It reports whether it did.
func (p *Partition) Divide(b *Batch) bool {
	n := min(p.sizes.parts(b.raw, len(b.wire)), b.count)
	if n < 2 || b.atomic || b.attempts > 1 {
		return false
	}
	parts := make([]*Batch, n)
	for i := range parts {
		parts[i] = b.slice(b.count*i/n, b.count*(i+1)/n)
		parts[i].attempts = 0
	}
	if b.distribute(parts) != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.finished {
		return false
	}
	p.cfg.Gauge.splits.Add(1)
	p.replace(b, parts)
	return true
}

// Refused notes that the broker takes no batch as large as b of this topic.
func (p *Partition) Refused(now time.Duration, b *Batch) { p.sizes.refuse(now, len(b.wire)) }

// Rejection is why one record spoils its batch (KIP-467).
type Rejection struct {
	Index int // in the batch
	Err   error
}

// Reject fails the records that a batch was refused for, and puts the others
// back. It returns false, and changes nothing, where the others cannot do
// without them or are not there, and where Split would not.
func (p *Partition) Reject(b *Batch, rejections []Rejection) bool {
	rejections = slices.Clone(rejections)
	slices.SortFunc(rejections, func(x, y Rejection) int { return x.Index - y.Index })
	rejections = slices.CompactFunc(rejections, func(x, y Rejection) bool { return x.Index == y.Index })
	n := len(rejections)
	if n == 0 || n >= b.count || b.atomic || rejections[0].Index < 0 || rejections[n-1].Index >= b.count {
		return false
	}
	parts := b.without(rejections)
	if b.distribute(parts) != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if b.finished || b.pinned() {
		return false
	}
	p.cfg.Gauge.failed.Add(int64(n))
	p.cfg.Gauge.retried.Add(int64(b.count - n))
	p.gap(b, false)
	for _, part := range parts {
		part.unnumber()
	}
	p.replace(b, parts)
	for _, r := range rejections {
		err := p.cfg.explain(p, 1, &FailedError{Attempts: b.attempts, Err: r.Err})
		b.promise.settle(outcome{first: b.first + r.Index, count: 1, base: -1, logAppendTime: -1, err: err}, Lent{})
	}
	return true
}

// pinned tells that the batch may be stored, and cannot be sent in another form
// or to another topic without perhaps being stored twice.
func (b *Batch) pinned() bool { return b.maybe && (b.numbered() || b.renewed != nil) }

// without returns empty batches for the records between those rejected.
func (b *Batch) without(rejections []Rejection) (parts []*Batch) {
	from := 0
	for _, r := range append(rejections, Rejection{Index: b.count}) {
		if r.Index > from {
			parts = append(parts, b.slice(from, r.Index))
		}
		from = r.Index + 1
	}
	return parts
}

// replace puts parts where b was. Called with mu held, for a batch that was
// taken.
func (p *Partition) replace(b *Batch, parts []*Batch) {
	p.sent.remove(b)
	p.inFlight--
	b.promise.divide(b.count)
	p.cfg.Gauge.closed.Add(int64(len(parts)))
	for _, part := range parts {
		part.memory = min(part.builder.Len(), b.memory)
		b.memory -= part.memory
		part.encoded = part.builder.Len()
		p.backlog += part.encoded
		p.waiting.insert(part)
	}
	p.release(b)
}

// slice returns an empty batch for the records from up to to of b, with the
// sequence that they have.
func (b *Batch) slice(from, to int) *Batch {
	part := &Batch{
		part: b.part, promise: b.promise, most: b.most,
		ordinal: b.ordinal, opened: b.opened, first: b.first + from, count: to - from, appended: int32(to - from),
		attempts: b.attempts, displaced: b.displaced,
		producerID: b.producerID, producerEpoch: b.producerEpoch, baseSequence: b.baseSequence,
		maybe: b.maybe, void: b.void, cause: b.cause,
	}
	if b.numbered() {
		part.baseSequence = addSequence(b.baseSequence, from)
	}
	return part
}

// distribute copies the records of a batch to those of the parts that
// they belong to.
func (b *Batch) distribute(parts []*Batch) error {
	return b.walk(func(i int, rec *record.Record) {
		for len(parts) > 0 && b.first+i >= parts[0].first+parts[0].count {
			parts = parts[1:]
		}
		if len(parts) > 0 && b.first+i >= parts[0].first {
			parts[0].builder.Append(rec.Timestamp, rec.Key, rec.Value, rec.Headers)
		}
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
		if err := w.Start(&batch, max(b.raw, b.part.cfg.BatchBytes)+len(rest)); err != nil {
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
