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

// garble makes the next n produce answers such that nobody can read them.
func (w *world) garble(n int) {
	w.spoil(0, protocol.KeyProduce, func(x *exchange) fate {
		if n > 0 {
			n--
			for i := 8; i < len(x.answer); i++ {
				x.answer[i] = 0xff
			}
		}
		return pass
	})
}

func TestProducerAsksOnceMoreWhenAnAnswerCannotBeRead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		w.garble(1)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		w.garble(2)
		err := wait(t, p.Send(t.Context(), orderTo(0, "b")))
		if err == nil || !afkak.MaybeStored(err) {
			t.Errorf("twice in a row: got %v, want that it may be stored", err)
		}
		wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 2)
		closeProducer(t, p)
		wantValues(t, w.kept(0), []string{"a", "b", "c"})
	})
}

func TestProducerWithoutNumbersDoesNotAskAgainWhenAnAnswerCannotBeRead(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithIdempotence(false))...)
		w.garble(1)
		if err := wait(t, p.Send(t.Context(), orderTo(0, "a"))); err == nil || !afkak.MaybeStored(err) {
			t.Errorf("got %v, want that it may be stored", err)
		}
		closeProducer(t, p)
		wantValues(t, w.kept(0), []string{"a"})
	})
}

// What a broker answers before it has appended anything says that the record is
// not stored, unless an earlier attempt may have done it.
func TestWhatARefusalSaysOfTheRecord(t *testing.T) {
	for _, c := range []struct {
		code   kerr.Error
		stored bool // that, too, may follow an append
	}{
		{kerr.TopicAuthorizationFailed, false},
		{kerr.ClusterAuthorizationFailed, false},
		{kerr.InvalidTopicException, false},
		{kerr.InvalidRequiredAcks, false},
		{kerr.MessageTooLarge, false},
		{kerr.RecordListTooLarge, false},
		{kerr.InvalidTimestamp, false},
		{kerr.InvalidRecord, false},
		{kerr.UnsupportedForMessageFormat, false},
		{kerr.UnsupportedCompressionType, false},
		{kerr.PolicyViolation, false},
		{kerr.NotEnoughReplicas, false},
		{kerr.UnknownTopicID, false},
		{kerr.InconsistentTopicID, false},
		{kerr.LeaderNotAvailable, false},
		{kerr.UnknownTopicOrPartition, true},
		{kerr.NotLeaderOrFollower, true},
		{kerr.NotEnoughReplicasAfterAppend, true},
		{kerr.RequestTimedOut, true},
		{kerr.UnknownServerError, true},
		{kerr.KafkaStorageError, true},
	} {
		for _, lost := range []bool{false, true} {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(time.Second))...)
				wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
				s.set(func() {
					s.onProduce(func(int32, string, int32, []byte) kerr.Error {
						if lost {
							lost = false
							return kerr.RequestTimedOut
						}
						return c.code
					})
				})
				want := c.stored || lost
				err := wait(t, p.Send(t.Context(), orderTo(0, "b")))
				if !errors.Is(err, c.code) || afkak.MaybeStored(err) != want {
					t.Errorf("%s: got %v, maybe stored %v; want %v", c.code.Name(), err, afkak.MaybeStored(err), want)
				}
				if c.code == kerr.ClusterAuthorizationFailed && !strings.Contains(err.Error(), "WithIdempotence(false)") {
					t.Errorf("got %v, want the option's name", err)
				}
				s.set(func() { s.answer = nil })
				wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 1)
				closeProducer(t, p)
			})
		}
	}
}
