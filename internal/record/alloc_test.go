package record

import "testing"

func TestAppendAllocatesNothingWhileThereIsRoom(t *testing.T) {
	headers := []Header{{Key: "trace", Value: benchKey}}
	buf := make([]byte, 0, 1<<20)
	var b Builder
	if got := testing.AllocsPerRun(100, func() {
		b.Reset(buf)
		for i := range 100 {
			b.Append(int64(i), benchKey, benchValue, headers)
		}
		if _, err := b.Seal(Seal{Magic: 2}); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("%v allocations for a batch of 100 records", got)
	}
}

func TestWalkAllocatesNothing(t *testing.T) {
	var b Builder
	for i := range 100 {
		b.Append(int64(i), benchKey, benchValue, nil)
	}
	for _, magic := range []int8{1, 2} {
		set, err := b.Seal(Seal{Magic: magic})
		if err != nil {
			t.Fatal(err)
		}
		var w Walker
		if got := testing.AllocsPerRun(100, func() {
			for rest := set; len(rest) > 0; {
				_, n, _ := ReadBatch(rest)
				walkAll(&w, rest)
				rest = rest[n:]
			}
		}); got != 0 {
			t.Errorf("magic %d: %v allocations for 100 records", magic, got)
		}
	}
}

func TestHeadersAreAllocatedByTheHundred(t *testing.T) {
	var b Builder
	for i := range 1000 {
		b.Append(int64(i), benchKey, benchValue, []Header{{Key: "trace", Value: benchKey}})
	}
	batch, err := b.Seal(Seal{Magic: 2})
	if err != nil {
		t.Fatal(err)
	}
	var w Walker
	if got := testing.AllocsPerRun(100, func() { walkAll(&w, batch) }); got > 2 {
		t.Errorf("%v allocations for 1000 headers, want 2", got)
	}
}
