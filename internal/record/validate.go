package record

import "encoding/binary"

// AssignOffsets gives the records of a whole magic 2 batch their offsets,
// from base, and notes the epoch of the leader that appends it: the broker's
// part. The CRC covers neither.
func AssignOffsets(batch []byte, base int64, leaderEpoch int32) {
	binary.BigEndian.PutUint64(batch[offsetAt:], uint64(base))
	binary.BigEndian.PutUint32(batch[leaderEpochAt:], uint32(leaderEpoch))
}

// Validate checks what a broker checks of a batch that a producer sends: the
// CRC, and that its records decompress, within limit bytes (as Walker.Start),
// and decode. In magic 2 there must be records, as many as offsets, and their
// offsets must follow each other from the first.
//
// The error is a *CorruptError, or one of Walker.Start.
func (b *Batch) Validate(limit int) error {
	if err := b.CheckCRC(); err != nil {
		return err
	}
	if b.Magic == 2 {
		if b.Count == 0 {
			return corrupt(b.BaseOffset, "%w", ErrEmpty)
		}
		if offsets := b.LastOffset - b.BaseOffset + 1; offsets != int64(b.Count) {
			return corrupt(b.BaseOffset, "%d records for %d offsets", b.Count, offsets)
		}
	}
	var w Walker
	if err := w.Start(b, limit); err != nil {
		return err
	}
	var r Record
	next := b.BaseOffset
	for w.Next(&r) {
		if b.Magic == 2 && r.Offset != next {
			return corrupt(b.BaseOffset, "record has offset %d, want %d", r.Offset, next)
		}
		next++
	}
	return w.Err()
}
