package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/afkak-go/afkak"
)

type tenant struct{}

func TestAnInterceptorMayChangeTheRecordBeforeItsPartitionIsChosen(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithInterceptor(func(ctx context.Context, rec *afkak.Record) (func(afkak.Result, error), error) {
			rec.Key = []byte(ctx.Value(tenant{}).(string))
			rec.Value = slices.Concat(rec.Value, []byte(" of "), rec.Key)
			return nil, nil
		}))
		ctx := context.WithValue(t.Context(), tenant{}, "1") // a key for partition 3
		wantStored(t, p.Send(ctx, order("a")), 3, 0)
		wantStored(t, p.SendAll(ctx, "orders", nil, []byte("b"), []byte("c")), 3, 1)
		closeProducer(t, p)
		wantValues(t, s.stored(3), []string{"a of 1", "b of 1", "c of 1"})
	})
}

func TestARecordThatAnInterceptorRefusesIsNotSent(t *testing.T) {
	errUnsigned := errors.New("not signed")
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		var told []error
		count := func(context.Context, *afkak.Record) (func(afkak.Result, error), error) {
			return func(_ afkak.Result, err error) { told = append(told, err) }, nil
		}
		refuse := func(_ context.Context, rec *afkak.Record) (func(afkak.Result, error), error) {
			if strings.HasPrefix(string(rec.Value), "unsigned") {
				return nil, errUnsigned
			}
			return nil, nil
		}
		later := func(_ context.Context, rec *afkak.Record) (func(afkak.Result, error), error) {
			t.Errorf("%q came to an interceptor behind the one that refused it", rec.Value)
			return nil, nil
		}
		p := newProducer(t, client, afkak.WithInterceptor(count), afkak.WithInterceptor(refuse), afkak.WithInterceptor(later))
		for name, d := range map[string]afkak.Delivery{
			"Send":    p.Send(t.Context(), order("unsigned")),
			"TrySend": p.TrySend(order("unsigned")),
			"SendAll": p.SendAll(t.Context(), "orders", nil, []byte("unsigned 1"), []byte("unsigned 2")),
		} {
			_, err := d.Wait(t.Context())
			var produce *afkak.ProduceError
			if !errors.Is(err, errUnsigned) || !errors.As(err, &produce) || produce.Topic != "orders" || afkak.MaybeStored(err) {
				t.Errorf("%s: got %v", name, err)
			}
		}
		if len(told) != 3 || !errors.Is(told[0], errUnsigned) {
			t.Errorf("the interceptor before it was told %v", told)
		}
		closeProducer(t, p)
		for partition := range int32(4) {
			if stored := s.stored(partition); len(stored) > 0 {
				t.Errorf("stored: %v", stored)
			}
		}
	})
}

func TestAnInterceptorIsToldTheResultOfEachRecordOnce(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		var mu sync.Mutex // callbacks have a goroutine of their own
		var told []string
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBatchBytes(200),
			afkak.WithInterceptor(func(_ context.Context, rec *afkak.Record) (func(afkak.Result, error), error) {
				value := string(rec.Value)
				return func(res afkak.Result, err error) {
					mu.Lock()
					defer mu.Unlock()
					told = append(told, fmt.Sprint(value[:1], res.Partition, res.Offset, err == nil))
				}, nil
			}))
		p.Send(t.Context(), orderTo(1, "a"))
		p.SendAll(t.Context(), "orders", nil, []byte("b"), []byte("c"))
		p.Send(t.Context(), orderTo(1, "d"))
		canceled := p.Send(t.Context(), orderTo(2, "e"))
		if !canceled.Cancel() {
			t.Error("not canceled")
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.Send(t.Context(), orderTo(7, "no such partition"))
		p.Send(t.Context(), orderTo(1, strings.Repeat("too large", 100)))
		closeProducer(t, p) // waits for the callbacks
		p.Send(t.Context(), orderTo(1, "z: the producer is closed"))
		slices.Sort(told)
		want := []string{"a1 0 true", "b0 0 true", "c0 1 true", "d1 1 true", "e2 -1 false", "n-1 -1 false", "t1 -1 false", "z1 -1 false"}
		if !slices.Equal(told, want) {
			t.Errorf("told %q, want %q", told, want)
		}
	})
}
