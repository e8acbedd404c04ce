package producers

import (
	"math"
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// step is one batch sent to a table, and the answer to it.
type step struct {
	epoch       int16
	first, n    int32
	want        kerr.Error
	duplicateOf int64 // base offset of the batch it repeats, -1: none
}

func TestTable(t *testing.T) {
	tests := map[string][]step{
		"sequences in order are appended":            {{0, 0, 3, kerr.None, -1}, {0, 3, 1, kerr.None, -1}, {0, 4, 2, kerr.None, -1}},
		"an unknown producer may begin anywhere":     {{0, 17, 1, kerr.None, -1}, {0, 18, 1, kerr.None, -1}},
		"a gap is refused":                           {{0, 0, 1, kerr.None, -1}, {0, 2, 1, kerr.OutOfOrderSequenceNumber, -1}},
		"one of the last five is a duplicate":        {{0, 0, 1, kerr.None, -1}, {0, 1, 1, kerr.None, -1}, {0, 2, 1, kerr.None, -1}, {0, 3, 1, kerr.None, -1}, {0, 4, 1, kerr.None, -1}, {0, 0, 1, kerr.None, 0}, {0, 4, 1, kerr.None, 4}},
		"the sixth last is out of order":             {{0, 0, 1, kerr.None, -1}, {0, 1, 1, kerr.None, -1}, {0, 2, 1, kerr.None, -1}, {0, 3, 1, kerr.None, -1}, {0, 4, 1, kerr.None, -1}, {0, 5, 1, kerr.None, -1}, {0, 0, 1, kerr.OutOfOrderSequenceNumber, -1}},
		"another size is no duplicate":               {{0, 0, 2, kerr.None, -1}, {0, 0, 1, kerr.OutOfOrderSequenceNumber, -1}},
		"an older epoch is fenced":                   {{1, 0, 1, kerr.None, -1}, {0, 1, 1, kerr.InvalidProducerEpoch, -1}},
		"a new epoch begins at 0":                    {{0, 0, 1, kerr.None, -1}, {1, 1, 1, kerr.OutOfOrderSequenceNumber, -1}, {1, 0, 1, kerr.None, -1}, {1, 1, 1, kerr.None, -1}},
		"sequences wrap to 0 after the largest":      {{0, math.MaxInt32, 1, kerr.None, -1}, {0, 0, 1, kerr.None, -1}},
		"a batch may wrap in its middle":             {{0, math.MaxInt32 - 1, 4, kerr.None, -1}, {0, 2, 1, kerr.None, -1}, {0, math.MaxInt32 - 1, 4, kerr.None, 0}},
		"a new epoch forgets the batches of the old": {{0, 0, 1, kerr.None, -1}, {1, 0, 1, kerr.None, -1}, {1, 0, 1, kerr.None, 1}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			var table Table
			var offset int64
			for i, s := range steps {
				b := Batch{ProducerID: 7, Epoch: s.epoch, BaseSequence: s.first, Count: s.n}
				stored, code := table.Check(b)
				if code != s.want || (stored != nil) != (s.duplicateOf >= 0) {
					t.Fatalf("step %d %+v: got %+v, %v", i, s, stored, code)
				}
				if stored != nil && stored.BaseOffset != s.duplicateOf {
					t.Fatalf("step %d: duplicate of offset %d, want %d", i, stored.BaseOffset, s.duplicateOf)
				}
				if code == kerr.None && stored == nil {
					table.Append(b, Stored{BaseOffset: offset}, time.Unix(0, 0))
					offset += int64(s.n)
				}
			}
		})
	}
}

func TestProducersNotSeenForADayAreForgotten(t *testing.T) {
	var table Table
	now := time.Unix(0, 0)
	for id := range int64(999) {
		table.Append(Batch{ProducerID: id, Count: 1}, Stored{}, now)
	}
	now = now.Add(25 * time.Hour)
	table.Append(Batch{ProducerID: 5000, Count: 1}, Stored{}, now)
	if len(table.producers) != 1 {
		t.Errorf("%d producers are still remembered, want 1", len(table.producers))
	}
}
