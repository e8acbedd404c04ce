package afkak_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func newProducer(t testing.TB, client *afkak.Client, opts ...afkak.ProducerOption) *afkak.Producer {
	t.Helper()
	p, err := afkak.NewProducer(client, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func closeProducer(t testing.TB, p *afkak.Producer) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := p.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

func order(value string) afkak.Record { return afkak.Record{Topic: "orders", Value: []byte(value)} }

func orderTo(partition int32, value string) afkak.Record {
	return afkak.Record{Topic: "orders", Partition: partition, Value: []byte(value)}
}

func wantStored(t testing.TB, d afkak.Delivery, partition int32, offset int64) {
	t.Helper()
	res, err := d.Wait(t.Context())
	if err != nil || res.Topic != "orders" || res.Partition != partition || res.Offset != offset {
		t.Errorf("got %+v, %v; want orders/%d at %d", res, err, partition, offset)
	}
}

// requests returns how many requests of an API have come.
func (s *stage) requests(key protocol.APIKey) (n int) {
	s.set(func() { n = s.seen[key] })
	return n
}

// stored returns what is in a partition's log, past the client.
func (s *stage) stored(partition int32) (values []string) {
	s.t.Helper()
	s.walk(partition, func(_ *record.Batch, rec *record.Record) { values = append(values, string(rec.Value)) })
	return values
}

func (s *stage) walk(partition int32, visit func(*record.Batch, *record.Record)) {
	s.t.Helper()
	req := protocol.NewFetchRequest()
	req.MaxBytes = 1 << 30
	req.Topics = []protocol.FetchRequestTopic{{Topic: "orders", Partitions: []protocol.FetchRequestTopicPartition{{
		Partition: partition, PartitionMaxBytes: 1 << 30, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1, LogStartOffset: -1,
	}}}}
	resp, err := s.direct(req, 11)
	if err != nil {
		s.t.Fatal(err)
	}
	rest := resp.(*protocol.FetchResponse).Responses[0].Partitions[0].Records
	for len(rest) > 0 {
		batch, n, err := record.ReadBatch(rest)
		if err != nil {
			s.t.Fatal(err)
		}
		rest = rest[n:]
		var w record.Walker
		if err := w.Start(&batch, 1<<30); err != nil {
			s.t.Fatal(err)
		}
		for rec := new(record.Record); w.Next(rec); {
			visit(&batch, rec)
		}
		if w.Err() != nil {
			s.t.Fatal(w.Err())
		}
	}
}

// onProduce calls visit with each produce request's batches before the backend
// has them, with s.mu held. The code it returns is answered instead of storing;
// a request of which nothing fails is stored, and otherwise nothing of it.
func (s *stage) onProduce(visit func(broker int32, topic string, partition int32, batch []byte) kerr.Error) {
	s.answer = func(broker int32, req protocol.Request) protocol.Response {
		produce, ok := req.(*protocol.ProduceRequest)
		if !ok {
			return nil
		}
		resp, failed := protocol.NewProduceResponse(), false
		for _, topic := range produce.TopicData {
			answer := protocol.ProduceResponseResponse{Name: topic.Name, TopicID: topic.TopicID}
			for _, data := range topic.PartitionData {
				var part protocol.ProduceResponseResponsePartitionResponse
				part.SetDefaults()
				code := visit(broker, topic.Name, data.Index, data.Records)
				part.Index, part.ErrorCode, part.BaseOffset = data.Index, int16(code), -1
				failed = failed || code != 0
				answer.PartitionResponses = append(answer.PartitionResponses, part)
			}
			resp.Responses = append(resp.Responses, answer)
		}
		if !failed {
			return nil
		}
		for _, topic := range resp.Responses {
			for i := range topic.PartitionResponses {
				if part := &topic.PartitionResponses[i]; part.ErrorCode == 0 {
					part.ErrorCode = int16(kerr.NotEnoughReplicas)
				}
			}
		}
		return resp
	}
}

func TestProducerStoresWhatItSaysItStored(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		stamp := time.Now().Add(-time.Hour).Truncate(time.Millisecond)
		rec := afkak.Record{
			Topic: "orders", Partition: 2, Key: []byte{}, Value: []byte("v"), Timestamp: stamp,
			Headers: []afkak.Header{{Key: "h", Value: []byte("1")}, {Key: "h"}},
		}
		first, second := p.Send(t.Context(), rec), p.Send(t.Context(), orderTo(2, "w"))
		rec.Value[0] = 'x' // the slices are ours again
		wantStored(t, first, 2, 0)
		wantStored(t, second, 2, 1)
		if res, _, _ := first.Result(); !res.Timestamp.Equal(stamp) {
			t.Errorf("timestamp: got %v, want %v", res.Timestamp, stamp)
		}
		if res, _, _ := second.Result(); time.Since(res.Timestamp).Abs() > time.Second {
			t.Errorf("timestamp: got %v, want about now", res.Timestamp)
		}
		var got []record.Record
		s.walk(2, func(_ *record.Batch, rec *record.Record) {
			r := *rec
			r.Headers = slices.Clone(r.Headers)
			got = append(got, r)
		})
		if len(got) != 2 || string(got[0].Value) != "v" || got[0].Key == nil || got[1].Key != nil ||
			got[0].Timestamp != stamp.UnixMilli() || len(got[0].Headers) != 2 || got[0].Headers[1].Value != nil {
			t.Errorf("stored: got %+v", got)
		}
		closeProducer(t, p)
	})
}

func TestProducerKeepsOrderUnderRetries(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		var mu sync.Mutex
		type place struct {
			partition int32
			sequence  uint32
		}
		requests, last := 0, map[place][]byte{}
		s.onProduce(func(_ int32, _ string, partition int32, batch []byte) kerr.Error {
			mu.Lock()
			defer mu.Unlock()
			at := place{partition, binary.BigEndian.Uint32(batch[53:])}
			if before := last[at]; before != nil && !bytes.Equal(before, batch) {
				t.Errorf("partition %d: a retry has other bytes", partition)
			}
			delete(last, at)
			if requests++; requests%3 != 0 {
				last[at] = bytes.Clone(batch)
				return kerr.NotEnoughReplicas
			}
			return 0
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBatchBytes(300), afkak.WithMaxRequestBytes(300))
		var deliveries []afkak.Delivery
		for i := range 400 {
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(int32(i%4), strconv.Itoa(i))))
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			wantStored(t, d, int32(i%4), int64(i/4))
		}
		for partition := range int32(4) {
			for i, value := range s.stored(partition) {
				if want := strconv.Itoa(4*i + int(partition)); value != want {
					t.Fatalf("partition %d at %d: got %s, want %s", partition, i, value, want)
				}
			}
		}
		if stats := p.Stats(); stats.Sent != 400 || stats.Retried == 0 || stats.Failed != 0 || stats.BufferedBytes != 0 {
			t.Errorf("stats: got %+v", stats)
		}
	})
}

func TestProducerKeepsOrderWhenTheLeaderMoves(t *testing.T) {
	onStage(t, 3, func(t *testing.T, s *stage, client *afkak.Client) {
		s.onProduce(func(broker int32, _ string, _ int32, _ []byte) kerr.Error { // with s.mu held
			if broker != s.leader {
				return kerr.NotLeaderOrFollower
			}
			return 0
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Millisecond))
		var deliveries []afkak.Delivery
		for i := range 300 {
			if i%50 == 25 {
				s.set(func() { s.leader = s.leader%3 + 1 })
			}
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, strconv.Itoa(i))))
			time.Sleep(2 * time.Millisecond)
		}
		closeProducer(t, p)
		for i, d := range deliveries {
			wantStored(t, d, 0, int64(i))
		}
		wantValues(t, s.stored(0), numbered(0, 300))
	})
}

func TestProducerGoesOnWhenALeaderDies(t *testing.T) {
	onStage(t, 3, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		wantStored(t, p.Send(t.Context(), orderTo(0, "0")), 0, 0)
		s.kill(1)
		d := p.Send(t.Context(), orderTo(0, "1"))
		time.Sleep(5 * time.Second)
		if _, _, ok := d.Result(); ok {
			t.Error("a record has a result while its leader is gone")
		}
		s.set(func() { s.leader = 2 })
		wantStored(t, d, 0, 1)
		closeProducer(t, p)
	})
}

func TestProducerRetriesOnlyTheBatchThatFailed(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
			if produce, ok := resp.(*protocol.ProduceResponse); ok {
				for _, topic := range produce.Responses {
					for i := range topic.PartitionResponses {
						if part := &topic.PartitionResponses[i]; part.Index == 1 {
							part.ErrorCode = int16(kerr.TopicAuthorizationFailed)
						}
					}
				}
			}
		}
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		good, bad := p.Send(t.Context(), orderTo(0, "good")), p.Send(t.Context(), orderTo(1, "bad"))
		wantStored(t, good, 0, 0)
		_, err := bad.Wait(t.Context())
		var produceErr *afkak.ProduceError
		if !errors.Is(err, kerr.TopicAuthorizationFailed) || !errors.As(err, &produceErr) ||
			produceErr.Partition != 1 || produceErr.Broker != 1 || afkak.Retriable(err) || afkak.MaybeStored(err) {
			t.Errorf("got %v (%+v)", err, produceErr)
		}
		if got := s.stored(0); len(got) != 1 {
			t.Errorf("the good one is stored %d times", len(got))
		}
		closeProducer(t, p)
	})
}

func TestProducerNamesThePartitionThatAnAnswerLacks(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
			if produce, ok := resp.(*protocol.ProduceResponse); ok {
				produce.Responses = nil
			}
		}
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		_, err := p.Send(t.Context(), orderTo(3, "v")).Wait(t.Context())
		if !errors.Is(err, afkak.ErrNoAnswer) || !strings.Contains(err.Error(), "orders/3") || !afkak.MaybeStored(err) {
			t.Errorf("got %v", err)
		}
		closeProducer(t, p)
	})
}

func TestProducerSaysWhatMayBeStoredWhenTheAnswerIsLost(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.alter = func(_ int32, req protocol.Request, _ protocol.Response) {
			if _, ok := req.(*protocol.ProduceRequest); ok {
				for conn := range s.conns { // between append and answer
					_ = conn.Close()
				}
			}
		}
		p := newProducer(t, client, afkak.WithRetries(0))
		_, err := p.Send(t.Context(), order("v")).Wait(t.Context())
		if err == nil || !afkak.MaybeStored(err) {
			t.Errorf("got %v, which may be stored: %v", err, afkak.MaybeStored(err))
		}
		closeProducer(t, p)
	})
}

func TestProducerDeliveryTimeoutBoundsEverything(t *testing.T) {
	for name, harm := range map[string]func(s *stage){
		"refused": func(s *stage) { s.kill(1) },
		"no leader": func(s *stage) {
			s.set(func() {
				s.leader = -1
				s.onProduce(func(int32, string, int32, []byte) kerr.Error { return kerr.NotLeaderOrFollower })
			})
		},
		"retries": func(s *stage) {
			s.set(func() {
				s.onProduce(func(int32, string, int32, []byte) kerr.Error { return kerr.NotLeaderOrFollower })
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithDeliveryTimeout(20*time.Second), afkak.WithPartitioner(afkak.Manual()))
				wantStored(t, p.Send(t.Context(), orderTo(0, "v")), 0, 0)
				harm(s)
				began := time.Now()
				_, err := p.Send(t.Context(), orderTo(0, "w")).Wait(t.Context())
				if took := time.Since(began); err == nil || took < 20*time.Second || took > 22*time.Second {
					t.Errorf("after %v: %v", took, err)
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestProducerIsSilentUntilATriggerFires(t *testing.T) {
	for name, c := range map[string]struct {
		opt   afkak.ProducerOption
		fires func(i int) bool // after record i, or with time
		after time.Duration
	}{
		"messages": {opt: afkak.WithBatch(20, 0, 0), fires: func(i int) bool { return i == 19 }},
		"bytes":    {opt: afkak.WithBatch(0, 100, 0), fires: func(i int) bool { return i == 9 }},
		"time":     {opt: afkak.WithBatch(0, 0, time.Minute), fires: func(int) bool { return false }, after: time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, c.opt, afkak.WithPartitioner(afkak.RoundRobin()))
				began := time.Now()
				var deliveries []afkak.Delivery
				for i := range 20 {
					deliveries = append(deliveries, p.Send(t.Context(), order(fmt.Sprintf("value %04d", i))))
					if c.fires(i) {
						break
					}
					time.Sleep(time.Second)
					if s.requests(protocol.KeyProduce) != 0 {
						t.Fatalf("record %d: something was sent", i)
					}
				}
				for i, d := range deliveries {
					wantStored(t, d, int32(i%4), int64(i/4))
				}
				if took := time.Since(began); took < c.after || took > c.after+21*time.Second {
					t.Errorf("took %v, want from %v on", took, c.after)
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestProducerListStaysTogetherAndInOrder(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithBatchBytes(1000))
		res, err := p.SendAll(t.Context(), "orders", []byte("1"), []byte("a"), []byte("b"), []byte("c")).Wait(t.Context())
		if err != nil || res.Offset != 0 {
			t.Fatalf("got %+v, %v", res, err)
		}
		wantValues(t, s.stored(res.Partition), []string{"a", "b", "c"})
		var tooLarge *afkak.RecordTooLargeError
		_, err = p.SendAll(t.Context(), "orders", nil, make([]byte, 500), make([]byte, 500)).Wait(t.Context())
		if !errors.As(err, &tooLarge) || tooLarge.Records != 2 || tooLarge.Limit != 1000 {
			t.Errorf("a list that no batch holds: got %v", err)
		}
		if _, err := p.SendAll(t.Context(), "orders", nil).Wait(t.Context()); err == nil {
			t.Error("an empty list was accepted")
		}
		_, err = p.Send(t.Context(), order(strings.Repeat("v", 1000))).Wait(t.Context())
		if !errors.As(err, &tooLarge) || tooLarge.Size <= 1000 {
			t.Errorf("a record that no batch holds: got %v", err)
		}
		closeProducer(t, p)
	})
}

func TestProducerPartitioners(t *testing.T) {
	keyed := func(keys ...string) (recs []afkak.Record) {
		for _, key := range keys {
			recs = append(recs, afkak.Record{Topic: "orders", Key: []byte(key), Value: []byte("v")})
		}
		return recs
	}
	for name, c := range map[string]struct {
		partitioner afkak.Partitioner
		records     []afkak.Record
		want        []int32
	}{
		"hashed":      {afkak.Hashed(), keyed("1", "2", "testing", "1"), []int32{3, 0, 3, 3}},
		"round robin": {afkak.RoundRobin(), keyed("1", "1", "1", "1", "1"), []int32{0, 1, 2, 3, 0}},
		"by function": {afkak.PartitionBy(func(rec afkak.Record, n int) int { return len(rec.Key) % n }), keyed("a", "ab", "abcd"), []int32{1, 2, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithPartitioner(c.partitioner))
				for i, rec := range c.records {
					res, err := p.Send(t.Context(), rec).Wait(t.Context())
					if err != nil || res.Partition != c.want[i] {
						t.Errorf("record %d: got partition %d, %v; want %d", i, res.Partition, err, c.want[i])
					}
				}
				closeProducer(t, p)
			})
		})
	}
}

func TestProducerRefusesAPartitionThatIsNotThere(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		if _, err := p.Send(t.Context(), orderTo(4, "v")).Wait(t.Context()); !errors.Is(err, afkak.ErrNoPartition) {
			t.Errorf("got %v", err)
		}
		closeProducer(t, p)
	})
}

func TestProducerCancelRemovesARecordThatHasNotLeft(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithLinger(time.Minute), afkak.WithPartitioner(afkak.Manual()))
		a, b, c := p.Send(t.Context(), orderTo(0, "a")), p.Send(t.Context(), orderTo(0, "b")), p.Send(t.Context(), orderTo(0, "c"))
		waited := make(chan error)
		go func() {
			_, err := b.Wait(context.Background())
			waited <- err
		}()
		time.Sleep(time.Second)
		if !b.Cancel() {
			t.Fatal("refused")
		}
		if err := <-waited; !errors.Is(err, afkak.ErrCanceled) {
			t.Errorf("who waited got %v", err)
		}
		if err := p.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		wantStored(t, a, 0, 0)
		wantStored(t, c, 0, 1)
		if a.Cancel() {
			t.Error("a stored record was cancelled")
		}
		wantValues(t, s.stored(0), []string{"a", "c"})
		closeProducer(t, p)
	})
}

func TestFlushPartitionSendsThatPartitionAndNoOther(t *testing.T) {
	for name, opt := range map[string]afkak.ProducerOption{
		"lingering": afkak.WithLinger(time.Minute), "held back by a trigger": afkak.WithBatch(100, 0, time.Minute),
	} {
		t.Run(name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), opt)
				for partition, values := range [][]string{{"a", "b"}, {"c"}} {
					for _, value := range values {
						p.Send(t.Context(), orderTo(int32(partition), value))
					}
				}
				began := time.Now()
				if err := p.FlushPartition(t.Context(), "orders", 0); err != nil {
					t.Error(err)
				}
				if took := time.Since(began); took > time.Second {
					t.Errorf("took %v", took)
				}
				wantValues(t, s.stored(0), []string{"a", "b"})
				wantValues(t, s.stored(1), nil)
				if held := p.Stats().BufferedRecords; held != 1 {
					t.Errorf("%d records are held, want 1", held)
				}
				closeProducer(t, p)
				wantValues(t, s.stored(1), []string{"c"})
				if err := p.FlushPartition(t.Context(), "orders", 0); err != nil {
					t.Errorf("after Close: %v", err)
				}
			})
		})
	}
}

func TestFlushPartitionHasNothingToDoWhereNothingWasWritten(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		nothing := func(topic string, partition int32) {
			t.Helper()
			if err := p.FlushPartition(ended, topic, partition); err != nil {
				t.Errorf("%s/%d: got %v", topic, partition, err)
			}
		}
		nothing("orders", 0)
		nothing("unheard of", 0)
		if n := s.requests(protocol.KeyMetadata); n != 0 {
			t.Errorf("%d requests were made", n)
		}
		wantStored(t, p.Send(t.Context(), orderTo(0, "v")), 0, 0)
		nothing("orders", 0)
		nothing("orders", 3)
		nothing("orders", 4) // there is none
		nothing("orders", -1)
		closeProducer(t, p)
	})
}

func TestFlushDoesNotWaitForWhatComesMeanwhile(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.spoil(0, protocol.KeyProduce, func(*exchange) fate { time.Sleep(time.Second); return pass })
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
		for name, flush := range map[string]func() error{
			"Flush":          func() error { return p.Flush(t.Context()) },
			"FlushPartition": func() error { return p.FlushPartition(t.Context(), orders, 0) },
		} {
			before := p.Send(t.Context(), orderTo(0, "before"))
			sent := make(chan afkak.Delivery, 1)
			time.AfterFunc(500*time.Millisecond, func() { sent <- p.Send(t.Context(), orderTo(0, "later")) })
			if err := flush(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err, ok := before.Result(); err != nil || !ok {
				t.Errorf("%s: what came before: %v (known: %v)", name, err, ok)
			}
			later := <-sent
			if _, _, ok := later.Result(); ok {
				t.Errorf("%s: what came later did not linger", name)
			}
			later.Cancel()
		}
		closeProducer(t, p)
	})
}

func TestProducerCallbacksComeInOrder(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithBatchBytes(300), afkak.WithPartitioner(afkak.Manual()))
		var got []int64
		for i := range 100 {
			p.Send(t.Context(), orderTo(0, strconv.Itoa(i))).Then(func(res afkak.Result, err error) {
				if err != nil {
					t.Error(err)
				}
				got = append(got, res.Offset)
			})
		}
		closeProducer(t, p) // waits for the callbacks
		for i, offset := range got {
			if offset != int64(i) {
				t.Fatalf("callback %d: got offset %d", i, offset)
			}
		}
		if len(got) != 100 {
			t.Errorf("got %d callbacks, want 100", len(got))
		}
	})
}

func TestProducerWithoutAcksIsDoneOnceItIsWritten(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithAcks(afkak.AcksNone))
		if res, err := p.Send(t.Context(), order("v")).Wait(t.Context()); err != nil || res.Offset != -1 {
			t.Errorf("got %+v, %v; want offset -1", res, err)
		}
		closeProducer(t, p)
	})
}

func TestProducerCompresses(t *testing.T) {
	for _, codec := range []afkak.Codec{afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd} {
		t.Run(codec.String(), func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithCompression(codec), afkak.WithPartitioner(afkak.Manual()))
				for i := range 1000 {
					p.Send(t.Context(), orderTo(0, strconv.Itoa(i)))
				}
				closeProducer(t, p)
				wantValues(t, s.stored(0), numbered(0, 1000))
				s.walk(0, func(batch *record.Batch, _ *record.Record) {
					if afkak.Codec(batch.Codec) != codec {
						t.Fatalf("codec: got %v", batch.Codec)
					}
				})
				if stats := p.Stats(); stats.BufferedBytes != 0 {
					t.Errorf("%d bytes are still counted", stats.BufferedBytes)
				}
			})
		})
	}
}

func TestProducerSaysThatABrokerIsTooOldForACodec(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.limit[protocol.KeyProduce] = 6
		p := newProducer(t, client, afkak.WithCompression(afkak.Zstd))
		_, err := p.Send(t.Context(), order("v")).Wait(t.Context())
		var codecErr *afkak.CodecError
		if !errors.As(err, &codecErr) || codecErr.Needs != "2.1" || s.requests(protocol.KeyProduce) != 0 {
			t.Errorf("got %v, %d requests", err, s.requests(protocol.KeyProduce))
		}
		closeProducer(t, p)
	})
}

func TestProducerOptionsAreAllReportedAtOnce(t *testing.T) {
	client, err := afkak.NewClient([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	_, err = afkak.NewProducer(client, afkak.WithAcks(3), afkak.WithLinger(-1), afkak.WithCompression(9),
		afkak.WithBufferBytes(5), afkak.WithBatch(0, 0, 0), afkak.WithPartitioner(afkak.HashedBy(9)))
	for _, want := range []string{"WithAcks", "WithLinger", "WithCompression", "WithBufferBytes", "WithBatch(", "HashedBy(9)"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}

func TestProducerUnknownTopicFailsTheRecord(t *testing.T) {
	onStage(t, 1, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client)
		_, err := p.Send(t.Context(), afkak.Record{Topic: "no such topic"}).Wait(t.Context())
		if err == nil {
			t.Error("a record for a topic that cannot be was stored")
		}
		closeProducer(t, p)
	})
}

func TestProducerSplitsABatchThatIsTooLargeForTheBroker(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.onProduce(func(_ int32, _ string, _ int32, batch []byte) kerr.Error {
			if len(batch) > 400 {
				return kerr.MessageTooLarge
			}
			return 0
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		var deliveries []afkak.Delivery
		for i := range 100 {
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, strconv.Itoa(i))))
		}
		tooLarge := p.Send(t.Context(), orderTo(1, strings.Repeat("v", 500)))
		for i, d := range deliveries {
			wantStored(t, d, 0, int64(i))
		}
		if _, err := tooLarge.Wait(t.Context()); !errors.Is(err, kerr.MessageTooLarge) || afkak.MaybeStored(err) {
			t.Errorf("one record that is too large: got %v", err)
		}
		wantValues(t, s.stored(0), numbered(0, 100))
		closeProducer(t, p)
		if stats := p.Stats(); stats.BufferedBytes != 0 {
			t.Errorf("%d bytes are still counted", stats.BufferedBytes)
		}
	})
}

func TestProducerSealsAnewForABrokerThatReadsAnOlderFormat(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		s.onProduce(func(broker int32, _ string, _ int32, batch []byte) kerr.Error {
			if broker == 1 {
				s.limit[protocol.KeyProduce] = 1 // of broker 2, which is asked next
				s.leader = 2
				return kerr.NotLeaderOrFollower
			}
			if magic := batch[16]; magic != 0 {
				t.Errorf("broker 2 got magic %d", magic)
			}
			return kerr.TopicAuthorizationFailed // enough was seen
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		if _, err := p.Send(t.Context(), orderTo(0, "v")).Wait(t.Context()); !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Errorf("got %v", err)
		}
		closeProducer(t, p)
	})
}
