package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// What Afkak's producer does, under its own names: docs/AFKAK-PARITY.md.

func TestTwentyMessagesOrAMinuteWhicheverComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 4}, broker.Topic{Name: "returns", Partitions: 1})
		client := s.client()
		defer s.close()
		defer client.Close()
		p := newProducer(t, client, afkak.WithBatch(20, 0, time.Minute), afkak.WithPartitioner(afkak.RoundRobin()))
		send := func(n int) (deliveries []afkak.Delivery) {
			for i := range n {
				topic := []string{"orders", "returns"}[i%2] // the triggers count for the producer, not for a topic
				deliveries = append(deliveries, p.Send(t.Context(), afkak.Record{Topic: topic, Value: []byte("v")}))
			}
			return deliveries
		}
		done := func(deliveries []afkak.Delivery) bool {
			synctest.Wait()
			_, _, ok := deliveries[len(deliveries)-1].Result()
			return ok
		}

		nineteen := send(19)
		time.Sleep(59 * time.Second)
		if done(nineteen) || s.requests(protocol.KeyProduce) != 0 {
			t.Error("19 messages left within a minute")
		}
		twentieth := send(1)
		time.Sleep(time.Millisecond)
		if !done(nineteen) || !done(twentieth) {
			t.Error("the 20th message did not let all go at once")
		}

		three := send(3)
		began := time.Now()
		time.Sleep(time.Minute - time.Millisecond)
		if done(three) {
			t.Errorf("three messages left after %v", time.Since(began))
		}
		time.Sleep(2 * time.Millisecond)
		if !done(three) {
			t.Error("three messages were still there after a minute")
		}
		closeProducer(t, p)
	})
}

func TestBytesOfATriggerAreThoseOfValuesAndOneFewerDoesNotFire(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithBatch(0, 100, 0), afkak.WithPartitioner(afkak.Manual()))
		first := p.Send(t.Context(), afkak.Record{Topic: "orders", Key: make([]byte, 500), Value: make([]byte, 99)})
		time.Sleep(time.Hour / 60)
		if n := s.requests(protocol.KeyProduce); n != 0 {
			t.Errorf("%d requests for 99 bytes", n)
		}
		second := p.Send(t.Context(), orderTo(1, "v"))
		wantStored(t, first, 0, 0)
		wantStored(t, second, 1, 0)
		closeProducer(t, p)
	})
}

func TestRoundRobinStartsAgainWhenThreePartitionsBecomeFour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 3})
		client := s.client()
		defer s.close()
		defer client.Close()
		p := newProducer(t, client, afkak.WithPartitioner(afkak.RoundRobin()), afkak.WithLinger(0))
		for _, want := range []int32{0, 1, 2, 0, 1} {
			wantPartition(t, p, want)
		}
		grow(t, client, "orders", 4)
		for _, want := range []int32{0, 1, 2, 3, 0} {
			wantPartition(t, p, want)
		}
		closeProducer(t, p)
	})
}

func wantPartition(t testing.TB, p *afkak.Producer, want int32) {
	t.Helper()
	if res, err := p.Send(t.Context(), order("v")).Wait(t.Context()); err != nil || res.Partition != want {
		t.Errorf("got partition %d, %v; want %d", res.Partition, err, want)
	}
}

// grow gives a topic more partitions, and the client its new picture.
func grow(t testing.TB, client *afkak.Client, topic string, partitions int32) {
	t.Helper()
	resp, err := client.Do(t.Context(), &protocol.CreatePartitionsRequest{
		TimeoutMs: 1000, Topics: []protocol.CreatePartitionsRequestTopic{{Name: topic, Count: partitions}},
	})
	if err != nil || resp.(*protocol.CreatePartitionsResponse).Results[0].ErrorCode != 0 {
		t.Fatalf("create partitions: %v, %+v", err, resp)
	}
	if _, err := client.Metadata(t.Context(), topic); err != nil {
		t.Fatal(err)
	}
}

func TestNullAndEmptyValuesAndKeysAreToldApart(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		for _, b := range [][]byte{nil, {}} { // the first is a tombstone in a compacted topic
			p.Send(t.Context(), afkak.Record{Topic: "orders", Key: b, Value: b})
		}
		closeProducer(t, p)
		c := newConsumer(t, client)
		defer c.Stop()
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if null := rec.Offset == 0; (rec.Value == nil) != null || (rec.Key == nil) != null {
				t.Errorf("offset %d: got key %v, value %v", rec.Offset, rec.Key == nil, rec.Value == nil)
			}
			if rec.Offset == 1 {
				break
			}
		}
	})
}

func TestCloseFlushesAndAbortFailsWhatIsUnsentAndBothBarSends(t *testing.T) {
	for name, test := range map[string]struct {
		end   func(*afkak.Producer)
		wants error
	}{
		"close": {func(p *afkak.Producer) { closeProducer(t, p) }, nil},
		"abort": {func(p *afkak.Producer) { p.Abort() }, afkak.ErrAborted},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithBatch(0, 0, time.Minute), afkak.WithPartitioner(afkak.Manual()))
				d := p.Send(t.Context(), orderTo(0, "v"))
				test.end(p)
				if _, err := d.Wait(t.Context()); !errors.Is(err, test.wants) || afkak.MaybeStored(err) {
					t.Errorf("unsent: got %v, want %v", err, test.wants)
				}
				if stored := s.stored(0); len(stored) != map[string]int{"close": 1}[name] {
					t.Errorf("stored %v", stored)
				}
				_, late := p.Send(t.Context(), orderTo(0, "late")).Wait(t.Context())
				if !errors.Is(late, afkak.ErrClosed) {
					t.Errorf("a send afterwards: got %v", late)
				}
			})
		})
	}
}

func TestCancelAfterTheRequestLeftChangesNothing(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(0))
		refusals := 1
		s.onProduce(func(int32, string, int32, []byte) kerr.Error {
			if refusals > 0 {
				refusals--
				return kerr.NotEnoughReplicas
			}
			return 0
		})
		d := p.Send(t.Context(), orderTo(0, "v"))
		synctest.Wait() // refused once, and will be sent again
		if s.requests(protocol.KeyProduce) == 0 || d.Cancel() {
			t.Error("a record whose request had left was taken back")
		}
		wantStored(t, d, 0, 0)
		closeProducer(t, p)
	})
}

func TestTheContextOfSendBoundsTheWaitForRoomAndNothingLater(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
		ctx, cancel := context.WithCancel(t.Context())
		d := p.Send(ctx, orderTo(0, "v"))
		cancel() // as a deferred cancel does
		wantStored(t, d, 0, 0)
		closeProducer(t, p)
	})
}

func TestEachRecordOfABatchHasItsOwnOffset(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 7)...)
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Second))
		var deliveries []afkak.Delivery
		for i := range 5 {
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, fmt.Sprint(i))))
		}
		for i, d := range deliveries {
			wantStored(t, d, 0, 7+int64(i))
		}
		if n := s.requests(protocol.KeyProduce); n != 1 {
			t.Errorf("%d requests, want one batch", n)
		}
		closeProducer(t, p)
	})
}
