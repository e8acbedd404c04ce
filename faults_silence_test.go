package afkak_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/protocol"
)

// TestOneSilentBrokerHoldsUpNothingElse has broker 2 fall silent for a while
// in the middle of producing to and consuming from all three.
func TestOneSilentBrokerHoldsUpNothingElse(t *testing.T) {
	for name, begin := range map[string]func(w *world){
		"silent":   func(w *world) { w.mute(2) },
		"refusing": func(w *world) { w.refuse(2) },
		"hanging up": func(w *world) {
			w.set(func() { w.onWay = func(x *exchange) fate { return fateAt(x.broker, []int32{2}, cut) } })
		},
		"losing every answer": func(w *world) {
			w.set(func() {
				w.onBack = func(x *exchange) fate { x.answer = nilAt2(x); return fateAt(x.broker, []int32{2}, cut) }
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithProduceTimeout(2*time.Second), afkak.WithAckTimeout(time.Second))
				consumers := make([]*afkak.Consumer, 3)
				for partition := range consumers {
					c, err := afkak.NewConsumer(client, orders, int32(partition))
					if err != nil {
						t.Fatal(err)
					}
					defer c.Stop()
					consumers[partition] = c
				}
				send := func(partition int32, value string) afkak.Delivery {
					return producer.Send(t.Context(), orderTo(partition, value))
				}
				for partition, c := range consumers {
					wantStored(t, send(int32(partition), "before"), int32(partition), 0)
					got, err := pull(t.Context(), c, 1)
					if err != nil || got[0] != "before" {
						t.Fatalf("partition %d: %v, %v", partition, got, err)
					}
				}
				begin(w)
				held := send(1, "meanwhile")
				heldRead := reads(t.Context(), consumers[1], 2)
				for i := range 20 {
					for _, partition := range []int32{0, 2} {
						began := time.Now()
						wantStored(t, send(partition, fmt.Sprint(i)), partition, int64(i+1))
						wantWithin(t, began, 100*time.Millisecond, "storing on another broker")
					}
					time.Sleep(time.Second)
				}
				for _, partition := range []int32{0, 2} {
					began := time.Now()
					got, err := pull(t.Context(), consumers[partition], 21)
					if err != nil || len(got) != 21 {
						t.Errorf("partition %d: %v, %v", partition, got, err)
					}
					wantWithin(t, began, time.Second, "reading from another broker")
				}
				if _, _, ok := held.Result(); ok {
					t.Error("a record has a result that nobody can have given")
				}
				if state := consumers[1].State(); state.Kind != afkak.StateWaiting || state.Err == nil || !strings.Contains(state.String(), "b2:9092") {
					t.Errorf("the consumer's state: %q, want waiting, and broker 2 named", state)
				}

				w.honest() // connections that hang are given up in time
				began := time.Now()
				if res, err := held.Wait(t.Context()); err != nil || res.Partition != 1 {
					t.Errorf("afterwards: %+v, %v", res, err)
				}
				out := <-heldRead
				if out.err != nil || !slices.Contains(out.values, "meanwhile") {
					t.Errorf("afterwards: read %v, %v", out.values, out.err)
				}
				wantWithin(t, began, 10*time.Second, "going on")
				closeProducer(t, producer)
			})
		})
	}
}

func nilAt2(x *exchange) []byte {
	if x.broker == 2 {
		return nil
	}
	return x.answer
}

// TestABrokenAnswerFailsNoOtherRequestOfTheConnection has two produce requests
// in flight to one broker when the first gets a broken answer: the other's
// records are sent again.
func TestABrokenAnswerFailsNoOtherRequestOfTheConnection(t *testing.T) {
	eachBroken := brokenAnswers()
	for _, broken := range eachBroken {
		t.Run(broken.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1, broker.Topic{Name: orders, Partitions: 2})
				client := w.client()
				defer w.close()
				defer client.Close()
				w.spoil(1, protocol.KeyProduce, func(x *exchange) fate {
					if x.nth > 1 {
						return pass
					}
					time.Sleep(500 * time.Millisecond) // the other request is sent meanwhile
					return broken.spoil(x)
				})
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(0), afkak.WithProduceTimeout(2*time.Second), afkak.WithAckTimeout(time.Second))
				first := producer.Send(t.Context(), orderTo(0, "first"))
				time.Sleep(100 * time.Millisecond)
				second := producer.Send(t.Context(), orderTo(1, "second"))
				if res, err := second.Wait(t.Context()); err != nil || res.Partition != 1 {
					t.Errorf("the other request's record: %+v, %v", res, err)
				}
				if _, err := first.Wait(t.Context()); err != nil && !afkak.MaybeStored(err) {
					t.Errorf("the first: %v", err)
				}
				w.honest()
				if got := w.kept(1); !slices.Contains(got, "second") {
					t.Errorf("kept %v", got)
				}
				closeProducer(t, producer)
			})
		})
	}
}

// TestASlowBrokerIsNotGivenUp has answers come byte by byte, each within the
// request timeout: the longest, of 7 bytes for each API that the broker has,
// takes nearly all of it.
func TestASlowBrokerIsNotGivenUp(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.set(func() { w.pace = 4 * time.Millisecond })
		producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		for partition := range int32(3) {
			wantStored(t, producer.Send(t.Context(), orderTo(partition, "v")), partition, 0)
		}
		c := newConsumer(t, client)
		got, err := pull(t.Context(), c, 1)
		if err != nil || got[0] != "v" {
			t.Errorf("got %v, %v", got, err)
		}
		c.Stop()
		if err := producer.Close(t.Context()); err != nil {
			t.Error(err)
		}
		for id := range int32(3) {
			if n := w.requests(protocol.KeyProduce, id+1); n > 1 {
				t.Errorf("broker %d: %d produce requests", id+1, n)
			}
		}
	})
}

func TestAnUnknownTopicOrPartitionIsNamedInTimeAndHarmsNoOther(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		producer := newProducer(t, client)
		good := producer.Send(t.Context(), order("v"))
		rec := order("v")
		rec.Topic = "unheard of"
		began := time.Now()
		_, err := producer.Send(t.Context(), rec).Wait(t.Context())
		wantWithin(t, began, 11*time.Second, "Send to an unknown topic")
		var produceErr *afkak.ProduceError
		var topicErr *afkak.TopicError
		if !errors.As(err, &produceErr) || produceErr.Topic != "unheard of" || !errors.As(err, &topicErr) {
			t.Errorf("got %v, want a ProduceError and a TopicError that name the topic", err)
		}
		if _, err := good.Wait(t.Context()); err != nil {
			t.Error(err)
		}
		closeProducer(t, producer)
	})
}
