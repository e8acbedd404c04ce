package afkak_test

import (
	"bytes"
	"context"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// wrote is one batch that came to the stage.
type wrote struct {
	topic   string
	acks    int16
	timeout int32
	request int // its number
	codec   int8
	size    int
	id      int64 // the producer's
}

// onTopicsStage runs f with a stage that has these topics, of two partitions
// each, and a function that returns what has come by now.
func onTopicsStage(t *testing.T, topics []string, f func(t *testing.T, s *stage, client *afkak.Client, written func() []wrote)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var all []broker.Topic
		for _, name := range topics {
			all = append(all, broker.Topic{Name: name, Partitions: 2})
		}
		s := newStage(t, 1, all...)
		s.limit[protocol.KeyProduce] = 12 // topics by name
		var batches []wrote
		s.answer = func(_ int32, req protocol.Request) protocol.Response {
			if produce, ok := req.(*protocol.ProduceRequest); ok {
				batches = append(batches, batchesOf(t, produce, s.seen[protocol.KeyProduce])...)
			}
			return nil
		}
		client := s.client()
		defer s.close()
		defer client.Close()
		f(t, s, client, func() (copied []wrote) {
			synctest.Wait()
			s.set(func() { copied = slices.Clone(batches) })
			return copied
		})
	})
}

func batchesOf(t *testing.T, req *protocol.ProduceRequest, number int) (batches []wrote) {
	for _, topic := range req.TopicData {
		for _, data := range topic.PartitionData {
			batch, _, err := record.ReadBatch(data.Records)
			if err != nil {
				t.Error(err)
			}
			batches = append(batches, wrote{
				topic: topic.Name, acks: req.Acks, timeout: req.TimeoutMs, request: number,
				codec: int8(batch.Codec), size: len(data.Records), id: batch.ProducerID,
			})
		}
	}
	return batches
}

// sendTo sends a record to partition 0 of each topic and waits for all.
func sendTo(t *testing.T, p *afkak.Producer, value []byte, topics ...string) {
	t.Helper()
	var deliveries []afkak.Delivery
	for _, topic := range topics {
		deliveries = append(deliveries, p.Send(t.Context(), afkak.Record{Topic: topic, Key: []byte("key1"), Value: value}))
	}
	for i, d := range deliveries {
		if _, err := d.Wait(t.Context()); err != nil {
			t.Errorf("%s: %v", topics[i], err)
		}
	}
}

func TestTopicsMayHaveAcksOfTheirOwnAndAreNumberedOnlyWithAll(t *testing.T) {
	topics := []string{"orders", "logs", "metrics", "audit"}
	onTopicsStage(t, topics, func(t *testing.T, _ *stage, client *afkak.Client, written func() []wrote) {
		p := newProducer(t, client,
			afkak.WithTopic("logs", afkak.WithAcks(afkak.AcksLeader)),
			afkak.WithTopic("metrics", afkak.WithAcks(afkak.AcksNone)),
			afkak.WithTopic("audit", afkak.WithAckTimeout(3*time.Second)))
		sendTo(t, p, []byte("v"), topics...)
		closeProducer(t, p)
		type sent struct {
			acks     int16
			timeout  int32
			numbered bool
		}
		want := map[string]sent{"orders": {-1, 10_000, true}, "logs": {1, 10_000, false}, "metrics": {0, 10_000, false}, "audit": {-1, 3_000, true}}
		got := written()
		if len(got) != len(want) {
			t.Fatalf("%d batches came, want %d: %+v", len(got), len(want), got)
		}
		for _, b := range got {
			if is := (sent{b.acks, b.timeout, b.id >= 0}); is != want[b.topic] {
				t.Errorf("%s: got %+v, want %+v", b.topic, is, want[b.topic])
			}
		}
	})
}

func TestBatchesShareARequestWithThoseOfTheSameAcks(t *testing.T) {
	var topics []string
	var opts []afkak.ProducerOption
	for i := range 10 {
		topics = append(topics, "t"+strconv.Itoa(i))
		if i%2 == 1 {
			opts = append(opts, afkak.WithTopic(topics[i], afkak.WithAcks(afkak.AcksLeader)))
		}
	}
	onTopicsStage(t, topics, func(t *testing.T, _ *stage, client *afkak.Client, written func() []wrote) {
		p := newProducer(t, client, append(opts, afkak.WithLinger(time.Second))...)
		sendTo(t, p, []byte("the brokers are known, and the producer ID"), topics...)
		before := len(written())
		sendTo(t, p, []byte("v"), topics...)
		closeProducer(t, p)
		requests := map[int]bool{}
		for _, b := range written()[before:] {
			requests[b.request] = true
		}
		if len(requests) != 2 {
			t.Errorf("ten batches with two kinds of acks came in %d requests, want 2: %+v", len(requests), written()[before:])
		}
	})
}

func TestARecordStaysInOrderWhereAcksDifferByTopic(t *testing.T) {
	topics := []string{"orders", "logs"}
	onTopicsStage(t, topics, func(t *testing.T, s *stage, client *afkak.Client, _ func() []wrote) {
		p := newProducer(t, client, afkak.WithLinger(0), afkak.WithTopic("logs", afkak.WithAcks(afkak.AcksLeader)))
		var want []string
		for i := range 200 {
			want = append(want, strconv.Itoa(i))
			for _, topic := range topics {
				p.Send(t.Context(), afkak.Record{Topic: topic, Key: []byte("key1"), Value: []byte(want[i])})
			}
			if i%10 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
		closeProducer(t, p)
		wantValues(t, s.stored(0), want)
	})
}

func TestTopicsMayHaveACodecAndALevelOfTheirOwn(t *testing.T) {
	topics := []string{"orders", "fast", "small", "plain"}
	onTopicsStage(t, topics, func(t *testing.T, _ *stage, client *afkak.Client, written func() []wrote) {
		p := newProducer(t, client, afkak.WithCompression(afkak.Zstd), afkak.WithCompressionLevel(19), // no level of gzip or snappy
			afkak.WithTopic("fast", afkak.WithCompression(afkak.Gzip), afkak.WithCompressionLevel(1)),
			afkak.WithTopic("small", afkak.WithCompression(afkak.Gzip), afkak.WithCompressionLevel(9)),
			afkak.WithTopic("plain", afkak.WithCompression(afkak.Snappy)))
		var text bytes.Buffer
		for i := range 5000 {
			text.WriteString(strconv.Itoa(i * i))
		}
		sendTo(t, p, text.Bytes(), topics...)
		closeProducer(t, p)
		codecs, sizes := map[string]int8{}, map[string]int{}
		for _, b := range written() {
			codecs[b.topic], sizes[b.topic] = b.codec, b.size
		}
		for topic, want := range map[string]afkak.Codec{"orders": afkak.Zstd, "fast": afkak.Gzip, "small": afkak.Gzip, "plain": afkak.Snappy} {
			if codecs[topic] != int8(want) {
				t.Errorf("%s: got codec %d, want %v", topic, codecs[topic], want)
			}
		}
		if sizes["small"] >= sizes["fast"] {
			t.Errorf("gzip 9 made %d bytes, gzip 1 %d", sizes["small"], sizes["fast"])
		}
	})
}

func TestTopicsMayHaveALingerOfTheirOwn(t *testing.T) {
	onTopicsStage(t, []string{"orders", "alarms"}, func(t *testing.T, _ *stage, client *afkak.Client, _ func() []wrote) {
		p := newProducer(t, client, afkak.WithTopic("alarms", afkak.WithLinger(0)), afkak.WithLinger(time.Minute))
		began := time.Now()
		sendTo(t, p, []byte("v"), "alarms")
		if took := time.Since(began); took > 0 {
			t.Errorf("linger 0 took %v", took)
		}
		sendTo(t, p, []byte("v"), "orders")
		if took := time.Since(began); took < time.Minute || took > time.Minute+time.Second {
			t.Errorf("a linger of a minute took %v", took)
		}
		closeProducer(t, p)
	})
}

func TestTopicsMayHaveAPartitionerOfTheirOwn(t *testing.T) {
	onTopicsStage(t, []string{"orders", "logs"}, func(t *testing.T, _ *stage, client *afkak.Client, _ func() []wrote) {
		p := newProducer(t, client, afkak.WithTopic("logs", afkak.WithPartitioner(afkak.RoundRobin())))
		for i := range 4 {
			for topic, want := range map[string]int{"orders": 0, "logs": i % 2} {
				res, err := p.Send(t.Context(), afkak.Record{Topic: topic, Key: []byte("key1")}).Wait(t.Context())
				if err != nil || int(res.Partition) != want {
					t.Errorf("%s: got partition %d, %v, want %d", topic, res.Partition, err, want)
				}
			}
		}
		closeProducer(t, p)
	})
}

func TestTopicsMayHaveADeliveryTimeoutOfTheirOwn(t *testing.T) {
	onTopicsStage(t, []string{"orders", "quotes"}, func(t *testing.T, s *stage, client *afkak.Client, _ func() []wrote) {
		p := newProducer(t, client, afkak.WithTopic("quotes", afkak.WithDeliveryTimeout(3*time.Second)))
		sendTo(t, p, []byte("v"), "orders", "quotes")
		s.kill(1)
		began := time.Now()
		for topic, want := range map[string]time.Duration{"quotes": 3 * time.Second, "orders": 2 * time.Minute} {
			p.Send(t.Context(), afkak.Record{Topic: topic, Key: []byte("key1")}).Then(func(_ afkak.Result, err error) {
				if took := time.Since(began); err == nil || took < want || took > want+3*time.Second {
					t.Errorf("%s: after %v %v, want a failure after %v", topic, took, err, want)
				}
			})
		}
		if err := p.Flush(context.Background()); err != nil {
			t.Error(err)
		}
		s.set(func() { s.down[1] = false })
		closeProducer(t, p)
	})
}

func TestOptionsForTheWholeProducerAreRefusedForATopic(t *testing.T) {
	client, err := afkak.NewClient([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	for name, opt := range map[string]afkak.ProducerOption{
		"WithIdempotence":         afkak.WithIdempotence(false),
		"WithUnorderedRetries":    afkak.WithUnorderedRetries(),
		"WithProduceTimeout":      afkak.WithProduceTimeout(time.Minute),
		"WithRetries":             afkak.WithRetries(3),
		"WithDropHeaders":         afkak.WithDropHeaders(),
		"WithRackAware":           afkak.WithRackAware(),
		"WithAvailabilityTimeout": afkak.WithAvailabilityTimeout(time.Second),
		"WithBatchBytes":          afkak.WithBatchBytes(1000),
		"WithBatch":               afkak.WithBatch(10, 0, 0),
		"WithMaxRequestBytes":     afkak.WithMaxRequestBytes(1000),
		"WithBufferBytes":         afkak.WithBufferBytes(1 << 20),
		"WithInterceptor":         afkak.WithInterceptor(nil),
		"WithTopic":               afkak.WithTopic("other"),
	} {
		_, err := afkak.NewProducer(client, afkak.WithTopic("orders", opt, afkak.WithLinger(0)))
		if err == nil || !strings.Contains(err.Error(), `WithTopic("orders"): `+name+" is for the whole producer") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err = afkak.NewProducer(client, afkak.WithIdempotence(true), afkak.WithTopic("a%d", afkak.WithAcks(afkak.AcksLeader)),
		afkak.WithTopic("b", afkak.WithLinger(-1)), afkak.WithTopic("c", afkak.WithAckTimeout(time.Minute)))
	for _, want := range []string{`WithTopic("a%d"): WithIdempotence(true)`, `WithTopic("b"): WithLinger(-1ns)`, `WithTopic("c"): WithProduceTimeout(30s)`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to have %s", err, want)
		}
	}
}
