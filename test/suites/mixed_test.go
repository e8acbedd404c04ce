package suites

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/test/harness"
)

// wantReleases checks that the client makes out which broker is what.
func wantReleases(t *testing.T, client *afkak.Client, cluster *realkafka.Cluster) {
	t.Helper()
	found, err := client.BrokerVersions(harness.Context(t))
	if err != nil || len(found) != len(cluster.Brokers()) {
		t.Fatalf("got %+v, %v", found, err)
	}
	for _, b := range found {
		want := cluster.Broker(int(b.Broker.ID)).Version()
		numbers := 2
		if realkafka.CompareVersions(want, "1.0") < 0 {
			numbers = 3
		}
		want = strings.Join(strings.Split(want, ".")[:numbers], ".")
		if !strings.Contains(b.Release, want) {
			t.Errorf("broker %d is Kafka %s and looks like %q", b.Broker.ID, want, b.Release)
		}
	}
}

func TestBrokersOfTwoReleasesWorkAsEachOfThemCan(t *testing.T) {
	harness.OnRelease(t, "0.9.0.1", func(t *testing.T, _ harness.Pass) {
		cluster := harness.StartCluster(t, harness.ThreeConfig("0.8.2.1", "0.9.0.1", "0.9.0.1"))
		target := harness.Target{Version: "0.8.2.1", Addrs: cluster.Addrs(), Real: cluster}
		f := flow(t, target)
		wantReleases(t, f.client, cluster)
		for _, broker := range cluster.Brokers() { // so that each of them leads what another led
			if err := broker.Restart(f.ctx); err != nil {
				t.Fatal(err)
			}
			f.resumes()
			target.Settled(t, f.client, f.topic)
		}
		wantReleases(t, f.client, cluster)
		f.settleUp()
	})
}

func TestARollingUpgradeIsNotNoticed(t *testing.T) {
	harness.OnRelease(t, realkafka.Newest, func(t *testing.T, pass harness.Pass) {
		cluster := harness.StartCluster(t, harness.ThreeConfig("3.9.2"))
		target := harness.Target{Version: "3.9.2", Addrs: cluster.Addrs(), Real: cluster}
		f := flow(t, target)
		for _, broker := range cluster.Brokers() {
			if err := broker.RestartAs(f.ctx, pass.Version); err != nil {
				t.Fatal(err)
			}
			f.resumes()
			target.Settled(t, f.client, f.topic)
			wantReleases(t, f.client, cluster)
		}
		f.settleUp()
	})
}

// formats are what message.format.version was called when each format came, and the format.
var formats = []struct {
	version string
	magic   byte
	codec   afkak.Codec
}{
	{"0.9.0", 0, afkak.None},
	{"0.10.0", 1, afkak.Gzip},
	{"0.11.0", 2, afkak.LZ4},
	{"0.9.0", 0, afkak.Snappy},
	{"0.11.0", 2, afkak.None},
	{"0.10.0", 1, afkak.LZ4},
	{"0.9.0", 0, afkak.LZ4},
}

func TestALogOfChangingFormatsIsReadInOrder(t *testing.T) {
	harness.OnOne(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.11") || pass.AtLeast("3.0") {
			t.Skip("this release does not write several formats on request")
		}
		client := target.Logged(t)
		topic := target.Created(t, client)
		var want []afkak.Record
		for _, format := range formats {
			target.Configure(t, client, topic, "message.format.version", format.version)
			harness.Eventually(t, "the log is written as "+format.version, func(ctx context.Context) error {
				mark := keyed(len(want), 1)
				at := write(t, client, topic, afkak.None, mark).Offset
				want = append(want, mark...)
				if magic := magicAt(t, client, topic, at); magic != format.magic {
					return fmt.Errorf("magic %d at %d, want %d", magic, at, format.magic)
				}
				return nil
			})
			set := keyed(len(want), 100)
			at := write(t, client, topic, format.codec, set).Offset
			if magic := magicAt(t, client, topic, at); magic != format.magic {
				t.Errorf("%s: magic %d at %d, want %d", format.version, magic, at, format.magic)
			}
			want = append(want, set...)
		}
		same(t, read(t, client, topic, 0, len(want)), want)
		same(t, pull(t, consumer(t, client, topic, 0, afkak.WithPartitionMaxBytes(1000)), len(want)), want)
		for _, at := range []int{50, 150, 350, 650} { // from inside of what is compressed
			same(t, pull(t, consumer(t, client, topic, 0, afkak.StartAt(afkak.Offset(int64(at)))), len(want)-at), want[at:])
		}
	})
}

// magicAt is the format of the batch, or message, in the log that has the offset.
func magicAt(t *testing.T, client *afkak.Client, topic string, offset int64) byte {
	t.Helper()
	req := protocol.NewFetchRequest()
	req.MinBytes, req.MaxBytes = 1, 1<<20
	asked := protocol.FetchRequestTopic{Topic: topic, Partitions: make([]protocol.FetchRequestTopicPartition, 1)}
	asked.Partitions[0].SetDefaults()
	asked.Partitions[0].FetchOffset, asked.Partitions[0].PartitionMaxBytes = offset, 1<<20
	req.Topics = []protocol.FetchRequestTopic{asked}
	resp, err := client.Do(harness.Context(t), req)
	if err != nil {
		t.Fatal(err)
	}
	records := resp.(*protocol.FetchResponse).Responses[0].Partitions[0].Records
	if len(records) < 17 {
		t.Fatalf("%d bytes at offset %d", len(records), offset)
	}
	return records[16]
}
