package afkak_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// onOldFormat is onStage with a broker that takes messages of magic 0 or 1; sent
// collects their values instead of storing them.
func onOldFormat(t *testing.T, magic int8, f func(t *testing.T, client *afkak.Client, sent *[]string)) {
	t.Helper()
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		var sent []string
		s.set(func() {
			s.limit[protocol.KeyProduce] = map[int8]int16{0: 1, 1: 2}[magic]
			s.answer = func(_ int32, req protocol.Request) protocol.Response {
				produce, ok := req.(*protocol.ProduceRequest)
				if !ok {
					return nil
				}
				set := produce.TopicData[0].PartitionData[0].Records
				base := int64(len(sent))
				sent = append(sent, valuesOf(t, set, magic)...)
				resp := protocol.NewProduceResponse()
				var part protocol.ProduceResponseResponsePartitionResponse
				part.SetDefaults()
				part.Index, part.BaseOffset = produce.TopicData[0].PartitionData[0].Index, base
				resp.Responses = []protocol.ProduceResponseResponse{{
					Name: "orders", PartitionResponses: []protocol.ProduceResponseResponsePartitionResponse{part},
				}}
				return resp
			}
		})
		f(t, client, &sent)
	})
}

func valuesOf(t testing.TB, set []byte, magic int8) (values []string) {
	t.Helper()
	for len(set) > 0 {
		batch, n, err := record.ReadBatch(set)
		if err != nil || batch.Magic != magic {
			t.Errorf("got %v, magic %d; want magic %d", err, batch.Magic, magic)
			return values
		}
		set = set[n:]
		var w record.Walker
		if err := w.Start(&batch, 1<<20); err != nil {
			t.Error(err)
		}
		for rec := new(record.Record); w.Next(rec); {
			values = append(values, string(rec.Value))
		}
	}
	return values
}

func TestHeadersThatABrokerHasNoPlaceForFailTheirRecordsAlone(t *testing.T) {
	for magic := range int8(2) {
		t.Run(fmt.Sprintf("magic %d", magic), func(t *testing.T) {
			onOldFormat(t, magic, func(t *testing.T, client *afkak.Client, sent *[]string) {
				p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Second))
				var deliveries []afkak.Delivery
				for i, value := range numbered(0, 9) {
					rec := orderTo(0, value)
					if i == 4 {
						rec.Headers = []afkak.Header{{Key: "trace", Value: []byte("1")}}
					}
					deliveries = append(deliveries, p.Send(t.Context(), rec))
				}
				stored := int64(0)
				for i, d := range deliveries {
					if i != 4 {
						wantStored(t, d, 0, stored)
						stored++
					} else if _, err := d.Wait(t.Context()); !errors.Is(err, afkak.ErrHeadersUnsupported) || afkak.MaybeStored(err) || afkak.Retriable(err) {
						t.Errorf("with headers: got %v", err)
					}
				}
				closeProducer(t, p)
				values := numbered(0, 9)
				wantValues(t, *sent, append(values[:4:4], values[5:]...))
			})
		})
	}
}

func TestHeadersAreDroppedForAnOldBrokerIfTheUserSaysSo(t *testing.T) {
	for magic := range int8(2) {
		t.Run(fmt.Sprintf("magic %d", magic), func(t *testing.T) {
			onOldFormat(t, magic, func(t *testing.T, client *afkak.Client, sent *[]string) {
				p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithDropHeaders())
				rec := orderTo(0, "v")
				rec.Headers = []afkak.Header{{Key: "trace", Value: []byte("1")}}
				wantStored(t, p.Send(t.Context(), rec), 0, 0)
				closeProducer(t, p)
				wantValues(t, *sent, []string{"v"})
			})
		})
	}
}

func TestHeadersAreKeptWhereTheBrokerHasThemThoughTheyMayBeDropped(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithDropHeaders())
		rec := orderTo(0, "v")
		rec.Headers = []afkak.Header{{Key: "trace", Value: []byte("1")}}
		wantStored(t, p.Send(t.Context(), rec), 0, 0)
		closeProducer(t, p)
		s.walk(0, func(_ *record.Batch, got *record.Record) {
			if len(got.Headers) != 1 || got.Headers[0].Key != "trace" {
				t.Errorf("got headers %v", got.Headers)
			}
		})
	})
}

func TestAListWithHeadersIsRefusedWhole(t *testing.T) {
	onOldFormat(t, 1, func(t *testing.T, client *afkak.Client, sent *[]string) {
		results, err := client.Produce(t.Context(), []afkak.ProducePayload{
			{Topic: "orders", Records: []afkak.Record{{Value: []byte("a")}, {Value: []byte("b"), Headers: []afkak.Header{{Key: "k"}}}}},
			{Topic: "orders", Partition: 1, Records: []afkak.Record{{Value: []byte("c")}}},
		})
		if !errors.Is(err, afkak.ErrHeadersUnsupported) || results[0].Err == nil || results[1].Err != nil {
			t.Errorf("got %v, %+v", err, results)
		}
		wantValues(t, *sent, []string{"c"})
	})
}
