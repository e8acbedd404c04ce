package afkak_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
)

// throttle has produce answers of broker 2 ask to be left alone.
func (w *world) throttle(wish time.Duration) {
	w.set(func() {
		w.alter = func(id int32, _ protocol.Request, resp protocol.Response) {
			if produce, ok := resp.(*protocol.ProduceResponse); ok && id == 2 {
				produce.ThrottleTimeMs = int32(wish.Milliseconds())
			}
		}
	})
}

func TestProducerLeavesABrokerAloneThatThrottlesIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithBatchBytes(200))...)
		w.throttle(10 * time.Second)
		wantStored(t, p.Send(t.Context(), orderTo(1, "a")), 1, 0)
		began := time.Now()
		b, c := p.Send(t.Context(), orderTo(1, "b")), p.Send(t.Context(), orderTo(0, "c"))
		wantStored(t, c, 0, 0)
		if took := time.Since(began); took > 0 {
			t.Errorf("another broker's record took %v", took)
		}
		wantStored(t, b, 1, 1)
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the record took %v, want the 10s that the broker asked for", took)
		}
		if got := p.Stats().Throttled; got != 20*time.Second {
			t.Errorf("throttled for %v, want 20s", got)
		}
		w.honest()
		closeProducer(t, p)
	})
}

func TestNothingHangsWhileAProducerIsThrottled(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(3*time.Second))...)
		w.throttle(time.Hour)
		wantStored(t, p.Send(t.Context(), orderTo(1, "a")), 1, 0)
		sent := w.requests(protocol.KeyProduce, 2)
		late := p.Send(t.Context(), orderTo(1, "b"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("flush: %v", err)
		}
		began := time.Now()
		if err := wait(t, late); err == nil || afkak.MaybeStored(err) {
			t.Errorf("got %v, want a timeout of what was not sent", err)
		}
		if took := time.Since(began); took > 3*time.Second {
			t.Errorf("its end took %v", took)
		}
		if n := w.requests(protocol.KeyProduce, 2); n != sent {
			t.Errorf("%d requests came while throttled", n-sent)
		}
		p.Send(t.Context(), orderTo(1, "c"))
		began = time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := p.Close(ctx); err == nil {
			t.Error("close: want that it was not sent")
		}
		if took := time.Since(began); took > time.Second+100*time.Millisecond {
			t.Errorf("close took %v", took)
		}
	})
}

func TestProducerIsNotThrottledOnANewConnection(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		w.throttle(time.Minute)
		wantStored(t, p.Send(t.Context(), orderTo(1, "a")), 1, 0)
		w.honest()
		w.refuse(2)
		w.honest()
		began := time.Now()
		wantStored(t, p.Send(t.Context(), orderTo(1, "b")), 1, 1)
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
		closeProducer(t, p)
	})
}
