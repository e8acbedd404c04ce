package afkak

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"
)

func recorded(durations ...time.Duration) Latency {
	var r latencyRecorder
	for _, d := range durations {
		r.record(d)
	}
	return r.latency()
}

func TestLatencyBucketsFollowOneAnotherAndAreAtMostAnEighthWide(t *testing.T) {
	first := time.Duration(0)
	for i := range latencyBuckets {
		end := latencyBound(i)
		if latencyBucket(first) != i || latencyBucket(end-1) != i {
			t.Errorf("bucket %d from %v to %v: its ends are in %d and %d", i, first, end, latencyBucket(first), latencyBucket(end-1))
		}
		if width := end - first; width > max(time.Microsecond, first/8) {
			t.Errorf("bucket %d from %v to %v is %v wide", i, first, end, width)
		}
		first = end
	}
	if first != latencyMax {
		t.Errorf("the last bucket ends at %v, want %v", first, latencyMax)
	}
	for _, d := range []time.Duration{latencyMax, math.MaxInt64} {
		if got := latencyBucket(d); got != latencyBuckets-1 {
			t.Errorf("%v: got bucket %d", d, got)
		}
	}
	if got := latencyBucket(-time.Hour); got != 0 {
		t.Errorf("a negative duration: got bucket %d", got)
	}
}

func TestLatencyQuantilesAreNeverTooLowAndAnEighthTooHighAtMost(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 50 {
		durations := make([]time.Duration, 1+rng.IntN(2000))
		var sum time.Duration
		for i := range durations {
			durations[i] = time.Duration(math.Exp(rng.Float64() * math.Log(float64(latencyMax))))
			sum += durations[i]
		}
		l := recorded(durations...)
		if l.Count != int64(len(durations)) || l.Sum != sum || l.Mean() != sum/time.Duration(l.Count) {
			t.Fatalf("got %d in %v, mean %v; want %d in %v", l.Count, l.Sum, l.Mean(), len(durations), sum)
		}
		slices.Sort(durations)
		for _, q := range []float64{-1, 0, 0.001, 0.25, 0.5, 0.99, 0.999, 1} {
			rank := min(max(int(math.Ceil(q*float64(len(durations)))), 1), len(durations))
			want := durations[rank-1]
			if got := l.Quantile(q); got < want || got > want+max(want/8, time.Microsecond) {
				t.Fatalf("quantile %v of %d: got %v, want %v", q, len(durations), got, want)
			}
		}
	}
}

func TestLatencyOfNothingIsZero(t *testing.T) {
	for _, l := range []Latency{{}, recorded(), recorded(time.Second).Since(recorded(time.Second))} {
		if l.Quantile(0.5) != 0 || l.Mean() != 0 || l.Count != 0 {
			t.Errorf("got %v", l)
		}
	}
}

func TestLatencySinceIsWhatCameAfter(t *testing.T) {
	var r latencyRecorder
	r.record(time.Hour) // longer than is told apart
	before := r.latency()
	if before.Sum != time.Hour || before.Quantile(1) != latencyMax {
		t.Errorf("got %v, sum %v", before, before.Sum)
	}
	r.record(time.Millisecond)
	r.record(3 * time.Millisecond)
	got := r.latency().Since(before)
	if got.Count != 2 || got.Sum != 4*time.Millisecond || got.Quantile(1) > 4*time.Millisecond {
		t.Errorf("got %v, sum %v", got, got.Sum)
	}
}

func TestLatencyIsRecordedByManyAtOnceWithoutAllocating(t *testing.T) {
	var r latencyRecorder
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range 1000 {
				r.record(time.Duration(i) * time.Microsecond)
				if i%100 == 0 {
					_ = r.latency()
				}
			}
		})
	}
	wg.Wait()
	if l := r.latency(); l.Count != 4000 {
		t.Errorf("got %d, want 4000", l.Count)
	}
	if n := testing.AllocsPerRun(100, func() { r.record(time.Millisecond) }); n != 0 {
		t.Errorf("record: %v allocations", n)
	}
}
