package afkak_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// recreate deletes orders and makes it again, past the client.
func (s *stage) recreate(partitions int32) {
	s.t.Helper()
	name := orders
	s.mustDirect(&protocol.DeleteTopicsRequest{Topics: []protocol.DeleteTopicsRequestTopic{{Name: &name}}, TimeoutMs: 1000}, 6)
	s.mustDirect(&protocol.CreateTopicsRequest{Topics: []protocol.CreateTopicsRequestTopic{
		{Name: name, NumPartitions: partitions, ReplicationFactor: 1},
	}, TimeoutMs: 1000}, 7)
}

func (s *stage) mustDirect(req protocol.Request, version int16) {
	s.t.Helper()
	if _, err := s.direct(req, version); err != nil {
		s.t.Fatal(err)
	}
}

// lookAt has the client find out about orders.
func lookAt(t *testing.T, client *afkak.Client) {
	t.Helper()
	if _, err := client.Metadata(t.Context(), orders); err != nil {
		t.Fatal(err)
	}
}

// eachProduceForm runs f with brokers that call topics by their ID, and with
// brokers that call them by name.
func eachProduceForm(t *testing.T, f func(t *testing.T, s *stage, client *afkak.Client)) {
	for title, newest := range map[string]int16{"by ID": 13, "by name": 12} {
		t.Run(title, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				s.set(func() { s.limit[protocol.KeyProduce] = newest })
				f(t, s, client)
			})
		})
	}
}

func TestProducerCallsTopicsByTheirID(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.answer = func(_ int32, req protocol.Request) protocol.Response {
			if produce, ok := req.(*protocol.ProduceRequest); ok && produce.TopicData[0].TopicID == (protocol.UUID{}) {
				t.Errorf("topic %q has no ID", produce.TopicData[0].Name)
			}
			return nil
		}
		p := newProducer(t, client, manual()...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		closeProducer(t, p)
	})
}

func TestProducerGoesOnWithATopicThatWasMadeAgain(t *testing.T) {
	eachProduceForm(t, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		wantStored(t, p.Send(t.Context(), orderTo(0, "b")), 0, 1)
		s.recreate(3)
		lookAt(t, client)
		wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 0)
		wantStored(t, p.Send(t.Context(), orderTo(0, "d")), 0, 1)
		closeProducer(t, p)
		wantValues(t, s.stored(0), []string{"c", "d"})
	})
}

func TestProducerLearnsFromTheAnswerThatATopicWasMadeAgain(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		s.recreate(3)
		wantStored(t, p.Send(t.Context(), orderTo(0, "b")), 0, 0) // refused for the ID, and sent with the other
		wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 1)
		closeProducer(t, p)
		if got := strings.Join(s.identities(0), ", "); got != "0/1 0, 0/1 1" {
			t.Errorf("got %s, want another epoch, from 0", got)
		}
	})
}

func TestProducerDoesNotSendToBothTopics(t *testing.T) {
	eachProduceForm(t, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithBatchBytes(150))...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		s.set(func() {
			s.alter = func(_ int32, req protocol.Request, resp protocol.Response) { // stored, and nobody is told
				if r, ok := resp.(*protocol.ProduceResponse); ok {
					r.Responses[0].PartitionResponses[0].ErrorCode = int16(kerr.RequestTimedOut)
				}
			}
		})
		lost := p.Send(t.Context(), orderTo(0, "b"))
		time.Sleep(10 * time.Millisecond)
		s.recreate(3)
		s.set(func() { s.alter = nil })
		lookAt(t, client)
		later := p.Send(t.Context(), orderTo(0, "c"))
		if err := wait(t, lost); !errors.Is(err, afkak.ErrTopicRecreated) || !afkak.MaybeStored(err) {
			t.Errorf("what was on its way: got %v, want ErrTopicRecreated, and that it may be stored", err)
		}
		wantStored(t, later, 0, 0)
		closeProducer(t, p)
		wantValues(t, s.stored(0), []string{"c"})
	})
}

func TestProducerSendsAgainWhatWasRefusedForItsTopicID(t *testing.T) {
	for _, code := range []kerr.Error{kerr.UnknownTopicID, kerr.InconsistentTopicID} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			refused := 0
			s.onProduce(func(int32, string, int32, []byte) kerr.Error {
				if refused++; refused <= 3 {
					return code
				}
				return 0
			})
			p := newProducer(t, client, manual()...)
			wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
			closeProducer(t, p)
			if n := s.requests(protocol.KeyMetadata); n < 2 {
				t.Errorf("%v: %d metadata requests, want that it asks again", code, n)
			}
		})
	}
}

func TestRecordForAPartitionThatTheNewTopicLacksTimesOut(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(3*time.Second))...)
		wantStored(t, p.Send(t.Context(), orderTo(2, "a")), 2, 0)
		s.recreate(1)
		if err := wait(t, p.Send(t.Context(), orderTo(2, "b"))); err == nil || afkak.MaybeStored(err) {
			t.Errorf("got %v, want an error of a record that is not stored", err)
		}
		if err := wait(t, p.Send(t.Context(), orderTo(2, "c"))); !errors.Is(err, afkak.ErrNoPartition) {
			t.Errorf("got %v, want ErrNoPartition", err)
		}
		wantStored(t, p.Send(t.Context(), orderTo(0, "d")), 0, 0)
		closeProducer(t, p)
	})
}
