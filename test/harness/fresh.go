package harness

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
)

// LogEnv is the environment variable that, when set, has the clients of [Target.Logged] log their decisions.
const LogEnv = "AFKAK_LOG"

// Logged makes a client as [Target.Client], and shows what it does beside what the test says if AFKAK_LOG is set.
func (target Target) Logged(t testing.TB, opts ...afkak.ClientOption) *afkak.Client {
	t.Helper()
	if os.Getenv(LogEnv) != "" {
		logger := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
		opts = append(opts, afkak.WithLogger(logger))
	}
	return target.Client(t, opts...)
}

// StartShared starts a cluster that outlives the test which wants it first.
func StartShared(cfg realkafka.Config) (*realkafka.Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	return realkafka.Start(ctx, cfg)
}

// ThreeConfig is the configuration of the clusters of [OnThree], for a test that wants one of its own.
func ThreeConfig(versions ...string) realkafka.Config {
	cfg := realkafka.Config{Version: versions[0], Brokers: 3, Properties: threeProperties}
	if len(versions) > 1 {
		cfg.Version, cfg.Brokers, cfg.Versions = "", 0, versions
	}
	return cfg
}

// AskFor has the broker create the topic as its own settings say, by asking for its metadata. It does not wait.
func AskFor(ctx context.Context, client *afkak.Client, topic string) error {
	_, err := metadata(ctx, client, topic)
	return err
}

func metadata(ctx context.Context, client *afkak.Client, topic string) (*protocol.MetadataResponse, error) {
	req := protocol.NewMetadataRequest()
	req.Topics = []protocol.MetadataRequestTopic{{Name: &topic}}
	resp, err := client.Do(ctx, req)
	if err != nil {
		return nil, err
	}
	return resp.(*protocol.MetadataResponse), nil
}

// Created makes a topic with a name of its own through the brokers' own creation at first use, and waits until each partition has a
// leader and all its replicas.
func (target Target) Created(t testing.TB, client *afkak.Client) string {
	t.Helper()
	name := Name("topic")
	Eventually(t, "topic "+name+" has all its replicas", func(ctx context.Context) error {
		return settled(ctx, client, name)
	})
	return name
}

func settled(ctx context.Context, client *afkak.Client, topic string) error {
	resp, err := metadata(ctx, client, topic)
	if err != nil {
		return err
	}
	if len(resp.Topics) != 1 || resp.Topics[0].ErrorCode != 0 || len(resp.Topics[0].Partitions) == 0 {
		return fmt.Errorf("not there yet: %+v", resp.Topics)
	}
	for _, p := range resp.Topics[0].Partitions {
		if p.LeaderID < 0 || len(p.IsrNodes) != len(p.ReplicaNodes) {
			return fmt.Errorf("partition %d: leader %d, replicas %v, in sync %v", p.PartitionIndex, p.LeaderID, p.ReplicaNodes, p.IsrNodes)
		}
	}
	return nil
}

// Eventually waits until the condition holds, and fails the test with its last error otherwise.
func Eventually(t testing.TB, what string, condition func(ctx context.Context) error) {
	t.Helper()
	ctx := Context(t)
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	var last error
	for {
		err := condition(ctx)
		if err == nil {
			return
		}
		if ctx.Err() == nil || last == nil {
			last = err // otherwise the end of the wait is what it tells of
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			t.Fatalf("in vain waited until %s: %v", what, last)
		}
	}
}
