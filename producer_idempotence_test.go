package afkak_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// loseAnswer lets a request through and cuts the connection in place of its
// answer.
func loseAnswer(x *exchange) fate {
	x.answer = nil
	return cut
}

func manual(opts ...afkak.ProducerOption) []afkak.ProducerOption {
	return append([]afkak.ProducerOption{
		afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(0), afkak.WithAckTimeout(time.Second), afkak.WithProduceTimeout(2 * time.Second),
	}, opts...)
}

// identities returns producer ID, epoch and sequence of each batch in a log.
func (s *stage) identities(partition int32) (all []string) {
	last := int64(-1)
	s.walk(partition, func(b *record.Batch, _ *record.Record) {
		if b.BaseOffset != last {
			all = append(all, fmt.Sprintf("%d/%d %d", b.ProducerID, b.ProducerEpoch, b.BaseSequence))
			last = b.BaseOffset
		}
	})
	return all
}

func TestProducerNumbersItsBatchesForEachPartition(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual()...)
		for i := range 6 {
			wantStored(t, p.Send(t.Context(), orderTo(int32(i%2), strconv.Itoa(i))), int32(i%2), int64(i/2))
		}
		closeProducer(t, p)
		for partition := range int32(2) {
			if got := strings.Join(s.identities(partition), ", "); got != "0/0 0, 0/0 1, 0/0 2" {
				t.Errorf("partition %d: got %s", partition, got)
			}
		}
		if n := s.requests(protocol.KeyInitProducerID); n != 1 {
			t.Errorf("producer IDs asked for: got %d, want 1", n)
		}
	})
}

func TestProducerStoresOnceWhenAnswersAreLost(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.spoil(0, protocol.KeyProduce, func(x *exchange) fate {
			if x.nth%3 == 0 {
				return loseAnswer(x)
			}
			return pass
		})
		p := newProducer(t, client, manual(afkak.WithBatchBytes(200))...)
		var deliveries []afkak.Delivery
		for i := range 200 {
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, strconv.Itoa(i))))
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			wantStored(t, d, 0, int64(i))
		}
		w.honest()
		wantValues(t, w.kept(0), numbered(0, 200))
	})
}

// The answer is lost, the record times out, and the next one is as large.
func TestProducerDoesNotTakeARecordForTheLostOneBeforeIt(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(3*time.Second))...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
		w.spoil(0, protocol.KeyProduce, loseAnswer)
		if err := wait(t, p.Send(t.Context(), orderTo(0, "b"))); !afkak.MaybeStored(err) {
			t.Errorf("the lost one: got %v, want that it may be stored", err)
		}
		w.honest()
		time.Sleep(5 * time.Second)
		wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 2)
		closeProducer(t, p)
		wantValues(t, w.kept(0), []string{"a", "b", "c"})
	})
}

// TestProducerUnderRandomTrouble: whatever happens on the way, what is
// acknowledged is stored once and in order, and nothing else is stored unless
// its error says that it may be.
func TestProducerUnderRandomTrouble(t *testing.T) {
	for seed := range uint64(12) {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) { randomTrouble(t, w, client, seed) })
		})
	}
}

func randomTrouble(t *testing.T, w *world, client *afkak.Client, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	chance := func(n int) (yes bool) { w.set(func() { yes = rng.IntN(n) == 0 }); return yes }
	trouble := func(x *exchange) fate {
		switch {
		case x.key != protocol.KeyProduce:
			return pass
		case chance(12):
			return loseAnswer(x) // on the way in: the request
		case chance(40):
			return hang
		}
		return pass
	}
	w.set(func() { w.onWay, w.onBack = trouble, trouble })
	timeout, least := 4*time.Second, 1 // many time out
	if seed%2 == 1 {
		timeout, least = 5*time.Minute, 300 // none does
	}
	p := newProducer(t, client, manual(afkak.WithBatchBytes(160), afkak.WithMaxRequestBytes(400), afkak.WithDeliveryTimeout(timeout))...)
	var deliveries [3][]afkak.Delivery
	for i := range 900 {
		partition := int32(i % 3)
		deliveries[partition] = append(deliveries[partition], p.Send(t.Context(), orderTo(partition, strconv.Itoa(i/3))))
		if i%3 == 0 {
			time.Sleep(time.Duration(7*i%40) * time.Millisecond)
		}
	}
	closeProducer(t, p)
	w.honest()
	for partition := range deliveries {
		checkKept(t, w.kept(int32(partition)), deliveries[partition], least)
	}
}

// checkKept compares a log of numbers with what was said of each.
func checkKept(t *testing.T, kept []string, deliveries []afkak.Delivery, least int) {
	t.Helper()
	at, last, acknowledged := map[int]int64{}, -1, 0
	for offset, value := range kept {
		n, err := strconv.Atoi(value)
		if err != nil || n <= last {
			t.Fatalf("at %d: %s after %d", offset, value, last)
		}
		at[n], last = int64(offset), n
	}
	for n, d := range deliveries {
		res, err, _ := d.Result()
		offset, stored := at[n]
		switch {
		case err == nil && (!stored || res.Offset != offset):
			t.Errorf("record %d is said to be at %d, it is at %d (stored: %v)", n, res.Offset, offset, stored)
		case err != nil && stored && !afkak.MaybeStored(err):
			t.Errorf("record %d is stored, its error does not say that it may be: %v", n, err)
		case err == nil:
			acknowledged++
		}
	}
	if acknowledged < least {
		t.Errorf("%d of %d records were acknowledged, want at least %d", acknowledged, len(deliveries), least)
	}
}

func TestProducerKeepsOrderWhenTheLeaderMovesWithSeveralInFlight(t *testing.T) {
	onStage(t, 3, func(t *testing.T, s *stage, client *afkak.Client) {
		most := 0
		var p *afkak.Producer
		s.onProduce(func(id int32, _ string, _ int32, _ []byte) kerr.Error { // with s.mu held
			most = max(most, p.Stats().InFlight)
			if id != s.leader {
				return kerr.NotLeaderOrFollower
			}
			return 0
		})
		p = newProducer(t, client, manual(afkak.WithBatchBytes(150))...)
		var deliveries []afkak.Delivery
		for i := range 1000 {
			if i%100 == 50 {
				s.set(func() { s.leader = s.leader%3 + 1 })
			}
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, strconv.Itoa(i))))
			if i%10 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			wantStored(t, d, 0, int64(i))
		}
		wantValues(t, s.stored(0), numbered(0, 1000))
		if most < 2 || most > 5 {
			t.Errorf("in flight: got %d batches at most, want 2 to 5", most)
		}
	})
}

func TestProducerPutsOneBatchOfAPartitionIntoARequest(t *testing.T) {
	b := ordersBroker(t)
	client := newClient(t, b.Addr(), afkak.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		return &produceWatch{Conn: conn, t: t}, err
	}))
	p := newProducer(t, client, afkak.WithLinger(0), afkak.WithBatchBytes(200), afkak.WithPartitioner(afkak.Manual()))
	var senders sync.WaitGroup
	for partition := range int32(3) {
		senders.Go(func() {
			for i := range 15000 {
				p.Send(context.Background(), orderTo(partition, strconv.Itoa(i)))
			}
		})
	}
	senders.Wait()
	closeProducer(t, p)
	if stats := p.Stats(); stats.Sent != 45000 {
		t.Errorf("stats: got %+v, want 45000 sent", stats)
	}
}

// produceWatch looks at the produce requests that a client writes.
type produceWatch struct {
	net.Conn
	t testing.TB
}

func (c *produceWatch) Write(frame []byte) (int, error) {
	for rest := frame; len(rest) > 12; {
		size := 4 + int(binary.BigEndian.Uint32(rest))
		if size > len(rest) {
			break
		}
		c.look(rest[4:size])
		rest = rest[size:]
	}
	return c.Conn.Write(frame)
}

func (c *produceWatch) look(frame []byte) {
	key, version := protocol.APIKey(binary.BigEndian.Uint16(frame)), int16(binary.BigEndian.Uint16(frame[2:]))
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(frame, key.RequestHeaderVersion(version))
	req := protocol.NewProduceRequest()
	if key != protocol.KeyProduce || err != nil || req.DecodeFrom(frame[n:], version) != nil {
		return
	}
	seen := map[int32]bool{}
	for _, topic := range req.TopicData {
		for _, data := range topic.PartitionData {
			if seen[data.Index] {
				c.t.Errorf("partition %d is in a request twice", data.Index)
			}
			seen[data.Index] = true
		}
	}
}

func TestProducerBeginsAgainWhenTheBrokerHasForgottenIt(t *testing.T) {
	for _, code := range []kerr.Error{kerr.UnknownProducerID, kerr.OutOfOrderSequenceNumber} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			p := newProducer(t, client, manual()...)
			wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, 0)
			refused := false
			s.set(func() {
				s.onProduce(func(_ int32, _ string, _ int32, _ []byte) kerr.Error {
					if !refused {
						refused = true
						return code
					}
					return 0
				})
			})
			wantStored(t, p.Send(t.Context(), orderTo(0, "b")), 0, 1)
			wantStored(t, p.Send(t.Context(), orderTo(0, "c")), 0, 2)
			closeProducer(t, p)
			if got := strings.Join(s.identities(0), ", "); got != "0/0 0, 0/1 0, 0/1 1" {
				t.Errorf("%v: got %s", code, got)
			}
		})
	}
}

func TestProducerTakesADuplicateForStored(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.onProduce(always(kerr.DuplicateSequenceNumber))
		p := newProducer(t, client, manual()...)
		wantStored(t, p.Send(t.Context(), orderTo(0, "a")), 0, -1)
		closeProducer(t, p)
	})
}

func TestProducerThatMayNotWriteIdempotentlySaysWhatToDo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
			if r, ok := resp.(*protocol.InitProducerIDResponse); ok {
				r.ErrorCode, r.ProducerID, r.ProducerEpoch = int16(kerr.ClusterAuthorizationFailed), -1, -1
			}
		}
		p := newProducer(t, client, manual()...)
		err := wait(t, p.Send(t.Context(), orderTo(0, "a")))
		if !errors.Is(err, kerr.ClusterAuthorizationFailed) || !strings.Contains(fmt.Sprint(err), "WithIdempotence(false)") || afkak.MaybeStored(err) {
			t.Errorf("got %v, want the broker's refusal and the option's name", err)
		}
		if n := s.requests(protocol.KeyProduce); n != 0 {
			t.Errorf("%d produce requests were sent: a silent fallback", n)
		}
		s.set(func() { s.alter = nil }) // it was granted
		wantStored(t, p.Send(t.Context(), orderTo(0, "b")), 0, 0)
		closeProducer(t, p)
	})
}

func TestProducerAsksAgainForItsIdentity(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
			if r, ok := resp.(*protocol.InitProducerIDResponse); ok {
				r.ErrorCode = int16(kerr.CoordinatorLoadInProgress)
			}
		}
		p := newProducer(t, client, manual(afkak.WithDeliveryTimeout(5*time.Second))...)
		err := wait(t, p.Send(t.Context(), orderTo(0, "a")))
		if !errors.Is(err, kerr.CoordinatorLoadInProgress) || afkak.MaybeStored(err) {
			t.Errorf("got %v, want a timeout that says why", err)
		}
		d := p.Send(t.Context(), orderTo(0, "b"))
		time.Sleep(2 * time.Second)
		s.set(func() { s.alter = nil })
		wantStored(t, d, 0, 0)
		closeProducer(t, p)
	})
}

func TestProducerAsksAnotherBrokerForItsIdentity(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.set(func() {
			w.onWay = func(x *exchange) fate {
				if x.key == protocol.KeyInitProducerID && x.broker == 1 {
					return hang
				}
				return pass
			}
		})
		p := newProducer(t, client, manual()...)
		first := p.Send(t.Context(), orderTo(0, "a"))
		synctest.Wait()
		wantStored(t, p.Send(t.Context(), orderTo(1, "b")), 1, 0)
		wantStored(t, first, 0, 0)
		closeProducer(t, p)
	})
}

func TestProducerWritesToOldBrokersWithoutNumbers(t *testing.T) {
	for version, want := range map[int16]int{2: 0, 3: 1, 4: 1} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			s.limit[protocol.KeyProduce] = version
			if version == 2 {
				s.answer = func(_ int32, req protocol.Request) protocol.Response { return oldProduce(s, req) }
			}
			p := newProducer(t, client, manual(afkak.WithBatchBytes(130))...)
			most := 0
			s.set(func() {
				answer := s.answer
				s.answer = func(id int32, req protocol.Request) protocol.Response {
					most = max(most, p.Stats().InFlight)
					if answer == nil {
						return nil
					}
					return answer(id, req)
				}
			})
			var last afkak.Delivery
			for i := range 20 {
				last = p.Send(t.Context(), orderTo(0, strconv.Itoa(i)))
			}
			if _, err := last.Wait(t.Context()); err != nil {
				t.Errorf("produce %d: %v", version, err)
			}
			closeProducer(t, p)
			if n := s.requests(protocol.KeyInitProducerID); n != want || most != 1 {
				t.Errorf("produce %d: %d producer IDs, %d batches in flight; want %d and 1", version, n, most, want)
			}
		})
	}
}

// oldProduce stands in for a broker that stores message sets: the embedded one
// does not.
func oldProduce(s *stage, req protocol.Request) protocol.Response {
	produce, ok := req.(*protocol.ProduceRequest)
	if !ok {
		return nil
	}
	resp := protocol.NewProduceResponse()
	for _, topic := range produce.TopicData {
		answer := protocol.ProduceResponseResponse{Name: topic.Name, TopicID: topic.TopicID}
		for _, data := range topic.PartitionData {
			var part protocol.ProduceResponseResponsePartitionResponse
			part.SetDefaults()
			part.Index, part.BaseOffset = data.Index, int64(s.seen[protocol.KeyProduce])
			answer.PartitionResponses = append(answer.PartitionResponses, part)
		}
		resp.Responses = append(resp.Responses, answer)
	}
	return resp
}

func TestProducerFailsOnlyTheRecordsThatABatchWasRefusedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 1, Configs: map[string]string{"cleanup.policy": "compact"}})
		client := s.client()
		defer s.close()
		defer client.Close()
		p := newProducer(t, client)
		var deliveries []afkak.Delivery
		for i := range 40 {
			rec := afkak.Record{Topic: "orders", Key: []byte("k"), Value: []byte(strconv.Itoa(i))}
			if i%10 == 3 {
				rec.Key = nil
			}
			deliveries = append(deliveries, p.Send(t.Context(), rec))
		}
		closeProducer(t, p)
		next := int64(0)
		for i, d := range deliveries {
			if i%10 != 3 {
				wantStored(t, d, 0, next)
				next++
				continue
			}
			err := wait(t, d)
			var produce *afkak.ProduceError
			if !errors.Is(err, kerr.InvalidRecord) || afkak.MaybeStored(err) || !errors.As(err, &produce) || produce.Records != 1 || produce.Broker != 1 {
				t.Errorf("record %d: got %v, want that it is invalid", i, err)
			}
		}
		if stats := p.Stats(); stats.Failed != 4 || stats.Sent != 36 || stats.BufferedBytes != 0 {
			t.Errorf("stats: got %+v", stats)
		}
	})
}

func TestProducerIsIdempotentOnlyWithAllAcks(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		if _, err := afkak.NewProducer(client, afkak.WithIdempotence(true), afkak.WithAcks(afkak.AcksLeader)); err == nil {
			t.Error("idempotence without all acks was accepted")
		}
		for _, opts := range [][]afkak.ProducerOption{{afkak.WithAcks(afkak.AcksLeader)}, {afkak.WithIdempotence(false)}} {
			p := newProducer(t, client, manual(opts...)...)
			if _, err := p.Send(t.Context(), orderTo(0, "a")).Wait(t.Context()); err != nil {
				t.Error(err)
			}
			closeProducer(t, p)
		}
		if n := s.requests(protocol.KeyInitProducerID); n != 0 {
			t.Errorf("%d producer IDs were asked for", n)
		}
	})
}

func TestProducerThatGivesUpOrderHasSeveralBatchesOnTheirWay(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, manual(afkak.WithIdempotence(false), afkak.WithUnorderedRetries(), afkak.WithBatchBytes(130))...)
		most := 0
		s.set(func() {
			s.onProduce(func(int32, string, int32, []byte) kerr.Error {
				most = max(most, p.Stats().InFlight)
				return 0
			})
		})
		for i := range 300 {
			p.Send(t.Context(), orderTo(0, strconv.Itoa(i)))
		}
		closeProducer(t, p)
		if most < 2 {
			t.Errorf("in flight: got %d batches at most, want several", most)
		}
	})
}

func TestProducerFindsTheNewLeaderBeforeItHasAnIdentity(t *testing.T) {
	onStage(t, 3, func(t *testing.T, s *stage, client *afkak.Client) {
		if _, err := client.Metadata(t.Context(), "orders"); err != nil {
			t.Fatal(err)
		}
		s.kill(1)
		p := newProducer(t, client, manual()...)
		d := p.Send(t.Context(), orderTo(0, "0"))
		time.Sleep(5 * time.Second)
		s.set(func() { s.leader = 2 })
		began := time.Now()
		wantStored(t, d, 0, 0)
		if took := time.Since(began); took > 5*time.Second {
			t.Errorf("stored %v after there was a leader again", took)
		}
		closeProducer(t, p)
	})
}
