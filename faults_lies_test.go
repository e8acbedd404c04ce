package afkak_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// lie has a broker's answers of one type changed before they are sent.
func lie[R protocol.Response](w *world, id int32, change func(R)) {
	w.set(func() {
		w.alter = func(at int32, _ protocol.Request, resp protocol.Response) {
			if r, ok := resp.(R); ok && at == id {
				change(r)
			}
		}
	})
}

const unheardOf = 999 // an error code that no Kafka has

func produceLies() map[string]func(*protocol.ProduceResponse) {
	first := func(r *protocol.ProduceResponse) *protocol.ProduceResponseResponsePartitionResponse {
		return &r.Responses[0].PartitionResponses[0]
	}
	return map[string]func(*protocol.ProduceResponse){
		"no topic":     func(r *protocol.ProduceResponse) { r.Responses = nil },
		"no partition": func(r *protocol.ProduceResponse) { r.Responses[0].PartitionResponses = nil },
		"another topic": func(r *protocol.ProduceResponse) {
			r.Responses[0].Name, r.Responses[0].TopicID = "others", protocol.UUID{9}
		},
		"another partition": func(r *protocol.ProduceResponse) { first(r).Index = 0 },
		"no such partition": func(r *protocol.ProduceResponse) { first(r).Index = -7 },
	}
}

func TestProducersNameWhatAnAnswerLacks(t *testing.T) {
	for name, change := range produceLies() {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				lie(w, 2, change)
				check := func(err error) {
					t.Helper()
					var produceErr *afkak.ProduceError
					if !errors.Is(err, afkak.ErrNoAnswer) || !errors.As(err, &produceErr) || produceErr.Topic != orders || produceErr.Partition != 1 || produceErr.Broker != 2 || produceErr.Addr != "b2:9092" {
						t.Errorf("got %v, want a ProduceError of orders/1 on broker 2 with ErrNoAnswer", err)
					}
				}
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
				var deliveries []afkak.Delivery
				for partition := range int32(3) {
					deliveries = append(deliveries, producer.Send(t.Context(), orderTo(partition, "v")))
				}
				wantStored(t, deliveries[0], 0, 0)
				wantStored(t, deliveries[2], 2, 0)
				_, err := deliveries[1].Wait(t.Context())
				check(err)
				closeProducer(t, producer)

				value := []afkak.Record{{Value: []byte("w")}}
				results, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: orders, Records: value}, {Topic: orders, Partition: 1, Records: value}})
				check(err)
				if results[0].Err != nil || results[0].Offset != 1 {
					t.Errorf("the other payload: %+v", results[0])
				}
			})
		})
	}
}

func TestUnheardOfErrorCodesKeepTheirNumber(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.set(func() {
			w.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
				switch r := resp.(type) {
				case *protocol.ProduceResponse:
					r.Responses[0].PartitionResponses[0].ErrorCode = unheardOf
				case *protocol.FetchResponse:
					for i := range r.Responses {
						r.Responses[i].Partitions[0].ErrorCode = unheardOf
					}
				case *protocol.ListOffsetsResponse:
					r.Topics[0].Partitions[0].ErrorCode = unheardOf
				case *protocol.OffsetCommitResponse:
					r.Topics[0].Partitions[0].ErrorCode = unheardOf
				case *protocol.OffsetFetchResponse:
					for i := range r.Groups {
						r.Groups[i].ErrorCode = unheardOf
					}
					for i := range r.Topics {
						r.Topics[i].Partitions[0].ErrorCode = unheardOf
					}
				}
			}
		})
		for name, call := range map[string]func() error{
			"Produce": func() error {
				_, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: orders, Partition: 1, Records: []afkak.Record{{Value: []byte("v")}}}})
				return err
			},
			"Fetch": func() error {
				_, err := client.Fetch(t.Context(), []afkak.FetchPayload{{Topic: orders, Partition: 1}})
				return err
			},
			"ListOffsets": func() error {
				_, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{Topic: orders, Partition: 1, At: afkak.Latest}})
				return err
			},
			"CommitOffsets": func() error {
				_, err := client.CommitOffsets(t.Context(), "billing", []afkak.CommitPayload{{Topic: orders, Partition: 1, Offset: 1}})
				return err
			},
			"FetchOffsets": func() error {
				_, err := client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{Topic: orders, Partition: 1}})
				return err
			},
			"Send": func() error {
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
				defer closeProducer(t, producer)
				_, err := producer.Send(t.Context(), orderTo(1, "v")).Wait(t.Context())
				return err
			},
			"Records": func() error {
				c, err := afkak.NewConsumer(client, orders, 1)
				if err != nil {
					return err
				}
				_, err = pull(t.Context(), c, 1)
				return err
			},
		} {
			began := time.Now()
			err := call()
			wantWithin(t, began, 10*time.Second, name)
			var code kerr.Error
			if !errors.As(err, &code) || code != unheardOf || !strings.Contains(err.Error(), "999") || !strings.Contains(err.Error(), "orders/1") || afkak.Retriable(err) {
				t.Errorf("%s: got %v, want error code 999 of orders/1, not retriable", name, err)
			}
		}
	})
}

// A commit whose answer says nothing of it is no success, and a group's offset
// of which nothing was said is not the lack of one.
func TestSilenceAboutAnOffsetIsNoAnswer(t *testing.T) {
	for name, change := range map[string]func(protocol.Response){
		"nothing": func(resp protocol.Response) {
			switch r := resp.(type) {
			case *protocol.OffsetCommitResponse:
				r.Topics = nil
			case *protocol.OffsetFetchResponse:
				r.Topics, r.Groups = nil, nil
			case *protocol.ListOffsetsResponse:
				r.Topics = nil
			}
		},
		"another partition": func(resp protocol.Response) {
			switch r := resp.(type) {
			case *protocol.OffsetCommitResponse:
				r.Topics[0].Partitions[0].PartitionIndex = 5
			case *protocol.OffsetFetchResponse:
				for i := range r.Groups {
					r.Groups[i].Topics[0].Partitions[0].PartitionIndex = 5
				}
				for i := range r.Topics {
					r.Topics[i].Partitions[0].PartitionIndex = 5
				}
			case *protocol.ListOffsetsResponse:
				r.Topics[0].Partitions[0].PartitionIndex = 5
			}
		},
		"another topic": func(resp protocol.Response) {
			switch r := resp.(type) {
			case *protocol.OffsetCommitResponse:
				r.Topics[0].Name = "others"
			case *protocol.OffsetFetchResponse:
				for i := range r.Groups {
					r.Groups[i].Topics[0].Name = "others"
				}
				for i := range r.Topics {
					r.Topics[i].Name = "others"
				}
			case *protocol.ListOffsetsResponse:
				r.Topics[0].Name = "others"
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
				w.fill(0, "0", "1")
				w.set(func() { w.alter = func(_ int32, _ protocol.Request, resp protocol.Response) { change(resp) } })
				check := func(what string, err error) {
					t.Helper()
					var offsetErr *afkak.OffsetError
					if !errors.As(err, &offsetErr) || !errors.Is(err, afkak.ErrNoAnswer) || offsetErr.Topic != orders || offsetErr.Partition != 0 || !strings.Contains(err.Error(), "broker 1 (b1:9092)") {
						t.Errorf("%s: got %v, want an OffsetError of orders/0 on broker 1 with ErrNoAnswer", what, err)
					}
				}
				_, err := client.CommitOffsets(t.Context(), "billing", []afkak.CommitPayload{{Topic: orders, Offset: 1}})
				check("CommitOffsets", err)
				_, err = client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{Topic: orders}})
				check("FetchOffsets", err)
				_, err = client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{Topic: orders, At: afkak.Latest}})
				check("ListOffsets", err)

				c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithConsumerRetries(2))
				got, err := pull(t.Context(), c, 1)
				if len(got) > 0 || err == nil {
					t.Errorf("Records without the committed offset: got %v, %v", got, err)
				}
				if err := c.CommitOffset(t.Context(), 1); err == nil {
					t.Error("CommitOffset: no error")
				}
				c = newConsumer(t, client, afkak.StartAt(afkak.Latest), afkak.WithConsumerRetries(2))
				if got, err := pull(t.Context(), c, 1); len(got) > 0 || err == nil {
					t.Errorf("Records without the latest offset: got %v, %v", got, err)
				}
			})
		})
	}
}

// resum makes the checksum of a changed batch of magic 2 right again.
func resum(batch []byte) []byte {
	binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], crc32.MakeTable(crc32.Castagnoli)))
	return batch
}

// batchLies are changes to a batch of magic 2, and what the error is.
func batchLies() map[string]struct {
	change func(batch []byte) []byte
	is     error
} {
	bomb := func(t int) []byte {
		packed, err := compress.Append(nil, make([]byte, t), compress.Gzip, compress.DefaultLevel, 2)
		if err != nil {
			panic(err)
		}
		return packed
	}(8 << 20)
	type change = func([]byte) []byte
	put16 := func(at int, v uint16) change {
		return func(b []byte) []byte { binary.BigEndian.PutUint16(b[at:], v); return resum(b) }
	}
	put32 := func(at int, v uint32) change {
		return func(b []byte) []byte { binary.BigEndian.PutUint32(b[at:], v); return resum(b) }
	}
	const length, magic, crc, attributes, lastDelta, count = 8, 16, 17, 21, 23, 57
	return map[string]struct {
		change change
		is     error
	}{
		"a wrong checksum":       {func(b []byte) []byte { b[crc] ^= 0x40; return b }, kerr.CorruptMessage},
		"a changed value":        {func(b []byte) []byte { b[len(b)-2] ^= 1; return b }, kerr.CorruptMessage},
		"codec 5":                {put16(attributes, 5), kerr.UnsupportedCompressionType},
		"codec 7":                {put16(attributes, 7), kerr.UnsupportedCompressionType},
		"gzip that is none":      {put16(attributes, 1), kerr.CorruptMessage},
		"snappy that is none":    {put16(attributes, 2), kerr.CorruptMessage},
		"lz4 that is none":       {put16(attributes, 3), kerr.CorruptMessage},
		"zstd that is none":      {put16(attributes, 4), kerr.CorruptMessage},
		"two billion records":    {put32(count, math.MaxInt32), kerr.CorruptMessage},
		"less than no records":   {put32(count, math.MaxUint32), kerr.CorruptMessage},
		"a negative last offset": {put32(lastDelta, math.MaxUint32-5), kerr.CorruptMessage},
		"a negative length":      {put32(length, math.MaxUint32-5), kerr.CorruptMessage},
		"a length of ten":        {put32(length, 10), kerr.CorruptMessage},
		"magic 9":                {func(b []byte) []byte { b[magic] = 9; return b }, nil},
		"magic -1":               {func(b []byte) []byte { b[magic] = 0xff; return b }, nil},
		"a bomb": {func(b []byte) []byte { // 8 KiB that become 8 MiB
			b = append(b[:61:61], bomb...)
			binary.BigEndian.PutUint32(b[length:], uint32(len(b)-12))
			binary.BigEndian.PutUint16(b[attributes:], 1)
			return resum(b)
		}, nil},
	}
}

// spoilBatch changes the batch at an offset of a partition wherever it is
// fetched.
func spoilBatch(partition int32, at int64, change func([]byte) []byte) func(*protocol.FetchResponse) {
	return func(r *protocol.FetchResponse) {
		for i := range r.Responses {
			for j := range r.Responses[i].Partitions {
				p := &r.Responses[i].Partitions[j]
				if p.PartitionIndex == partition {
					p.Records = changeBatch(p.Records, at, change)
				}
			}
		}
	}
}

func changeBatch(records []byte, at int64, change func([]byte) []byte) (changed []byte) {
	for len(records) > 0 {
		batch, n, err := record.ReadBatch(records)
		if err != nil {
			panic(err)
		}
		one := bytes.Clone(records[:n])
		if batch.BaseOffset == at {
			one = change(one)
		}
		changed, records = append(changed, one...), records[n:]
	}
	return changed
}

func TestASpoiltBatchEndsItsPartitionAndNoOther(t *testing.T) {
	for name, tc := range batchLies() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1, broker.Topic{Name: orders, Partitions: 2}) // both on one broker, in one answer
				client := w.client()
				defer w.close()
				defer client.Close()
				w.fill(0, "0", "1", "2", "3")
				w.fill(1, "0", "1", "2", "3")
				lie(w, 1, spoilBatch(1, 2, tc.change))
				opts := []afkak.FetchOption{afkak.WithMaxBatchBytes(1 << 20)}
				check := func(what string, got []string, err error) {
					t.Helper()
					wantValues(t, got, []string{"0", "1"})
					var fetchErr *afkak.FetchError
					if !errors.As(err, &fetchErr) || fetchErr.Topic != orders || fetchErr.Partition != 1 || !strings.Contains(err.Error(), "offset 2") || fetchErr.Broker != 1 || fetchErr.Addr != "b1:9092" || afkak.Retriable(err) {
						t.Errorf("%s: got %v, want a FetchError of orders/1 at offset 2 on broker 1, not retriable", what, err)
					}
					if name == "a bomb" && !strings.Contains(err.Error(), "WithMaxBatchBytes") {
						t.Errorf("%s: %v does not say what to do", what, err)
					}
					if tc.is != nil && !errors.Is(err, tc.is) {
						t.Errorf("%s: got %v, want %v", what, err, tc.is)
					}
				}
				results, err := client.Fetch(t.Context(), []afkak.FetchPayload{{Topic: orders}, {Topic: orders, Partition: 1}}, opts...)
				var got []string
				for _, rec := range results[1].Records {
					got = append(got, string(rec.Value))
				}
				check("Fetch", got, err)
				if len(results[0].Records) != 4 || results[0].Err != nil {
					t.Errorf("the other payload: %d records, %v", len(results[0].Records), results[0].Err)
				}

				good := newConsumer(t, client, opts[0])
				defer good.Stop()
				others := reads(t.Context(), good, 5)
				c, err := afkak.NewConsumer(client, orders, 1, opts[0])
				if err != nil {
					t.Fatal(err)
				}
				began := time.Now()
				got, err = pull(t.Context(), c, 4)
				wantWithin(t, began, 10*time.Second, "Records")
				check("Records", got, err)
				if state := c.State(); state.Kind != afkak.StateFailed || state.Err == nil {
					t.Errorf("got state %q", state)
				}
				w.fill(0, "4")
				out := <-others
				if out.err != nil {
					t.Error(out.err)
				}
				wantValues(t, out.values, numbered(0, 5))

				w.honest() // it was the wire
				got, err = pull(t.Context(), c, 2)
				if err != nil {
					t.Error(err)
				}
				wantValues(t, got, []string{"2", "3"})
				c.Stop()
			})
		})
	}
}

// TestABrokerThatRepeatsItselfIsNotBelieved has a broker answer every fetch
// with the log's beginning: nothing comes twice, and the client does not fetch
// as fast as it can.
func TestABrokerThatRepeatsItselfIsNotBelieved(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.fill(0, numbered(0, 3)...)
		var first []byte
		lie(w, 1, func(r *protocol.FetchResponse) {
			for i := range r.Responses {
				if p := &r.Responses[i].Partitions[0]; first == nil && len(p.Records) > 0 {
					first = bytes.Clone(p.Records)
				} else {
					p.Records = first
				}
			}
			if len(r.Responses) == 0 && first != nil {
				var p protocol.FetchResponseResponsePartition
				p.SetDefaults()
				p.HighWatermark, p.LastStableOffset, p.Records = 3, 3, first
				r.Responses = []protocol.FetchResponseResponse{{Topic: orders, Partitions: []protocol.FetchResponseResponsePartition{p}}}
			}
		})
		w.set(func() {
			w.onBack = func(x *exchange) fate {
				if x.key == protocol.KeyFetch && x.nth > 5000 {
					return hang
				}
				return pass
			}
		})
		c := newConsumer(t, client)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		got, err := pull(ctx, c, 10)
		if err == nil {
			t.Error("no error at the end of the context")
		}
		wantValues(t, got, numbered(0, 3))
		if n := w.requests(protocol.KeyFetch, 1); n > 500 {
			t.Errorf("%d requests in ten seconds", n)
		}
		c.Stop()
	})
}

func TestARecordThatIsTooLargeFailsAlone(t *testing.T) {
	for _, tc := range []struct {
		name   string
		size   int
		server bool // it is the broker that refuses it
	}{{"for the producer", 2_000, false}, {"for the broker", 900, true}} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				configs := map[string]string{}
				if tc.server {
					configs["max.message.bytes"] = "600"
				}
				w := newWorld(t, 3, broker.Topic{Name: orders, Partitions: 3, Configs: configs})
				client := w.client()
				defer w.close()
				defer client.Close()
				producer := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBatchBytes(1_500), afkak.WithLinger(50*time.Millisecond))
				var deliveries []afkak.Delivery
				for i := range 30 {
					value := fmt.Sprint(i)
					if i == 16 {
						value = strings.Repeat("x", tc.size)
					}
					deliveries = append(deliveries, producer.Send(t.Context(), orderTo(int32(i%3), value)))
				}
				closeProducer(t, producer)
				for i, d := range deliveries {
					res, err := d.Wait(t.Context())
					if i != 16 {
						if err != nil || res.Partition != int32(i%3) {
							t.Errorf("record %d: %+v, %v", i, res, err)
						}
						continue
					}
					var produceErr *afkak.ProduceError
					if !errors.As(err, &produceErr) || produceErr.Topic != orders || produceErr.Partition != 1 || produceErr.Records != 1 || afkak.MaybeStored(err) || afkak.Retriable(err) {
						t.Errorf("got %v, want a ProduceError of one record for orders/1", err)
					}
					var large *afkak.RecordTooLargeError
					switch {
					case tc.server && (!errors.Is(err, kerr.MessageTooLarge) || produceErr.Broker != 2 || !strings.Contains(err.Error(), "max.message.bytes")):
						t.Errorf("got %v, want MESSAGE_TOO_LARGE from broker 2 and max.message.bytes named", err)
					case !tc.server && (!errors.As(err, &large) || large.Limit != 1_500 || !strings.Contains(err.Error(), "WithBatchBytes")):
						t.Errorf("got %v, want a RecordTooLargeError that names WithBatchBytes", err)
					}
				}
				var want [3][]string
				for i := range 30 {
					if i != 16 {
						want[i%3] = append(want[i%3], fmt.Sprint(i))
					}
				}
				for partition := range int32(3) {
					wantValues(t, w.kept(partition), want[partition])
				}
			})
		})
	}
}
