package suites

import (
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// Kafka 0.8.1 names a leader which then says that it does not know the partition.

func TestATopicCreatedAMillisecondAgoIsProducedTo(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		p := producer(t, client, afkak.WithPartitioner(afkak.Manual()))
		for i := range pass.FreshTopics {
			ctx := harness.Context(t)
			topic := harness.Name("fresh")
			r := stored(t, p.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")}))[0]
			if r.Offset != 0 || r.Partition != 0 {
				t.Fatalf("topic %d: stored at %d/%d", i, r.Partition, r.Offset)
			}
			same(t, read(t, client, topic, 0, 1), []afkak.Record{{Value: []byte("v")}})
		}
	})
}

func TestATopicCreatedAMillisecondAgoIsConsumed(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		writer := producer(t, target.Logged(t), afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(0))
		for range pass.FreshTopics {
			ctx := harness.Context(t)
			topic := harness.Name("fresh")
			if err := harness.AskFor(ctx, client, topic); err != nil {
				t.Fatal(err)
			}
			c := consumer(t, client, topic, 0)
			p := process(t, c)
			d := writer.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")})
			stored(t, d)
			same(t, p.take(t, 0, 1), []afkak.Record{{Value: []byte("v")}})
			p.stop(t)
		}
	})
}

func TestTheOffsetsOfATopicCreatedAMillisecondAgoAreKnown(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		began := time.Now()
		for i := range pass.FreshTopics {
			ctx := harness.Context(t)
			topic := harness.Name("fresh")
			if err := harness.AskFor(ctx, client, topic); err != nil {
				t.Fatal(err)
			}
			results, err := client.ListOffsets(ctx, []afkak.ListOffsetsPayload{{Topic: topic, Partition: int32(i % 2), At: afkak.Latest}})
			if err != nil || results[0].Offset != 0 {
				t.Fatalf("topic %d: %+v, %v", i, results, err)
			}
			fetched, err := client.Fetch(ctx, []afkak.FetchPayload{{Topic: topic, Partition: int32(i % 2)}}, afkak.WithFetchMaxWait(0))
			if err != nil || fetched[0].HighWatermark != 0 {
				t.Fatalf("topic %d: %+v, %v", i, fetched, err)
			}
		}
		t.Logf("%v a topic", time.Since(began)/time.Duration(pass.FreshTopics))
	})
}

func TestATopicMadeByRequestIsUsedAtOnce(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		p := producer(t, client, afkak.WithPartitioner(afkak.Manual()))
		for i := range pass.FreshTopics {
			ctx := harness.Context(t)
			topic := target.JustCreated(t, client)
			if r := stored(t, p.Send(ctx, afkak.Record{Topic: topic, Value: []byte("v")}))[0]; r.Offset != 0 {
				t.Fatalf("topic %d: stored at %d", i, r.Offset)
			}
			same(t, pull(t, consumer(t, client, topic, 0), 1), []afkak.Record{{Value: []byte("v")}})
		}
	})
}
