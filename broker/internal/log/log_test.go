package log

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
)

// fill appends n batches of size bytes, two records each, timestamps 1000,
// 1010, …; batch i is filled with byte i.
func fill(n, size int) *Log {
	l := new(Log)
	for i := range n {
		l.Append(bytes.Repeat([]byte{byte(i)}, size), l.End()+1, int64(1000+10*i))
	}
	return l
}

func TestReadStartsAtTheBatchThatHoldsTheOffset(t *testing.T) {
	l := fill(3, 100)
	for offset, first := range []byte{0, 0, 1, 1, 2, 2} {
		got, err := l.Read(int64(offset), 1000, true)
		if err != nil || len(got) != 100*(3-int(first)) || got[0] != first {
			t.Errorf("offset %d: got %d bytes, first %v, err %v; want batch %d", offset, len(got), got[:1], err, first)
		}
	}
}

func TestReadAtTheEndIsEmptyAndBeyondItOutOfRange(t *testing.T) {
	l := fill(3, 100)
	if got, err := l.Read(6, 1000, true); got != nil || err != nil {
		t.Errorf("at the end: got %v, %v, want nothing", got, err)
	}
	for _, offset := range []int64{-1, 7} {
		if _, err := l.Read(offset, 1000, true); !errors.Is(err, ErrOutOfRange) {
			t.Errorf("offset %d: got %v, want ErrOutOfRange", offset, err)
		}
	}
}

func TestReadCutsAtTheLimitButReturnsTheFirstBatchWhole(t *testing.T) {
	l := fill(3, 100)
	tests := []struct {
		limit      int
		wholeFirst bool
		want       int
	}{
		{150, true, 150}, {150, false, 150}, {100, false, 100}, {10, true, 100}, {10, false, 0}, {0, true, 100}, {0, false, 0}, {-5, false, 0},
	}
	for _, test := range tests {
		got, err := l.Read(0, test.limit, test.wholeFirst)
		if err != nil || len(got) != test.want {
			t.Errorf("%+v: got %d bytes, %v", test, len(got), err)
		}
	}
}

func TestReadCrossesSegments(t *testing.T) {
	const size = 5000
	l := fill(200, size) // several segments of growing size
	if len(l.segments) < 3 {
		t.Fatalf("got %d segments, the test wants more", len(l.segments))
	}
	var want []byte
	for i := range 200 {
		want = append(want, bytes.Repeat([]byte{byte(i)}, size)...)
	}
	for _, limit := range []int{1, size, 20_000, 100_001, 1 << 30} {
		for offset := int64(0); offset < 400; offset += 7 {
			got, err := l.Read(offset, limit, true)
			from := int(offset/2) * size
			to := min(from+max(limit, size), len(want))
			if err != nil || !bytes.Equal(got, want[from:to]) {
				t.Fatalf("offset %d limit %d: got %d bytes, %v, want %d", offset, limit, len(got), err, to-from)
			}
		}
	}
}

func TestReadersKeepWhatTheyReadWhileTheLogGrows(t *testing.T) {
	l := fill(1, 100)
	got, _ := l.Read(0, 1000, true)
	l.Append(bytes.Repeat([]byte{9}, 100), l.End(), 0)
	if len(got) != 100 || cap(got) != 100 || got[99] != 0 {
		t.Errorf("got len %d cap %d last %d, want the old 100 bytes", len(got), cap(got), got[99])
	}
}

func TestABatchLargerThanASegmentHasItsOwn(t *testing.T) {
	l := new(Log)
	l.Append(make([]byte, maxSegmentBytes+1), 0, 0)
	l.Append(make([]byte, 10), 1, 0)
	got, err := l.Read(0, 1, true)
	if err != nil || len(got) != maxSegmentBytes+1 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if got, err = l.Read(1, 1, true); err != nil || len(got) != 10 {
		t.Errorf("second: got %d bytes, %v", len(got), err)
	}
}

func TestBatchSinceFindsTheFirstBatchThatReachesTheTimestamp(t *testing.T) {
	l := fill(200, 5000)
	for _, test := range []struct {
		timestamp int64
		want      int
	}{{0, 0}, {1000, 0}, {1001, 1}, {1990, 99}, {2990, 199}} {
		if got := l.BatchSince(test.timestamp); got == nil || got[0] != byte(test.want) {
			t.Errorf("%d: got %.1v, want batch %d", test.timestamp, got, test.want)
		}
	}
	if got := l.BatchSince(2991); got != nil {
		t.Errorf("later than all: got a batch of %d", got[0])
	}
}

func TestBatchOfMaxTimestampIsTheFirstWithIt(t *testing.T) {
	l := new(Log)
	if got := l.BatchOfMaxTimestamp(); got != nil {
		t.Errorf("empty log: got %v", got)
	}
	for i, timestamp := range []int64{5, 9, 9, 7} {
		l.Append([]byte{byte(i)}, l.End(), timestamp)
	}
	if got := l.BatchOfMaxTimestamp(); len(got) != 1 || got[0] != 1 {
		t.Errorf("got %v, want batch 1", got)
	}
}

func TestAdvanceStartHidesRecordsAndFreesWholeSegments(t *testing.T) {
	l := fill(200, 5000)
	if err := l.AdvanceStart(201); err != nil {
		t.Fatal(err)
	}
	if err := l.AdvanceStart(50); err != nil || l.Start() != 201 {
		t.Errorf("moved back to %d, %v", l.Start(), err)
	}
	if _, err := l.Read(200, 10, true); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("before the start: got %v", err)
	}
	if got, err := l.Read(201, 10, true); err != nil || got[0] != 100 {
		t.Errorf("at the start: got %.1v, %v", got, err)
	}
	if l.Bytes() >= 200*5000 {
		t.Errorf("still %d bytes: nothing was freed", l.Bytes())
	}
	if got := l.BatchSince(0); got[0] != 100 {
		t.Errorf("by timestamp: got batch %d, want 100", got[0])
	}
	if err := l.AdvanceStart(401); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("past the end: got %v", err)
	}
	if err := l.AdvanceStart(400); err != nil || l.Bytes() != 0 || l.Start() != 400 || l.End() != 400 {
		t.Errorf("to the end: %d bytes, start %d, end %d, %v", l.Bytes(), l.Start(), l.End(), err)
	}
	l.Append([]byte{1}, 400, 1)
	if got, err := l.Read(400, 10, true); err != nil || len(got) != 1 {
		t.Errorf("after the emptied log grew: got %v, %v", got, err)
	}
}

func TestRetainKeepsAtLeastTheLimit(t *testing.T) {
	l := fill(200, 5000)
	l.Retain(200_000)
	if l.Bytes() < 200_000 || l.Bytes() >= 1_000_000 || l.Start() == 0 {
		t.Errorf("%d bytes left, start %d", l.Bytes(), l.Start())
	}
	if got, err := l.Read(l.Start(), 10, true); err != nil || len(got) != 5000 {
		t.Errorf("at the new start: %d bytes, %v", len(got), err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{100, 16 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			data := make([]byte, size)
			l := new(Log)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				l.Append(data, l.End(), 0)
				l.Retain(64 << 20)
			}
		})
	}
}
