package afkak

import (
	"fmt"
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Latency says how long something took, each time that it was done: how often,
// and with [Latency.Quantile] how long. It is a value that does not change.
// The zero Latency has seen nothing.
type Latency struct {
	Count int64         // how often it was done
	Sum   time.Duration // how long that took together

	buckets []int64 // by latencyBucket, without the empty ones at the end
}

// Quantile returns how long it took at most in the fraction q of the cases: the
// median for 0.5, the slowest for 1. It is 0 if nothing was seen. What it
// returns is never too low, and too high by an eighth at most, or by a
// microsecond where that is more. All that took longer than 268 seconds took
// 268 seconds here.
func (l Latency) Quantile(q float64) time.Duration {
	rank := max(int64(math.Ceil(q*float64(l.Count))), 1)
	for i, n := range l.buckets {
		if rank -= n; rank <= 0 {
			return latencyBound(i)
		}
	}
	return 0
}

// Mean returns how long it took on average, 0 if nothing was seen.
func (l Latency) Mean() time.Duration {
	if l.Count == 0 {
		return 0
	}
	return l.Sum / time.Duration(l.Count)
}

// Since returns what was seen after an earlier state of the same Latency.
func (l Latency) Since(earlier Latency) Latency {
	return l.combine(earlier, -1)
}

// String names the number and three quantiles.
func (l Latency) String() string {
	return fmt.Sprintf("%d, median %v, 99%% %v, slowest %v", l.Count, l.Quantile(0.5), l.Quantile(0.99), l.Quantile(1))
}

// combine adds other, or takes it out, by its sign.
func (l Latency) combine(other Latency, sign int64) Latency {
	sum := Latency{
		Count: l.Count + sign*other.Count, Sum: l.Sum + time.Duration(sign)*other.Sum,
		buckets: make([]int64, max(len(l.buckets), len(other.buckets))),
	}
	copy(sum.buckets, l.buckets)
	for i, n := range other.buckets {
		sum.buckets[i] += sign * n
	}
	return sum
}

// A latency is counted in microseconds. Below eight of them each has its own
// bucket, and from then on each power of two has eight of the same width: so a
// bucket is never wider than an eighth of what is in it.
const (
	latencyBits    = 28 // of the largest number of microseconds that has a bucket
	latencyFine    = 3  // bits that tell the buckets of a power of two apart
	latencyBuckets = (latencyBits - latencyFine + 1) << latencyFine
	latencyMax     = 1 << latencyBits * time.Microsecond // 268 s: what took longer is in the last bucket
)

// latencyBucket returns the bucket of a duration.
func latencyBucket(d time.Duration) int {
	us := uint64(min(max(d, 0), latencyMax-1) / time.Microsecond)
	octave := max(bits.Len64(us)-latencyFine-1, 0)
	return octave<<latencyFine + int(us>>octave)
}

// latencyBound returns the end of a bucket: what is in it is shorter.
func latencyBound(bucket int) time.Duration {
	octave := max(bucket>>latencyFine-1, 0)
	us := (bucket - octave<<latencyFine + 1) << octave
	return time.Duration(us) * time.Microsecond
}

// latencyRecorder makes a [Latency] grow. Safe for concurrent use, and cheap: to
// record takes two atomic additions.
type latencyRecorder struct {
	sum     atomic.Int64
	buckets [latencyBuckets]atomic.Int64
}

func (r *latencyRecorder) record(d time.Duration) {
	r.sum.Add(int64(max(d, 0)))
	r.buckets[latencyBucket(d)].Add(1)
}

func (r *latencyRecorder) latency() Latency {
	l := Latency{Sum: time.Duration(r.sum.Load()), buckets: make([]int64, latencyBuckets)}
	used := 0
	for i := range r.buckets {
		if l.buckets[i] = r.buckets[i].Load(); l.buckets[i] > 0 {
			l.Count += l.buckets[i]
			used = i + 1
		}
	}
	l.buckets = l.buckets[:used:used]
	return l
}
