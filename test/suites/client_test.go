package suites

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

func TestAFetchOfAnEmptyPartitionBringsNothingAndNoError(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		results, err := client.Fetch(harness.Context(t), []afkak.FetchPayload{{Topic: topic}, {Topic: topic, Partition: 1}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if len(r.Records) != 0 || r.HighWatermark != 0 || r.Truncated || r.Err != nil {
				t.Errorf("got %+v", r)
			}
		}
	})
}

func TestFiveMessagesGoInOneRequest(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		want := numbered(0, 5)
		if r := write(t, client, topic, afkak.None, want); r.Offset != 0 || r.Broker < 1 {
			t.Errorf("got %+v, want offset 0 of a broker", r)
		}
		same(t, read(t, client, topic, 0, 5), want)
	})
}

func TestFiveMessagesOf950KBGoInOneRequest(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		want := sized(5, 950_000)
		write(t, client, topic, afkak.None, want)
		same(t, read(t, client, topic, 0, 5), want)
	})
}

func TestALargeMessageIsReadBack(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		want := sized(1, 10<<20)
		write(t, client, topic, afkak.None, want)
		same(t, read(t, client, topic, 0, 1), want)
		same(t, pull(t, consumer(t, client, topic, 0), 1), want)
	})
}

func TestTheOffsetsOfAnEmptyLogAreZero(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		results, err := client.ListOffsets(harness.Context(t), []afkak.ListOffsetsPayload{
			{Topic: topic, At: afkak.Earliest}, {Topic: topic, At: afkak.Latest}, {Topic: topic, Partition: 1, At: afkak.Latest},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Offset != 0 {
				t.Errorf("got %+v, want offset 0", r)
			}
		}
	})
}

func TestACommitIsReadBackWithItsMetadata(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic, group := target.Created(t, client), harness.Name("group")
		_, err := client.CommitOffsets(ctx, group, []afkak.CommitPayload{{Topic: topic, Offset: 42, Metadata: "metadata"}, {Topic: topic, Partition: 1, Offset: 7}})
		if !pass.AtLeast("0.8.1") {
			wantUnsupported(t, err)
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		got, err := client.FetchOffsets(ctx, group, []afkak.CommittedPayload{{Topic: topic, Partition: 1}, {Topic: topic}})
		if err != nil {
			t.Fatal(err)
		}
		metadata := "metadata"
		if !pass.AtLeast("0.8.2") {
			metadata = "" // ZooKeeper gets the offset and nothing else
		}
		if got[0].Offset != 7 || got[1].Offset != 42 || got[1].Metadata != metadata {
			t.Errorf("got %+v; want offset 7, and 42 with %q", got, metadata)
		}
	})
}

func TestEachBrokerIsRecognised(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client) // before 0.9 a cluster without topics lists no brokers
		brokers, err := client.BrokerVersions(harness.Context(t))
		if err != nil || len(brokers) != 3 {
			t.Fatalf("got %+v, %v; want three brokers", brokers, err)
		}
		numbers := 2
		if !pass.AtLeast("1.0") {
			numbers = 3
		}
		release := strings.Join(strings.Split(pass.Version, ".")[:numbers], ".")
		for _, b := range brokers {
			if b.Err != nil || !strings.Contains(b.Release, release) || b.Probed == pass.AtLeast("0.10") {
				t.Errorf("broker %d of Kafka %s: %q, probed %v, %v", b.Broker.ID, pass.Version, b.Release, b.Probed, b.Err)
			}
		}
		var partitions []afkak.PartitionMetadata
		harness.Eventually(t, "whichever broker is asked has heard of the topic", func(ctx context.Context) error {
			meta, err := client.Metadata(ctx, topic)
			if err != nil {
				return err
			}
			if len(meta.Brokers) != 3 || len(meta.Topics) != 1 || meta.Topics[0].Err != nil || len(meta.Topics[0].Partitions) != 2 {
				return fmt.Errorf("brokers %+v, topics %+v; want three brokers, and one topic of two partitions", meta.Brokers, meta.Topics)
			}
			partitions = meta.Topics[0].Partitions
			return nil
		})
		for _, p := range partitions {
			if replicas := slices.Sorted(slices.Values(p.Replicas)); !slices.Equal(replicas, []int32{1, 2, 3}) {
				t.Errorf("partition %d has replicas %v, want 1, 2, 3", p.ID, replicas)
			}
		}
	})
}
