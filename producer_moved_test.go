package afkak_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// hint has brokers that do not lead say who does. The metadata stays behind and
// says broker 1. Requires mu.
func (s *stage) hint(led func(asked int32) (leader, epoch int32)) {
	s.onProduce(func(asked int32, _ string, _ int32, _ []byte) kerr.Error {
		if leader, _ := led(asked); leader != asked {
			return kerr.NotLeaderOrFollower
		}
		return 0
	})
	s.alter = func(asked int32, _ protocol.Request, resp protocol.Response) {
		if r, ok := resp.(*protocol.ProduceResponse); ok {
			leader, epoch := led(asked)
			for i := range r.Responses {
				for j := range r.Responses[i].PartitionResponses {
					if part := &r.Responses[i].PartitionResponses[j]; part.ErrorCode != 0 {
						part.CurrentLeader = &protocol.ProduceResponseResponsePartitionResponseCurrentLeader{LeaderID: leader, LeaderEpoch: epoch}
					}
				}
			}
			r.NodeEndpoints = []protocol.ProduceResponseNodeEndpoint{{NodeID: leader, Host: "b" + strconv.Itoa(int(leader)), Port: 9092}}
		}
	}
}

func TestLeaderMoveCostsOneRoundTrip(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		s.set(func() { s.brokers = 1 }) // the client hears of the other one by the hint
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		s.set(func() {
			s.brokers = 2
			s.hint(func(int32) (leader, epoch int32) { return 2, 1 })
		})
		began := time.Now()
		wantStored(t, p.Send(t.Context(), orderTo(0, "b")), 0, 1)
		wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 2)
		if took := time.Since(began); took > 0 {
			t.Errorf("it took %v, want no wait", took)
		}
		if n := s.requests(protocol.KeyProduce); n != 4 {
			t.Errorf("%d produce requests, want 3 and the one that was refused", n)
		}
		time.Sleep(time.Second)
		wantStored(t, p.Send(t.Context(), orderTo(0, "d")), 0, 3) // the metadata that says otherwise is older
		if n := s.requests(protocol.KeyProduce); n != 5 {
			t.Errorf("%d produce requests, want 5", n)
		}
		if n := s.requests(protocol.KeyMetadata); n < 2 {
			t.Errorf("%d metadata requests, want that it asks again", n)
		}
		closeProducer(t, p)
		wantValues(t, s.stored(0), []string{"a", "b", "c", "d"})
	})
}

func TestHintThatIsNotNewerIsNotFollowed(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() { s.hint(func(int32) (leader, epoch int32) { return 2, 0 }) })
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(time.Second))...)
		if err := wait(t, p.Send(t.Context(), orderTo(0, "a"))); err == nil {
			t.Error("it was stored by broker 2")
		}
		closeProducer(t, p)
	})
}

func TestBrokersThatNameEachOtherAreNotKeptBusy(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		epoch := int32(0)
		s.set(func() {
			s.hint(func(asked int32) (int32, int32) {
				epoch++
				return 3 - asked, epoch
			})
		})
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(time.Second))...)
		d := p.Send(t.Context(), orderTo(0, "a"))
		time.Sleep(50 * time.Millisecond)
		if n := s.requests(protocol.KeyProduce); n != 4 {
			t.Errorf("%d requests without a wait, want 4", n)
		}
		if err := wait(t, d); !afkak.Retriable(err) {
			t.Errorf("got %v", err)
		}
		if n := s.requests(protocol.KeyProduce); n > 12 {
			t.Errorf("%d requests in a second", n)
		}
		closeProducer(t, p)
	})
}
