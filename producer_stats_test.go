package afkak_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestStatsSayWhatIsHeld(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithLinger(time.Second))...)
		wantHeld := func(when string, records, inFlight int, requests ...int) {
			t.Helper()
			stats := p.Stats()
			if stats.BufferedRecords != records || stats.InFlight != inFlight || (stats.BufferedBytes > 0) != (records > 0) {
				t.Errorf("%s: %d records, %d bytes, %d in flight; want %d, %d in flight",
					when, stats.BufferedRecords, stats.BufferedBytes, stats.InFlight, records, inFlight)
			}
			var got []int
			for i, b := range stats.Brokers {
				if b.Broker != int32(i+1) || b.Addr != w.hosts[i] {
					t.Errorf("%s: broker %d at %q in place %d", when, b.Broker, b.Addr, i)
				}
				got = append(got, b.InFlight)
			}
			if fmt.Sprint(got) != fmt.Sprint(requests) {
				t.Errorf("%s: requests in flight %v, want %v", when, got, requests)
			}
		}
		wantHeld("before anything", 0, 0)
		w.spoil(0, protocol.KeyProduce, func(*exchange) fate { time.Sleep(time.Second); return pass })
		for partition := range int32(2) {
			for range 3 {
				p.Send(t.Context(), orderTo(partition, "v"))
			}
		}
		p.Send(t.Context(), orderTo(1, "taken back")).Cancel()
		wantHeld("lingering", 6, 0, 0, 0)
		time.Sleep(1500 * time.Millisecond)
		p.Send(t.Context(), orderTo(0, "w"))
		wantHeld("on their way", 7, 2, 1, 1)
		time.Sleep(750 * time.Millisecond)
		wantHeld("answered", 1, 0, 0, 0)
		time.Sleep(time.Second)
		wantHeld("the last is on its way", 1, 1, 1, 0)
		p.Abort()
		if stats := p.Stats(); stats.BufferedRecords != 0 || stats.Failed != 1 {
			t.Errorf("after Abort: %d records are held, %d have failed", stats.BufferedRecords, stats.Failed)
		}
		_ = client.Close()
		wantHeld("after the client's end", 0, 0, 0, 0)
	})
}

func TestStatsSayHowFullAndHowCompressedBatchesAre(t *testing.T) {
	for _, codec := range []afkak.Codec{afkak.None, afkak.Gzip} {
		t.Run(codec.String(), func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				const limit = 4 << 10
				p := newProducer(t, client, manual(afkak.WithBatchBytes(limit), afkak.WithLinger(time.Minute), afkak.WithCompression(codec))...)
				if stats := p.Stats(); stats.RecordsPerBatch() != 0 || stats.BatchFill() != 0 || stats.CompressionRatio() != 0 {
					t.Errorf("before anything: got %v", stats)
				}
				var plain record.Builder // what each of the batches is before compression
				for i := range 30 {
					rec := orderTo(int32(i%3), strings.Repeat("v", 100))
					if i%3 == 0 {
						plain.Append(time.Now().UnixMilli(), nil, rec.Value, nil)
					}
					p.Send(t.Context(), rec)
				}
				closeProducer(t, p)
				wire := 0
				for partition := range int32(3) {
					s.walk(partition, func(b *record.Batch, rec *record.Record) {
						if rec.Offset == b.BaseOffset {
							wire += len(b.Raw)
						}
					})
				}
				stats := p.Stats()
				if stats.Sent != 30 || stats.Batches != 3 || stats.RecordsPerBatch() != 10 {
					t.Errorf("%d records in %d batches, %v each; want 30 in 3", stats.Sent, stats.Batches, stats.RecordsPerBatch())
				}
				if stats.BatchBytes != int64(3*plain.Len()) || stats.WireBytes != int64(wire) {
					t.Errorf("%d bytes, %d sent; want %d, %d", stats.BatchBytes, stats.WireBytes, 3*plain.Len(), wire)
				}
				wantAbout(t, "batch fill", stats.BatchFill(), float64(plain.Len())/limit)
				wantAbout(t, "compression ratio", stats.CompressionRatio(), float64(3*plain.Len())/float64(wire))
				if compressed := stats.CompressionRatio() > 3; compressed != (codec == afkak.Gzip) {
					t.Errorf("compression ratio: got %v", stats.CompressionRatio())
				}
			})
		})
	}
}

func wantAbout(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-9 {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestStatsSayHowLongEachBrokerTakesAndWhatItLoses(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.spoil(0, protocol.KeyProduce, func(x *exchange) fate {
			if x.broker == 3 {
				if x.nth == 2 {
					return loseAnswer(x)
				}
				return pass
			}
			time.Sleep(time.Duration(x.broker) * 100 * time.Millisecond)
			if x.nth == 10 {
				time.Sleep(time.Second)
			}
			return pass
		})
		p := newProducer(t, client, manual()...)
		for range 10 {
			for partition := range int32(3) {
				if _, err := p.Send(t.Context(), orderTo(partition, "v")).Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
		synctest.Wait()
		stats := p.Stats()
		for i, want := range []struct {
			count, lost     int64
			median, slowest time.Duration
		}{
			{10, 0, 100 * time.Millisecond, 1100 * time.Millisecond},
			{10, 0, 200 * time.Millisecond, 1200 * time.Millisecond},
			{10, 1, 0, 0},
		} {
			b := stats.Brokers[i]
			if b.Latency.Count != want.count || b.Lost != want.lost {
				t.Errorf("broker %d: %d answers, %d lost; want %d, %d", b.Broker, b.Latency.Count, b.Lost, want.count, want.lost)
			}
			wantLatency(t, fmt.Sprintf("broker %d: median", b.Broker), b.Latency.Quantile(0.5), want.median)
			wantLatency(t, fmt.Sprintf("broker %d: slowest", b.Broker), b.Latency.Quantile(1), want.slowest)
		}
		if stats.Latency.Count != 30 || stats.Latency.Sum != 5*time.Second {
			t.Errorf("all together: %d in %v, want 30 in 5s", stats.Latency.Count, stats.Latency.Sum)
		}
		wantLatency(t, "all together: slowest", stats.Latency.Quantile(1), 1200*time.Millisecond)
		if text := stats.Latency.String(); !strings.HasPrefix(text, "30, median ") {
			t.Errorf("in words: got %q", text)
		}
		closeProducer(t, p)
	})
}

// wantLatency has a quantile be as precise as it is said to be.
func wantLatency(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want || got > want+max(want/8, time.Microsecond) {
		t.Errorf("%s: got %v, want %v or up to an eighth more", what, got, want)
	}
}

func TestStatsCountRetriesSplitsAndFailures(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		refusals := 1
		s.onProduce(func(_ int32, _ string, partition int32, batch []byte) kerr.Error {
			read, _, err := record.ReadBatch(batch)
			if err != nil {
				t.Error(err)
			}
			switch {
			case partition == 0 && refusals > 0:
				refusals--
				return kerr.NotEnoughReplicas
			case partition == 1 && read.Count > 2:
				return kerr.MessageTooLarge
			case partition == 2:
				return kerr.TopicAuthorizationFailed
			}
			return 0
		})
		p := newProducer(t, client, manual(afkak.WithMaxRequestBytes(1), afkak.WithLinger(time.Second))...)
		for partition, n := range []int{3, 8, 2} {
			for range n {
				p.Send(t.Context(), orderTo(int32(partition), "v"))
			}
			if err := p.Flush(t.Context()); err != nil {
				t.Error(err)
			}
		}
		stats := p.Stats()
		// 3 sent again whole; 8 as 4 and 4, each of those as 2 and 2.
		if stats.Retried != 3+8+4+4 || stats.Splits != 3 || stats.Failed != 2 || stats.Sent != 11 || stats.Batches != 1+4 {
			t.Errorf("retried %d, split %d, failed %d, sent %d in %d batches; want 19, 3, 2, 11 in 5",
				stats.Retried, stats.Splits, stats.Failed, stats.Sent, stats.Batches)
		}
		closeProducer(t, p)
	})
}

func TestStatsSayHowLongBrokersThrottle(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.set(func() {
			w.alter = func(id int32, _ protocol.Request, resp protocol.Response) {
				if produce, ok := resp.(*protocol.ProduceResponse); ok {
					produce.ThrottleTimeMs = []int32{0, 250, 40, -1}[id]
				}
			}
		})
		p := newProducer(t, client, manual()...)
		for range 2 {
			for partition := range int32(3) {
				if _, err := p.Send(t.Context(), orderTo(partition, "v")).Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
		stats := p.Stats()
		for i, want := range []time.Duration{500 * time.Millisecond, 80 * time.Millisecond, 0} {
			if got := stats.Brokers[i].Throttled; got != want {
				t.Errorf("broker %d: got %v, want %v", i+1, got, want)
			}
		}
		if stats.Throttled != 580*time.Millisecond {
			t.Errorf("all together: got %v", stats.Throttled)
		}
		closeProducer(t, p)
	})
}

func TestStatsWithoutAcksHaveNoLatency(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithAcks(afkak.AcksNone))
		p.Send(t.Context(), order("v"))
		closeProducer(t, p)
		if stats := p.Stats(); stats.Sent != 1 || stats.Batches != 1 || stats.Latency.Count != 0 || stats.Brokers[0].Lost != 0 {
			t.Errorf("got %+v", stats)
		}
	})
}

func TestStatsSinceAreThoseOfTheTimeBetween(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.set(func() {
			w.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
				if produce, ok := resp.(*protocol.ProduceResponse); ok {
					produce.ThrottleTimeMs = 10
				}
			}
		})
		p := newProducer(t, client, manual()...)
		send := func(partition int32, values ...string) {
			t.Helper()
			for _, value := range values {
				if _, err := p.Send(t.Context(), orderTo(partition, value)).Wait(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}
		send(0, "a", "b", "c")
		earlier := p.Stats()
		send(0, "d")
		send(1, "longer than the others", "f")
		got := p.Stats().Since(earlier)
		if got.Sent != 3 || got.Batches != 3 || got.RecordsPerBatch() != 1 || got.Latency.Count != 3 || got.Throttled != 30*time.Millisecond {
			t.Errorf("got %+v", got)
		}
		if got.BatchFill() <= earlier.BatchFill() || got.CompressionRatio() != 1 {
			t.Errorf("batch fill %v, before %v; compression ratio %v", got.BatchFill(), earlier.BatchFill(), got.CompressionRatio())
		}
		if len(got.Brokers) != 2 || got.Brokers[0].Latency.Count != 1 || got.Brokers[1].Latency.Count != 2 || got.Brokers[0].Throttled != 10*time.Millisecond {
			t.Errorf("brokers: got %+v", got.Brokers)
		}
		if again := p.Stats(); again.Brokers[0].Latency.Count != 4 {
			t.Errorf("Since has changed what it was asked of: %+v", again)
		}
		closeProducer(t, p)
	})
}

func TestStatsMayBeReadByAnyoneAtAnyTime(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithBatchBytes(300))...)
		ctx, cancel := context.WithCancel(t.Context())
		var readers sync.WaitGroup
		for range 3 {
			readers.Go(func() {
				for last := p.Stats(); ctx.Err() == nil; time.Sleep(time.Microsecond) {
					stats := p.Stats()
					if since := stats.Since(last); since.Sent < 0 || since.Latency.Count < 0 || since.BatchBytes < 0 {
						t.Errorf("less than before: %+v", since)
					}
					last = stats
				}
			})
		}
		p.Send(t.Context(), orderTo(0, "v")).Then(func(afkak.Result, error) {
			if sent := p.Stats().Sent; sent < 1 {
				t.Error("a record whose result is known is not counted")
			}
		})
		for i := range 500 {
			p.Send(t.Context(), orderTo(int32(i%4), "v"))
			if i%50 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		closeProducer(t, p)
		cancel()
		readers.Wait()
		if stats := p.Stats(); stats.Sent != 501 || stats.BufferedRecords != 0 || stats.BufferedBytes != 0 {
			t.Errorf("after Close: got %+v", stats)
		}
	})
}
