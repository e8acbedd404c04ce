package afkak_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
)

// smallBuffer is a producer's that holds few batches.
const smallBuffer = 64 << 10

// slowly returns a producer with a small buffer whose first callback waits for
// go on, and records how many records it took until there was no room.
func slowly(t *testing.T, client *afkak.Client, opts ...afkak.ProducerOption) (p *afkak.Producer, goOn func(), taken int, called *int) {
	t.Helper()
	opts = append([]afkak.ProducerOption{
		afkak.WithPartitioner(afkak.Manual()), afkak.WithBufferBytes(smallBuffer), afkak.WithBatchBytes(8 << 10),
	}, opts...)
	p = newProducer(t, client, opts...)
	wantStored(t, p.Send(t.Context(), orderTo(0, "known")), 0, 0)
	block, called := make(chan struct{}), new(int)
	callback := func(_ afkak.Result, err error) {
		if *called == 0 {
			<-block
		}
		if err != nil {
			t.Errorf("callback %d: %v", *called, err)
		}
		*called++
	}
	value := strings.Repeat("v", 100)
	for full := false; !full; taken++ {
		d := p.TrySend(orderTo(0, value))
		if _, err, ok := d.Result(); ok && errors.Is(err, afkak.ErrWouldBlock) {
			time.Sleep(time.Minute) // whatever can leave has left
			if d = p.TrySend(orderTo(0, value)); wouldBlock(d) {
				full = true
				continue
			}
		}
		d.Then(callback)
	}
	return p, func() { close(block) }, taken - 1, called
}

func wouldBlock(d afkak.Delivery) bool {
	_, err, ok := d.Result()
	return ok && errors.Is(err, afkak.ErrWouldBlock)
}

func TestSendWaitsForCallbacksThatAreSlower(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p, goOn, taken, called := slowly(t, client)
		if most := smallBuffer / 100; taken > most || taken < most/4 {
			t.Errorf("%d records were taken whose callbacks have not run, the buffer has room for %d", taken, most)
		}
		if stats := p.Stats(); stats.BufferedRecords != 0 || stats.BufferedBytes < smallBuffer/2 || stats.BufferedBytes > smallBuffer+2<<10 {
			t.Errorf("%d records without a result and %d bytes are held, want none and most of %d", stats.BufferedRecords, stats.BufferedBytes, smallBuffer)
		}
		if got := len(s.stored(0)); got != taken+1 {
			t.Errorf("%d records are stored, want %d: only the callbacks are slow", got, taken+1)
		}
		sent := make(chan afkak.Delivery, 1)
		go func() { sent <- p.Send(t.Context(), orderTo(0, "waits")) }()
		synctest.Wait()
		if len(sent) != 0 {
			t.Error("Send did not wait")
		}
		goOn()
		wantStored(t, <-sent, 0, int64(taken+1))
		closeProducer(t, p)
		if *called != taken {
			t.Errorf("%d callbacks have run, want %d", *called, taken)
		}
		if held := p.Stats().BufferedBytes; held != 0 {
			t.Errorf("%d bytes are held at the end", held)
		}
	})
}

func TestCallbacksAskedForLateHoldSendsBackAsWell(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBufferBytes(smallBuffer), afkak.WithBatchBytes(8<<10))
		d := p.Send(t.Context(), orderTo(0, "v"))
		wantStored(t, d, 0, 0)
		block := make(chan struct{})
		called := 0
		n := smallBuffer / 40 // what one takes
		for range n + 100 {
			d.Then(func(afkak.Result, error) { <-block; called++ })
		}
		if !wouldBlock(p.TrySend(orderTo(0, "v"))) {
			t.Errorf("there is room, with %d bytes held of %d", p.Stats().BufferedBytes, smallBuffer)
		}
		close(block)
		closeProducer(t, p)
		if called != n+100 || p.Stats().BufferedBytes != 0 {
			t.Errorf("%d callbacks, %d bytes held at the end", called, p.Stats().BufferedBytes)
		}
	})
}

// TestSendInACallbackEndsAfterTheDeliveryTimeout: it waits for what the
// callbacks behind it hold. TrySend says so at once.
func TestSendInACallbackEndsAfterTheDeliveryTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 4})
		client := s.client(afkak.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		defer s.close()
		defer client.Close()
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBufferBytes(smallBuffer), afkak.WithBatchBytes(8<<10),
			afkak.WithDeliveryTimeout(10*time.Second), afkak.WithLinger(time.Second))
		wantStored(t, p.Send(t.Context(), orderTo(0, "known")), 0, 0)
		began := time.Now()
		var tried, bounded, unbounded error
		var after [3]time.Duration
		first := func(afkak.Result, error) {
			time.Sleep(5 * time.Second) // everything else has left, and waits for its callback
			result := func(d afkak.Delivery) (time.Duration, error) {
				_, err, _ := d.Result()
				return time.Since(began), err
			}
			after[0], tried = result(p.TrySend(orderTo(0, "v")))
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			after[1], bounded = result(p.Send(ctx, orderTo(0, "v")))
			after[2], unbounded = result(p.Send(context.Background(), orderTo(0, "v")))
		}
		called := 0
		for i := 0; ; i++ {
			d := p.TrySend(orderTo(0, strings.Repeat("v", 100)))
			if wouldBlock(d) {
				break
			}
			if i == 0 {
				d.Then(first)
			} else {
				d.Then(func(afkak.Result, error) { called++ })
			}
		}
		for p.Stats().BufferedBytes > 0 {
			time.Sleep(time.Second)
		}
		if !errors.Is(tried, afkak.ErrWouldBlock) || after[0] > 7*time.Second {
			t.Errorf("TrySend: got %v after %v", tried, after[0])
		}
		if !errors.Is(bounded, context.DeadlineExceeded) || after[1]-after[0] > 1100*time.Millisecond {
			t.Errorf("Send with a context: got %v after %v", bounded, after[1]-after[0])
		}
		var timeout interface{ Timeout() bool }
		if !errors.As(unbounded, &timeout) || !timeout.Timeout() || !strings.Contains(unbounded.Error(), "TrySend") || after[2]-after[1] > 10100*time.Millisecond {
			t.Errorf("Send: got %v after %v", unbounded, after[2]-after[1])
		}
		if !strings.Contains(log.String(), "must use TrySend") {
			t.Error("nothing was said in the log")
		}
		if called == 0 {
			t.Error("the callbacks behind it were not called")
		}
		wantStored(t, p.Send(t.Context(), orderTo(1, "goes on")), 1, 0)
		closeProducer(t, p)
	})
}

func TestCloseAndAbortDoNotWaitForSlowCallbacks(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p, goOn, taken, called := slowly(t, client)
		waiting := make(chan afkak.Delivery, 1)
		go func() { waiting <- p.Send(t.Context(), orderTo(0, "waits")) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := p.Close(ctx); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 1100*time.Millisecond {
			t.Errorf("close: got %v after %v", err, time.Since(began))
		}
		if _, err, ok := (<-waiting).Result(); !ok || !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("the Send that waited: got %v", err)
		}
		goOn()
		synctest.Wait()
		if *called != taken {
			t.Errorf("after Close %d callbacks have run, want %d", *called, taken)
		}
	})
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p, goOn, taken, called := slowly(t, client)
		began := time.Now()
		p.Abort()
		if time.Since(began) > 100*time.Millisecond {
			t.Errorf("abort took %v", time.Since(began))
		}
		goOn()
		synctest.Wait()
		if *called != taken {
			t.Errorf("after Abort %d callbacks have run, want %d", *called, taken)
		}
	})
}
