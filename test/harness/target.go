package harness

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
)

// Embedded is the version of a [Target] that is the embedded broker.
const Embedded = "embedded"

// A Target is what a suite runs against: the embedded broker or a real cluster.
type Target struct {
	Version string // of Kafka, or Embedded
	Addrs   []string
	Real    *realkafka.Cluster // nil for the embedded broker
}

// EachTarget runs the suite on the embedded broker and on real clusters of the releases
// that [Versions] gives, as subtests named after them.
func EachTarget(t *testing.T, otherwise []string, suite func(t *testing.T, target Target)) {
	t.Helper()
	t.Run(Embedded, func(t *testing.T) {
		b, err := broker.Start(broker.Config{AutoCreateTopics: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		})
		suite(t, Target{Version: Embedded, Addrs: []string{b.Addr()}})
	})
	EachReal(t, otherwise, suite)
}

// EachReal runs the suite on the real clusters only.
func EachReal(t *testing.T, otherwise []string, suite func(t *testing.T, target Target)) {
	t.Helper()
	versions, err := Versions(otherwise...)
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			cluster := Cluster(t, version)
			suite(t, Target{Version: version, Addrs: cluster.Addrs(), Real: cluster})
		})
	}
}

// AtLeast says whether the target is that release of Kafka or a newer one. The embedded broker is the newest.
func (target Target) AtLeast(version string) bool {
	return target.Version == Embedded || realkafka.CompareVersions(target.Version, version) >= 0
}

// Client makes a client of the target, which is closed with the test.
func (target Target) Client(t testing.TB, opts ...afkak.ClientOption) *afkak.Client {
	t.Helper()
	client, err := afkak.NewClient(target.Addrs, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return client
}

// Topic creates a topic with a name of its own.
func (target Target) Topic(t testing.TB, partitions int) string {
	t.Helper()
	name := Name("topic")
	ctx := Context(t)
	var err error
	if target.Real != nil && !target.AtLeast("0.10.1") { // KIP-4
		err = target.Real.CreateTopic(ctx, name, partitions, 1)
	} else {
		err = createTopic(ctx, target.Client(t), name, partitions)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func createTopic(ctx context.Context, client *afkak.Client, name string, partitions int) error {
	resp, err := client.Do(ctx, &protocol.CreateTopicsRequest{
		Topics:    []protocol.CreateTopicsRequestTopic{{Name: name, NumPartitions: int32(partitions), ReplicationFactor: 1}},
		TimeoutMs: 30_000,
	})
	if err != nil {
		return err
	}
	if topic := resp.(*protocol.CreateTopicsResponse).Topics[0]; topic.ErrorCode != 0 {
		return fmt.Errorf("create topic %s: code %d", name, topic.ErrorCode)
	}
	return nil
}

// Context ends with the test, and long before go test would lose patience.
func Context(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

var names atomic.Int64

// Name returns a name for a topic or group that nobody else on a shared cluster has.
func Name(kind string) string {
	return fmt.Sprintf("%s-%d-%d", kind, time.Now().UnixMilli(), names.Add(1))
}
