package afkak_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
)

// sized notes the sizes of the batches that are sent, and refuses those above
// limit.
func (s *stage) sized(limit int) (sizes *[]int, refused *int) {
	sizes, refused = new([]int), new(int)
	s.onProduce(func(_ int32, _ string, _ int32, batch []byte) kerr.Error {
		if len(batch) > limit {
			*refused++
			return kerr.MessageTooLarge
		}
		*sizes = append(*sizes, len(batch))
		return 0
	})
	return sizes, refused
}

// stream sends n values to a partition, a thousand at a time, and waits for
// them: what the first batches have taught goes for the next.
func stream(t *testing.T, p *afkak.Producer, partition int32, n int, value func(i int) string) {
	t.Helper()
	var deliveries []afkak.Delivery
	for i := range n {
		deliveries = append(deliveries, p.Send(t.Context(), orderTo(partition, value(i))))
		if i%1000 < 999 && i < n-1 {
			continue
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, d := range deliveries {
		if _, err := d.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// full is how large batches were that were not flushed: three of four are smaller.
func full(sizes []int) int {
	sizes = slices.Sorted(slices.Values(sizes))
	return sizes[len(sizes)*3/4]
}

func TestProducerLearnsTheSmallerLimitOfATopic(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		sizes, refused := s.sized(3000)
		p := newProducer(t, client, manual(afkak.WithLinger(time.Second), afkak.WithBatchBytes(10_000))...)
		value := func(i int) string { return strings.Repeat("v", 90) + strconv.Itoa(i) }
		for partition := range int32(3) { // one learns for the others
			stream(t, p, partition, 3000, value)
		}
		if *refused < 1 || *refused > 15 {
			t.Errorf("%d batches were refused, want a few", *refused)
		}
		if size := full(*sizes); size < 2500 {
			t.Errorf("full batches have %d bytes, where 3000 are taken", size)
		}
		closeProducer(t, p)
	})
}

func TestCompressedBatchesFillUpToTheLimit(t *testing.T) {
	for _, codec := range []afkak.Codec{afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			sizes, refused := s.sized(10_000)
			p := newProducer(t, client, manual(afkak.WithLinger(time.Second), afkak.WithBatchBytes(10_000), afkak.WithCompression(codec))...)
			noise := rand.New(rand.NewPCG(1, 1))
			stream(t, p, 0, 10_000, func(int) string { // a half of each can be told from the other
				return strconv.FormatUint(noise.Uint64(), 16) + strings.Repeat("v", 30)
			})
			stats := p.Stats()
			if len(*sizes) == 0 || *refused > 0 {
				t.Fatalf("%v: %d batches, %d refused", codec, len(*sizes), *refused)
			}
			if size := full(*sizes); size < 9000 {
				t.Errorf("%v: full batches have %d bytes, want nearly 10,000", codec, size)
			}
			if ratio := stats.CompressionRatio(); ratio < 1.5 {
				t.Errorf("%v: compressed %.1f times", codec, ratio)
			}
			closeProducer(t, p)
		})
	}
}

func TestNoBatchGrowsBeyondTheLimitWhenATopicStopsCompressing(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		_, refused := s.sized(10_000)
		p := newProducer(t, client, manual(afkak.WithLinger(time.Second), afkak.WithBatchBytes(10_000), afkak.WithCompression(afkak.Zstd))...)
		stream(t, p, 0, 2000, func(i int) string { return strings.Repeat("v", 200) })
		largest := 0
		s.walk(0, func(b *record.Batch, _ *record.Record) { largest = max(largest, int(b.Count)) })
		if largest < 500 {
			t.Errorf("%d records at most in a batch: they do not grow", largest)
		}
		noise := rand.New(rand.NewPCG(1, 1))
		stream(t, p, 0, 2000, func(int) string {
			value := make([]byte, 200)
			for i := range value {
				value[i] = byte(noise.Uint32())
			}
			return string(value)
		})
		if *refused > 0 {
			t.Errorf("%d batches were too large", *refused)
		}
		if stats := p.Stats(); stats.Retried > 0 || stats.Splits == 0 {
			t.Errorf("%d records sent again, %d batches split; want 0, and some", stats.Retried, stats.Splits)
		}
		closeProducer(t, p)
	})
}
