package suites

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// numbered are n records whose values say which they are, from the given number on.
func numbered(from, n int) []afkak.Record {
	records := make([]afkak.Record, n)
	for i := range records {
		records[i] = afkak.Record{Value: fmt.Appendf(nil, "message %d", from+i)}
	}
	return records
}

// keyed are numbered ones with keys.
func keyed(from, n int) []afkak.Record {
	records := numbered(from, n)
	for i := range records {
		records[i].Key = fmt.Appendf(nil, "key %d", from+i)
	}
	return records
}

// sized are n records of that many bytes each, no two the same.
func sized(n, size int) []afkak.Record {
	records := numbered(0, n)
	for i := range records {
		filler := fmt.Appendf(nil, "%08x.", i*7919)
		records[i].Value = append(records[i].Value, bytes.Repeat(filler, size/len(filler)+1)...)[:size]
	}
	return records
}

// write stores one payload in partition 0 by a request of its own.
func write(t *testing.T, client *afkak.Client, topic string, codec afkak.Codec, records []afkak.Record) afkak.ProduceResult {
	t.Helper()
	results, err := client.Produce(harness.Context(t), []afkak.ProducePayload{{Topic: topic, Codec: codec, Records: records}})
	if err != nil {
		t.Fatal(err)
	}
	return results[0]
}

// read fetches the whole partition, request by request, and checks that offsets have no gap and that the high watermark is behind
// the last record. It waits until there are n records.
func read(t *testing.T, client *afkak.Client, topic string, partition int32, n int) []afkak.Record {
	t.Helper()
	ctx := harness.Context(t)
	var got []afkak.Record
	size := int32(1 << 20)
	for {
		payload := afkak.FetchPayload{Topic: topic, Partition: partition, Offset: int64(len(got)), MaxBytes: size}
		results, err := client.Fetch(ctx, []afkak.FetchPayload{payload})
		if err != nil {
			t.Fatalf("after %d of %d records: %v", len(got), n, err)
		}
		result := results[0]
		if result.Truncated {
			size *= 2
			continue
		}
		for _, r := range result.Records {
			if r.Offset != int64(len(got)) {
				t.Fatalf("offset %d after %d records", r.Offset, len(got))
			}
			got = append(got, r)
		}
		if result.HighWatermark < int64(len(got)) {
			t.Fatalf("high watermark %d, but %d records could be read", result.HighWatermark, len(got))
		}
		if len(got) >= n {
			if result.HighWatermark != int64(len(got)) {
				t.Fatalf("high watermark %d after %d records", result.HighWatermark, len(got))
			}
			return got
		}
	}
}

// same fails with the first difference in key, value or order. Nil and empty are different.
func same(t *testing.T, got, want []afkak.Record) {
	t.Helper()
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if !bytes.Equal(g.Key, w.Key) || !bytes.Equal(g.Value, w.Value) || (g.Key == nil) != (w.Key == nil) || (g.Value == nil) != (w.Value == nil) {
			t.Fatalf("record %d: got %.40q = %.40q, want %.40q = %.40q", i, g.Key, g.Value, w.Key, w.Value)
		}
	}
	if len(got) != len(want) {
		t.Fatalf("got %d records, want %d", len(got), len(want))
	}
}

// nothingYet checks that nothing can be read from the partition, and that nothing comes while a broker waits for it.
func nothingYet(t *testing.T, client *afkak.Client, topic string, partition int32) {
	t.Helper()
	results, err := client.Fetch(harness.Context(t), []afkak.FetchPayload{{Topic: topic, Partition: partition}},
		afkak.WithFetchMaxWait(200*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	if r := results[0]; len(r.Records) != 0 || r.HighWatermark != 0 {
		t.Fatalf("%s/%d: %d records, high watermark %d, before anything was to be sent", topic, partition, len(r.Records), r.HighWatermark)
	}
}

// producer makes a producer that is closed with the test.
func producer(t *testing.T, client *afkak.Client, opts ...afkak.ProducerOption) *afkak.Producer {
	t.Helper()
	p, err := afkak.NewProducer(client, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Abort)
	return p
}

// consumer makes a consumer of the partition that is stopped with the test.
func consumer(t *testing.T, client *afkak.Client, topic string, partition int32, opts ...afkak.ConsumerOption) *afkak.Consumer {
	t.Helper()
	c, err := afkak.NewConsumer(client, topic, partition, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Stop() })
	return c
}

// pull takes n records from a consumer, all of them processed.
func pull(t *testing.T, c *afkak.Consumer, n int) []afkak.Record {
	t.Helper()
	var got []afkak.Record
	err := c.Process(harness.Context(t), func(_ context.Context, records []afkak.Record) error {
		if got = append(got, records...); len(got) >= n {
			c.Stop()
		}
		return nil
	})
	if err != nil {
		t.Fatalf("after %d of %d records: %v", len(got), n, err)
	}
	return got
}

// stored waits for all deliveries.
func stored(t *testing.T, deliveries ...afkak.Delivery) []afkak.Result {
	t.Helper()
	ctx := harness.Context(t)
	results := make([]afkak.Result, len(deliveries))
	for i, d := range deliveries {
		var err error
		if results[i], err = d.Wait(ctx); err != nil {
			t.Fatalf("delivery %d: %v", i, err)
		}
	}
	return results
}

// codecs are those that the release knows.
func codecs(pass harness.Pass) []afkak.Codec {
	known := []afkak.Codec{afkak.None, afkak.Gzip, afkak.Snappy}
	if pass.AtLeast("0.8.2") {
		known = append(known, afkak.LZ4)
	}
	if pass.AtLeast("2.1") { // KIP-110
		known = append(known, afkak.Zstd)
	}
	return known
}
