package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// TestCancelTakesBackThatRecordAndNoOther cancels records at random while
// others come and go: those that it took back are not stored, all others are,
// once and in order, and each callback comes once and in order.
func TestCancelTakesBackThatRecordAndNoOther(t *testing.T) {
	refuse := func(code kerr.Error, of int) func(s *stage) { // every so many requests
		return func(s *stage) {
			n := 0
			s.onProduce(func(int32, string, int32, []byte) kerr.Error {
				if n++; n%of == 0 {
					return code
				}
				return 0
			})
		}
	}
	tooLarge := func(s *stage) {
		s.onProduce(func(_ int32, _ string, _ int32, batch []byte) kerr.Error {
			if read, _, err := record.ReadBatch(batch); err != nil || read.Count > 3 {
				return kerr.MessageTooLarge
			}
			return 0
		})
	}
	for name, c := range map[string]struct {
		opts    []afkak.ProducerOption
		trouble func(s *stage)
	}{
		"in batches that linger":      {opts: []afkak.ProducerOption{afkak.WithLinger(20 * time.Millisecond)}},
		"in batches that fill up":     {opts: []afkak.ProducerOption{afkak.WithBatchBytes(200)}},
		"held back by a trigger":      {opts: []afkak.ProducerOption{afkak.WithBatch(10, 0, time.Second)}},
		"compressed with gzip":        {opts: []afkak.ProducerOption{afkak.WithCompression(afkak.Gzip)}},
		"compressed with zstd":        {opts: []afkak.ProducerOption{afkak.WithCompression(afkak.Zstd), afkak.WithBatchBytes(300)}},
		"in batches that are split":   {opts: []afkak.ProducerOption{afkak.WithLinger(20 * time.Millisecond)}, trouble: tooLarge},
		"compressed and split":        {opts: []afkak.ProducerOption{afkak.WithCompression(afkak.Snappy)}, trouble: tooLarge},
		"in batches that are retried": {trouble: refuse(kerr.NotEnoughReplicas, 2)},
		"without idempotence":         {opts: []afkak.ProducerOption{afkak.WithIdempotence(false)}, trouble: refuse(kerr.NotEnoughReplicas, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				if c.trouble != nil {
					c.trouble(s)
				}
				p := newProducer(t, client, append([]afkak.ProducerOption{afkak.WithPartitioner(afkak.Manual())}, c.opts...)...)
				cancelAtRandom(t, s, p)
			})
		})
	}
}

func cancelAtRandom(t *testing.T, s *stage, p *afkak.Producer) {
	rng := rand.New(rand.NewPCG(1, 2))
	const n, partitions = 400, 2
	deliveries := make([]afkak.Delivery, n)
	takenBack := map[int]bool{}
	var called [partitions][]string // of what is stored
	times := map[int]int{}
	for i := range n {
		deliveries[i] = p.Send(t.Context(), orderTo(int32(i%partitions), strconv.Itoa(i)))
		deliveries[i].Then(func(_ afkak.Result, err error) { // all on one goroutine, which Close waits for
			if times[i]++; err == nil {
				called[i%partitions] = append(called[i%partitions], strconv.Itoa(i))
			} else if !errors.Is(err, afkak.ErrCanceled) {
				t.Errorf("record %d: %v", i, err)
			}
		})
		if victim := i - rng.IntN(10); rng.IntN(3) == 0 && victim >= 0 {
			first := !takenBack[victim]
			switch ok := deliveries[victim].Cancel(); {
			case ok && !first:
				t.Errorf("record %d was taken back twice", victim)
			case ok:
				takenBack[victim] = true
				if _, err, known := deliveries[victim].Result(); !known || !errors.Is(err, afkak.ErrCanceled) {
					t.Errorf("record %d was taken back: got %v (known: %v)", victim, err, known)
				}
			}
		}
		if rng.IntN(4) == 0 {
			time.Sleep(time.Duration(rng.IntN(20)) * time.Millisecond)
		}
	}
	closeProducer(t, p)
	var want [partitions][]string
	for i, d := range deliveries {
		if times[i] != 1 {
			t.Errorf("record %d was called back %d times", i, times[i])
		}
		partition := i % partitions
		if !takenBack[i] {
			wantStored(t, d, int32(partition), int64(len(want[partition])))
			want[partition] = append(want[partition], strconv.Itoa(i))
		} else if _, err, _ := d.Result(); !errors.Is(err, afkak.ErrCanceled) {
			t.Errorf("record %d was taken back: got %v", i, err)
		}
	}
	for partition := range want {
		wantValues(t, s.stored(int32(partition)), want[partition])
		wantValues(t, called[partition], want[partition])
	}
	if len(takenBack) < 10 || len(takenBack) > n/2 {
		t.Errorf("%d records were taken back", len(takenBack))
	}
	if stats := p.Stats(); stats.BufferedBytes != 0 || stats.BufferedRecords != 0 || stats.Sent != int64(n-len(takenBack)) {
		t.Errorf("afterwards: %+v", stats)
	}
}

func TestCancelRefusesThePartsOfASplitBatch(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		var deliveries []afkak.Delivery
		requests := 0
		s.onProduce(func(_ int32, _ string, _ int32, batch []byte) kerr.Error {
			requests++
			for i, d := range deliveries { // in flight, waiting as a part, or stored
				if d.Cancel() {
					t.Errorf("request %d: record %d was taken back", requests, i)
				}
			}
			if read, _, err := record.ReadBatch(batch); err != nil || read.Count > 2 {
				return kerr.MessageTooLarge
			}
			return 0
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
		for i := range 9 {
			d := p.Send(t.Context(), orderTo(0, strconv.Itoa(i)))
			if i == 4 {
				if !d.Cancel() || d.Cancel() {
					t.Error("a record that has not left is taken back once")
				}
				continue
			}
			deliveries = append(deliveries, d)
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			wantStored(t, d, 0, int64(i))
		}
		wantValues(t, s.stored(0), []string{"0", "1", "2", "3", "5", "6", "7", "8"})
		if requests != 7 {
			t.Errorf("%d requests, want 7: eight records as four and four, and those as two and two", requests)
		}
	})
}

func TestCancelledRecordsDoNotCountForATrigger(t *testing.T) {
	for name, opt := range map[string]afkak.ProducerOption{
		"messages": afkak.WithBatch(5, 0, 0), "bytes": afkak.WithBatch(0, 50, 0), // ten bytes each
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, opt, afkak.WithPartitioner(afkak.RoundRobin()))
				send := func() afkak.Delivery {
					return p.Send(t.Context(), afkak.Record{Topic: "orders", Key: []byte("k"), Value: make([]byte, 10)})
				}
				for range 2 { // and once more after it has fired
					before := s.requests(protocol.KeyProduce)
					for range 3 {
						send()
						for range 10 {
							if !send().Cancel() {
								t.Fatal("a record that is held back was not taken back")
							}
						}
					}
					fourth := send()
					synctest.Wait()
					if n := s.requests(protocol.KeyProduce) - before; n != 0 {
						t.Errorf("%d requests for four records that wait", n)
					}
					if _, err := send().Wait(t.Context()); err != nil {
						t.Error(err)
					}
					if _, err := fourth.Wait(t.Context()); err != nil {
						t.Error(err)
					}
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestCancelOfAListTakesItBackAsAWhole(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithLinger(time.Minute), afkak.WithPartitioner(afkak.PartitionBy(func(afkak.Record, int) int { return 0 })))
		first := p.Send(t.Context(), order("first"))
		list := p.SendAll(t.Context(), "orders", nil, []byte("a"), []byte("b"), []byte("c"))
		last := p.Send(t.Context(), order("last"))
		if !list.Cancel() || list.Cancel() {
			t.Error("a list that has not left is taken back once")
		}
		if _, err := list.Wait(t.Context()); !errors.Is(err, afkak.ErrCanceled) {
			t.Errorf("got %v", err)
		}
		closeProducer(t, p)
		wantStored(t, first, 0, 0)
		wantStored(t, last, 0, 1)
		wantValues(t, s.stored(0), []string{"first", "last"})
	})
}

// TestCancelOfWhatWasSentLeavesTheVerdictToTheError: Cancel says no, and what
// ends the record then says that it may be stored.
func TestCancelOfWhatWasSentLeavesTheVerdictToTheError(t *testing.T) {
	for _, codec := range []afkak.Codec{afkak.None, afkak.Gzip} {
		t.Run(codec.String(), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				p := newProducer(t, client, manual(afkak.WithCompression(codec), afkak.WithDeliveryTimeout(5*time.Second))...)
				w.spoil(0, protocol.KeyProduce, loseAnswer)
				d := p.Send(t.Context(), orderTo(0, "v"))
				for range 4 { // in flight, between attempts
					time.Sleep(time.Second)
					if d.Cancel() {
						t.Error("a record that was sent was taken back")
					}
				}
				if _, err := d.Wait(t.Context()); !afkak.MaybeStored(err) {
					t.Errorf("got %v, want that it may be stored", err)
				}
				w.honest()
				closeProducer(t, p)
				wantValues(t, w.kept(0), []string{"v"})
			})
		})
	}
}

// TestTheEndOfSendsContextDoesNotTouchWhatWasAccepted: it bounds the wait for
// room, and for the first sight of a topic, and nothing later, wherever the
// record is by then.
func TestTheEndOfSendsContextDoesNotTouchWhatWasAccepted(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.spoil(0, protocol.KeyProduce, func(x *exchange) fate {
			time.Sleep(time.Second)
			if x.nth == 1 {
				return loseAnswer(x)
			}
			return pass
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBatchBytes(1<<10), afkak.WithBufferBytes(2<<10))
		var deliveries []afkak.Delivery
		var wants [3][]string
		for i := range 30 {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			value := fmt.Sprint(i, strings.Repeat("v", 300))
			d := p.Send(ctx, orderTo(int32(i%3), value)) // most wait for room
			time.AfterFunc(time.Duration(i%5)*400*time.Millisecond, cancel)
			deliveries = append(deliveries, d)
			wants[i%3] = append(wants[i%3], value)
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			if _, err := d.Wait(t.Context()); err != nil {
				t.Errorf("record %d: %v", i, err)
			}
		}
		w.honest()
		for partition, want := range wants {
			if got := w.kept(int32(partition)); !slices.Equal(got, want) {
				t.Errorf("partition %d has %d records, want %d in order", partition, len(got), len(want))
			}
		}
	})
}
