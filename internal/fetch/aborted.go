package fetch

import (
	"cmp"
	"slices"

	"github.com/afkak-go/afkak/internal/record"
)

// abortedFilter tells, batch by batch in the order of the log, which belong to
// aborted transactions.
type abortedFilter struct {
	coming []AbortedTransaction // by FirstOffset; those reached are cut off
	open   map[int64]struct{}   // producers inside an aborted transaction
}

func newAbortedFilter(list []AbortedTransaction) abortedFilter {
	if len(list) == 0 {
		return abortedFilter{}
	}
	coming := slices.Clone(list)
	slices.SortFunc(coming, func(a, b AbortedTransaction) int { return cmp.Compare(a.FirstOffset, b.FirstOffset) })
	return abortedFilter{coming: coming, open: make(map[int64]struct{})}
}

// drops reports whether the batch belongs to an aborted transaction. It must
// see every batch of the chunk once, markers included.
func (f *abortedFilter) drops(b *record.Batch) bool {
	for len(f.coming) > 0 && f.coming[0].FirstOffset <= b.LastOffset {
		f.open[f.coming[0].ProducerID] = struct{}{}
		f.coming = f.coming[1:]
	}
	if len(f.open) == 0 {
		return false
	}
	if b.IsControl { // the abort marker: an open transaction ends with no other
		delete(f.open, b.ProducerID)
		return true
	}
	_, open := f.open[b.ProducerID]
	return open && b.IsTransactional
}
