package test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/test/harness"
)

// spineVersions are those that the spine runs on unless KAFKA_VERSION says otherwise: the
// first with a coordinator that everybody uses, the last of ZooKeeper, and the newest.
var spineVersions = []string{"0.9.0.1", "2.8.2", realkafka.Newest}

// events are n records, some of them as odd as records can be.
func events(n int) []afkak.Record {
	records := make([]afkak.Record, n)
	for i := range records {
		records[i] = afkak.Record{Key: fmt.Appendf(nil, "key %d", i%7), Value: fmt.Appendf(nil, "value %d", i)}
	}
	for i, r := range []afkak.Record{
		{Value: []byte("no key")},
		{Key: []byte("no value")},
		{Key: []byte{}, Value: []byte{}},
		{Key: []byte("big"), Value: bytes.Repeat([]byte("0123456789abcdef"), 10_000)},
	} {
		if i < n {
			records[i] = r
		}
	}
	return records
}

// produce sends the records to partition 0 of the topic, in order, and waits until all are stored.
func produce(t *testing.T, client *afkak.Client, topic string, records []afkak.Record, opts ...afkak.ProducerOption) {
	t.Helper()
	ctx := harness.Context(t)
	producer, err := afkak.NewProducer(client, append([]afkak.ProducerOption{afkak.WithPartitioner(afkak.Manual())}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	deliveries := make([]afkak.Delivery, len(records))
	for i, r := range records {
		r.Topic = topic
		deliveries[i] = producer.Send(ctx, r)
	}
	if err := producer.Close(ctx); err != nil {
		t.Fatal(err)
	}
	for i, d := range deliveries {
		if _, err := d.Wait(ctx); err != nil {
			t.Fatalf("record %d: %v", i, err)
		}
	}
}

// consume reads n records with the consumer.
func consume(t *testing.T, consumer *afkak.Consumer, n int) []afkak.Record {
	t.Helper()
	var got []afkak.Record
	if n == 0 {
		return nil
	}
	for r, err := range consumer.Records(harness.Context(t)) {
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(got), n, err)
		}
		if got = append(got, r); len(got) == n {
			break
		}
	}
	return got
}

func newConsumer(t *testing.T, client *afkak.Client, topic string, opts ...afkak.ConsumerOption) *afkak.Consumer {
	t.Helper()
	consumer, err := afkak.NewConsumer(client, topic, 0, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { consumer.Stop() })
	return consumer
}

// same reports the first difference in key, value or order. Nil and empty are different.
func same(t *testing.T, got, want []afkak.Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Key, w.Key) || !bytes.Equal(g.Value, w.Value) || (g.Key == nil) != (w.Key == nil) || (g.Value == nil) != (w.Value == nil) {
			t.Fatalf("record %d: got %.40q = %.40q, want %.40q = %.40q", i, g.Key, g.Value, w.Key, w.Value)
		}
	}
}

func TestAConsumerResumesWhereTheOneBeforeItCommitted(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		client, topic, group := target.Client(t), target.Topic(t, 1), harness.Name("group")
		want := events(1000)
		produce(t, client, topic, want)
		ctx := harness.Context(t)

		first := newConsumer(t, client, topic, afkak.WithGroup(group), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0))
		var got []afkak.Record
		for r, err := range first.Records(ctx) {
			if !target.AtLeast("0.8.1") {
				wantUnsupported(t, err)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got = append(got, r); len(got) < 400 {
				continue
			}
			if err := first.CommitRecord(ctx, r); err != nil {
				t.Fatal(err)
			}
			break
		}
		if err := first.Close(ctx); err != nil {
			t.Fatal(err)
		}
		same(t, got, want[:400])

		again := target.Client(t) // that knows nothing of the first
		second := newConsumer(t, again, topic, afkak.WithGroup(group), afkak.StartAt(afkak.Committed))
		rest := consume(t, second, 600)
		same(t, rest, want[400:])
		if rest[0].Offset != got[399].Offset+1 {
			t.Errorf("resumed at offset %d, committed after %d", rest[0].Offset, got[399].Offset)
		}
		if err := second.Close(ctx); err != nil {
			t.Fatal(err)
		}
	})
}

// wantUnsupported: Kafka 0.8.0 keeps no offsets, which is to be said as such.
func wantUnsupported(t *testing.T, err error) {
	t.Helper()
	var unsupported *afkak.OffsetsUnsupportedError
	if !errors.As(err, &unsupported) {
		t.Errorf("a group on a broker that keeps no offsets: %v", err)
	}
}

func TestAProcessorsRecordsAreCommittedAndNotDeliveredAgain(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		if !target.AtLeast("0.8.1") {
			t.Skip("not covered: commits on a release that keeps no offsets")
		}
		client, topic, group := target.Client(t), target.Topic(t, 1), harness.Name("group")
		want := events(500)
		produce(t, client, topic, want)
		ctx := harness.Context(t)

		var got []afkak.Record
		process := func(until int) {
			consumer := newConsumer(t, client, topic, afkak.WithGroup(group), afkak.WithMaxRecords(50))
			err := consumer.Process(ctx, func(_ context.Context, records []afkak.Record) error {
				if got = append(got, records...); len(got) >= until {
					consumer.Stop() // and yet these records are processed, for this succeeds
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := consumer.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		process(120)
		if len(got) < 120 || len(got) > 170 {
			t.Fatalf("stopped after %d records, want 120 and at most the 50 of one call more", len(got))
		}
		process(len(want))
		same(t, got, want)
	})
}

// codecsOf are the codecs that a target takes.
func codecsOf(target harness.Target) []afkak.Codec {
	codecs := []afkak.Codec{afkak.None, afkak.Gzip, afkak.Snappy}
	if target.AtLeast("0.8.2") {
		codecs = append(codecs, afkak.LZ4)
	}
	if target.AtLeast("2.1") { // KIP-110
		codecs = append(codecs, afkak.Zstd)
	}
	return codecs
}

func TestRecordsReturnFromEveryCodec(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		client := target.Client(t)
		for _, codec := range codecsOf(target) {
			t.Run(codec.String(), func(t *testing.T) {
				topic, want := target.Topic(t, 1), events(300)
				produce(t, client, topic, want, afkak.WithCompression(codec))
				same(t, consume(t, newConsumer(t, client, topic), len(want)), want)
			})
		}
	})
}

func TestACodecThatTheBrokerIsTooOldForIsAnErrorThatSaysSo(t *testing.T) {
	harness.EachReal(t, spineVersions[:1], func(t *testing.T, target harness.Target) {
		if target.AtLeast("2.1") {
			t.Skip("nothing to cover: this release knows every codec")
		}
		client, topic, ctx := target.Client(t), target.Topic(t, 1), harness.Context(t)
		producer, err := afkak.NewProducer(client, afkak.WithCompression(afkak.Zstd))
		if err != nil {
			t.Fatal(err)
		}
		_, err = producer.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")}).Wait(ctx)
		var codecError *afkak.CodecError
		if !errors.As(err, &codecError) || codecError.Codec != afkak.Zstd || afkak.MaybeStored(err) {
			t.Errorf("got %v", err)
		}
		if err := producer.Close(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestEachKindOfAcknowledgementStoresTheRecord(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		for name, acks := range map[string]afkak.Acks{"none": afkak.AcksNone, "leader": afkak.AcksLeader, "all": afkak.AcksAll} {
			t.Run(name, func(t *testing.T) {
				client, topic, ctx := target.Client(t), target.Topic(t, 1), harness.Context(t)
				producer, err := afkak.NewProducer(client, afkak.WithAcks(acks))
				if err != nil {
					t.Fatal(err)
				}
				res, err := producer.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")}).Wait(ctx)
				wantOffset := int64(0)
				if acks == afkak.AcksNone {
					wantOffset = -1 // nobody says
				}
				if err != nil || res.Offset != wantOffset || res.Partition != 0 {
					t.Errorf("got %+v, %v; want offset %d", res, err, wantOffset)
				}
				if err := producer.Close(ctx); err != nil {
					t.Error(err)
				}
				if got := consume(t, newConsumer(t, client, topic), 1); string(got[0].Value) != "v" {
					t.Errorf("got %q", got[0].Value)
				}
			})
		}
	})
}

func TestOffsetsAreListedByPlaceAndByTime(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		client, topic := target.Client(t), target.Topic(t, 1)
		start := time.UnixMilli(time.Now().UnixMilli()).Add(-time.Hour)
		records := events(10)
		for i := range records {
			records[i].Timestamp = start.Add(time.Duration(i) * time.Minute)
		}
		produce(t, client, topic, records)
		want := map[afkak.Position]int64{afkak.Earliest: 0, afkak.Latest: 10}
		if target.AtLeast("0.10.1") { // KIP-79
			want[afkak.At(start.Add(3*time.Minute))] = 3
			want[afkak.At(start.Add(3*time.Minute+1))] = 3 // rounded down to a millisecond
			want[afkak.At(start.Add(time.Hour))] = -1
		}
		for at, offset := range want {
			got, err := client.ListOffsets(harness.Context(t), []afkak.ListOffsetsPayload{{Topic: topic, At: at}})
			if err != nil || got[0].Offset != offset {
				t.Errorf("%v: got %+v, %v; want offset %d", at, got, err, offset)
			}
		}
	})
}

func TestTimestampsAndHeadersReturn(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		client, topic := target.Client(t), target.Topic(t, 1)
		sent := afkak.Record{Value: []byte("v"), Timestamp: time.UnixMilli(1_700_000_000_123)}
		if target.AtLeast("0.11") { // KIP-82
			sent.Headers = []afkak.Header{{Key: "a", Value: []byte("1")}, {Key: "a", Value: []byte{}}, {Key: "", Value: nil}}
		}
		produce(t, client, topic, []afkak.Record{sent})
		got := consume(t, newConsumer(t, client, topic), 1)[0]
		wantTime := sent.Timestamp
		if !target.AtLeast("0.10") { // KIP-32
			wantTime = time.Time{}
		}
		if !got.Timestamp.Equal(wantTime) {
			t.Errorf("timestamp %v, want %v", got.Timestamp, wantTime)
		}
		if !slices.EqualFunc(got.Headers, sent.Headers, func(a, b afkak.Header) bool {
			return a.Key == b.Key && bytes.Equal(a.Value, b.Value) && (a.Value == nil) == (b.Value == nil)
		}) {
			t.Errorf("headers %v, want %v", got.Headers, sent.Headers)
		}
	})
}

func TestRecordsOfAKeyStayInOrderOnOneOfManyPartitions(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		const partitions = 3
		client, topic, ctx := target.Client(t), target.Topic(t, partitions), harness.Context(t)
		producer, err := afkak.NewProducer(client)
		if err != nil {
			t.Fatal(err)
		}
		const keys, each = 10, 50
		for i := range keys * each {
			producer.Send(ctx, afkak.Record{Topic: topic, Key: fmt.Appendf(nil, "key %d", i%keys), Value: fmt.Append(nil, i)})
		}
		if err := producer.Close(ctx); err != nil {
			t.Fatal(err)
		}
		seen, last, at := 0, map[string]int{}, map[string]int32{}
		for p := range int32(partitions) {
			consumer, err := afkak.NewConsumer(client, topic, p, afkak.EndAt(afkak.Latest))
			if err != nil {
				t.Fatal(err)
			}
			for r, err := range consumer.Records(ctx) {
				if err != nil {
					t.Fatal(err)
				}
				var n int
				fmt.Sscan(string(r.Value), &n)
				key := string(r.Key)
				if before, known := last[key]; known && (n <= before || at[key] != p) {
					t.Errorf("%s: %d on partition %d after %d on %d", key, n, p, before, at[key])
				}
				seen, last[key], at[key] = seen+1, n, p
			}
			if err := consumer.Close(ctx); err != nil {
				t.Error(err)
			}
		}
		if seen != keys*each {
			t.Errorf("read %d records, want %d", seen, keys*each)
		}
	})
}

func TestBrokersAreRecognised(t *testing.T) {
	harness.EachReal(t, spineVersions, func(t *testing.T, target harness.Target) {
		if !target.AtLeast("0.9") {
			target.Topic(t, 1) // before 0.9 a cluster without topics lists no brokers
		}
		started := time.Now()
		got, err := target.Client(t).BrokerVersions(harness.Context(t))
		if err != nil || len(got) != 1 || got[0].Err != nil {
			t.Fatalf("got %+v, %v", got, err)
		}
		parts := 2
		if !target.AtLeast("1.0") {
			parts = 3
		}
		release := strings.Join(strings.Split(target.Version, ".")[:parts], ".")
		if !strings.Contains(got[0].Release, release) {
			t.Errorf("Kafka %s looks like %q, want %s", target.Version, got[0].Release, release)
		}
		if probed := !target.AtLeast("0.10"); got[0].Probed != probed {
			t.Errorf("probed: %v, want %v", got[0].Probed, probed)
		}
		if _, speaks := got[0].Versions.Range(protocol.KeyMetadata); !speaks {
			t.Error("it does not speak Metadata")
		}
		t.Logf("recognised as %s in %v", got[0].Release, time.Since(started).Round(time.Millisecond))
	})
}

func TestACommitIsKeptForItsGroup(t *testing.T) {
	harness.EachTarget(t, spineVersions, func(t *testing.T, target harness.Target) {
		if !target.AtLeast("0.8.1") {
			t.Skip("not covered: commits on a release that keeps no offsets")
		}
		client, topic, group, ctx := target.Client(t), target.Topic(t, 1), harness.Name("group"), harness.Context(t)
		produce(t, client, topic, events(5))
		if _, err := client.CommitOffsets(ctx, group, []afkak.CommitPayload{{Topic: topic, Offset: 3, Metadata: "here"}}); err != nil {
			t.Fatal(err)
		}
		got, err := client.FetchOffsets(ctx, group, []afkak.CommittedPayload{{Topic: topic}})
		note := "here"
		if !target.AtLeast("0.8.2") {
			note = "" // ZooKeeper keeps the offset alone
		}
		if err != nil || got[0].Offset != 3 || got[0].Metadata != note {
			t.Errorf("got %+v, %v; want offset 3, %q", got, err, note)
		}
		got, err = client.FetchOffsets(ctx, harness.Name("group"), []afkak.CommittedPayload{{Topic: topic}})
		if err != nil || got[0].Offset != -1 {
			t.Errorf("another group: got %+v, %v; want no offset", got, err)
		}
	})
}
