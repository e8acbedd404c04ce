package interop

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
)

// codecSince is the first Kafka that has a codec.
var codecSince = map[afkak.Codec]string{afkak.LZ4: "0.8.2", afkak.Zstd: "2.1"}

// valueProofs show that keys and values arrive as they were, also empty and null ones.
func valueProofs(codecs ...afkak.Codec) (proofs []proof) {
	for _, codec := range codecs {
		proofs = append(proofs,
			proof{valueTitle(codec) + ": it writes, we read", codecSince[codec], func(t *testing.T, w *world) {
				want := messages()
				theyWrite(t, w, codec, want)
				compareMessages(t, weRead(t, w), want)
				compareCodec(t, w, 0, codec)
			}},
			proof{valueTitle(codec) + ": we write, it reads", codecSince[codec], func(t *testing.T, w *world) {
				want := messages()
				weWrite(t, w, codec, want)
				compareMessages(t, theyRead(t, w, len(want)), want)
				compareCodec(t, w, 0, codec)
			}},
		)
	}
	return proofs
}

func valueTitle(codec afkak.Codec) string {
	if codec == afkak.None {
		return "keys and values, not compressed"
	}
	return "keys and values, " + codec.String()
}

// headerProofs show that headers and timestamps arrive as they were.
func headerProofs() []proof {
	stamped := func() []message {
		all := messages()[:12]
		for i := range all {
			all[i].Timestamp = 1_700_000_000_000 + int64(i)*12345
			all[i].Headers = []afkak.Header{
				{Key: "n", Value: fmt.Append(nil, i)},
				{Key: "empty", Value: []byte{}},
				{Key: "n", Value: []byte("a second one, ü")},
			}
		}
		return all
	}
	return []proof{
		{"headers and timestamps: it writes, we read", "0.11", func(t *testing.T, w *world) {
			want := stamped()
			theyWrite(t, w, afkak.Gzip, want)
			compareStamped(t, weRead(t, w), want)
		}},
		{"headers and timestamps: we write, it reads", "0.11", func(t *testing.T, w *world) {
			want := stamped()
			weWrite(t, w, afkak.Gzip, want)
			compareStamped(t, theyRead(t, w, len(want)), want)
		}},
	}
}

// messages are of every kind, with the offsets that they get in a fresh partition.
func messages() []message {
	random := rand.NewChaCha8([32]byte{7})
	noise := make([]byte, 30_000)
	_, _ = random.Read(noise)
	everyByte := make([]byte, 256)
	for i := range everyByte {
		everyByte[i] = byte(i)
	}
	all := []message{
		{Key: []byte("key"), Value: []byte("value")},
		{Key: nil, Value: []byte("without a key")},
		{Key: []byte{}, Value: []byte("with an empty key")},
		{Key: []byte("with an empty value"), Value: []byte{}},
		{Key: []byte("with a null value"), Value: nil},
		{Key: everyByte, Value: everyByte},
		{Key: []byte("noise"), Value: noise},
		{Key: []byte("long"), Value: bytes.Repeat([]byte("a long value that compresses well. "), 3000)},
	}
	for i := range 40 {
		all = append(all, message{Key: fmt.Appendf(nil, "key %d", i), Value: fmt.Appendf(nil, "value %d", i)})
	}
	for i := range all {
		all[i].Offset = int64(i)
	}
	return all
}

func weWrite(t *testing.T, w *world, codec afkak.Codec, messages []message) {
	t.Helper()
	producer, err := afkak.NewProducer(w.client,
		afkak.WithPartitioner(afkak.Manual()), afkak.WithCompression(codec), afkak.WithLinger(100*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	var sent []afkak.Delivery
	for _, m := range messages {
		rec := afkak.Record{Topic: w.topic, Partition: w.partition, Key: m.Key, Value: m.Value, Headers: m.Headers}
		if m.Timestamp != 0 {
			rec.Timestamp = time.UnixMilli(m.Timestamp)
		}
		sent = append(sent, producer.Send(t.Context(), rec))
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i, delivery := range sent {
		result, err := delivery.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if result.Offset != messages[i].Offset {
			t.Errorf("message %d is at offset %d", i, result.Offset)
		}
	}
}

// weRead reads all that there is.
func weRead(t *testing.T, w *world) (got []message) {
	t.Helper()
	consumer, err := afkak.NewConsumer(w.client, w.topic, w.partition, afkak.StartAt(afkak.Earliest), afkak.EndAt(afkak.Latest))
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range consumer.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, toMessage(rec))
	}
	return got
}

func toMessage(rec afkak.Record) message {
	m := message{Offset: rec.Offset, Key: rec.Key, Value: rec.Value, Headers: rec.Headers}
	if !rec.Timestamp.IsZero() {
		m.Timestamp = rec.Timestamp.UnixMilli()
	}
	return m
}

func theyWrite(t *testing.T, w *world, codec afkak.Codec, messages []message) {
	t.Helper()
	args := map[string]any{"topic": w.topic, "partition": w.partition, "codec": codec.String(), "records": messages}
	if err := w.peer.call("produce", args, nil); err != nil {
		t.Fatal(err)
	}
}

func theyRead(t *testing.T, w *world, count int) (got []message) {
	t.Helper()
	args := map[string]any{"topic": w.topic, "partition": w.partition, "count": count}
	if err := w.peer.call("consume", args, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// compareMessages leaves timestamps out: they are the moment of writing, if the format has them.
func compareMessages(t *testing.T, got, want []message) {
	t.Helper()
	got = slices.Clone(got)
	for i := range got {
		got[i].Timestamp = 0
	}
	compareStamped(t, got, want)
}

func compareStamped(t *testing.T, got, want []message) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d messages, want %d", len(got), len(want))
	}
	for i := range min(len(got), len(want)) {
		if got[i].String() != want[i].String() {
			t.Errorf("got  %s\nwant %s", got[i], want[i])
		}
	}
}

// compareCodec looks at the batch that has the offset, as the broker keeps it.
func compareCodec(t *testing.T, w *world, offset int64, want afkak.Codec) {
	t.Helper()
	var part protocol.FetchRequestTopicPartition
	part.SetDefaults()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = w.partition, offset, 1<<20
	req := protocol.NewFetchRequest()
	req.MaxWaitMs, req.MinBytes, req.MaxBytes = 500, 1, 1<<20
	req.Topics = []protocol.FetchRequestTopic{{Topic: w.topic, Partitions: []protocol.FetchRequestTopicPartition{part}}}
	resp, err := w.client.Do(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	batch := resp.(*protocol.FetchResponse).Responses[0].Partitions[0].Records
	const magicAt = 16 // in all formats
	attributes := batch[magicAt+1]
	if batch[magicAt] == 2 { // behind a checksum; two bytes, of which the codec is in the lower one
		attributes = batch[magicAt+6]
	}
	if got := afkak.Codec(attributes & 7); got != want {
		t.Errorf("the broker keeps a batch that is compressed with %s, want %s", got, want)
	}
}
