package afkak_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
)

func TestDeliveryIsAValueThatAnyoneMayUse(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Second))
		want := map[afkak.Delivery]int64{} // a value: it is a key as well
		for i := range 50 {
			want[p.Send(t.Context(), orderTo(0, strconv.Itoa(i)))] = int64(i)
		}
		if len(want) != 50 {
			t.Errorf("%d different values for 50 records", len(want))
		}
		var waiters sync.WaitGroup
		for d, offset := range want {
			waiters.Go(func() { wantStored(t, d, 0, offset) })
			waiters.Go(func() {
				<-d.Done()
				if res, err, ok := d.Result(); !ok || err != nil || res.Offset != offset {
					t.Errorf("got %+v, %v (known: %v); want offset %d", res, err, ok, offset)
				}
			})
			waiters.Add(2)
			for range 2 {
				d.Then(func(res afkak.Result, err error) {
					defer waiters.Done()
					if err != nil || res.Offset != offset {
						t.Errorf("got %+v, %v; want offset %d", res, err, offset)
					}
				})
			}
		}
		waiters.Wait()
		closeProducer(t, p)
	})
}

func TestTheZeroDeliveryHasFailed(t *testing.T) {
	var d afkak.Delivery
	if _, err, ok := d.Result(); !ok || err == nil {
		t.Errorf("got %v (known: %v), want an error", err, ok)
	}
	if _, err := d.Wait(t.Context()); err == nil {
		t.Error("Wait: no error")
	}
	<-d.Done()
	called := false
	d.Then(func(_ afkak.Result, err error) { called = err != nil })
	if !called || d.Cancel() {
		t.Errorf("Then called back with an error: %v; Cancel took it back: %v", called, d.Cancel())
	}
}

func TestTheEndOfAWaitEndsNothingElse(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
		d := p.Send(t.Context(), orderTo(0, "v"))
		for range 3 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			if _, err := d.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v", err)
			}
			cancel()
		}
		wantStored(t, d, 0, 0)
		closeProducer(t, p)
	})
}

// TestCallbacksComeInOrderFromManyGoroutines: in that of the records, whoever
// was first to ask for a callback.
func TestCallbacksComeInOrderFromManyGoroutines(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Second))
		var senders sync.WaitGroup
		var got []int64
		for range 8 {
			senders.Go(func() {
				for range 100 {
					p.Send(t.Context(), orderTo(0, "v")).Then(func(res afkak.Result, err error) {
						if err != nil {
							t.Error(err)
						}
						got = append(got, res.Offset)
					})
				}
			})
		}
		senders.Wait()
		closeProducer(t, p)
		if len(got) != 800 {
			t.Errorf("%d callbacks, want 800", len(got))
		}
		for i, offset := range got {
			if offset != int64(i) {
				t.Fatalf("callback %d is that of offset %d", i, offset)
			}
		}
	})
}

func TestTheCallbackOfWhatWasNeverAcceptedComesAtOnce(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		var got error
		p.Send(t.Context(), orderTo(17, "v")).Then(func(_ afkak.Result, err error) { got = err })
		if !errors.Is(got, afkak.ErrNoPartition) {
			t.Errorf("got %v", got)
		}
		closeProducer(t, p)
	})
}
