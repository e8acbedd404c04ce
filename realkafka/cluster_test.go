package realkafka_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/realkafka"
)

// versionsToTest are those of KAFKA_VERSION, a comma-separated list or "all"; otherwise the newest.
func versionsToTest() []string {
	switch v := os.Getenv("KAFKA_VERSION"); v {
	case "":
		return []string{realkafka.Newest}
	case "all":
		return realkafka.Versions()
	default:
		return strings.Split(v, ",")
	}
}

func withDeadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// start starts a cluster that ends with the test.
func start(t *testing.T, covers string, cfg realkafka.Config) *realkafka.Cluster {
	t.Helper()
	if testing.Short() {
		t.Skipf("not covered with -short: %s", covers)
	}
	versions := cfg.Versions
	if cfg.Version != "" {
		versions = []string{cfg.Version}
	}
	realkafka.Require(t, covers, versions...)
	cfg.Log = t.Output()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cluster, err := realkafka.Start(withDeadline(t, 4*time.Minute), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
		if left, _ := filepath.Glob(filepath.Join(cfg.Dir, "*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	return cluster
}

func TestEachReleaseStoresWhatItsOwnToolsSendAndReturnsItAfterACrash(t *testing.T) {
	for _, version := range versionsToTest() {
		t.Run(version, func(t *testing.T) {
			cluster := start(t, "starting Kafka "+version, realkafka.Config{Version: version})
			ctx := withDeadline(t, 3*time.Minute)
			if err := cluster.CreateTopic(ctx, "events", 1, 1); err != nil {
				t.Fatal(err)
			}
			lines := []string{"one", "two", "thrée"}
			if err := cluster.ConsoleProduce(ctx, "events", lines); err != nil {
				t.Fatal(err)
			}
			got, err := cluster.ConsoleConsume(ctx, "events", len(lines))
			if err != nil || !slices.Equal(got, lines) {
				t.Fatalf("console consumer printed %q, %v; want %q", got, err, lines)
			}
			broker := cluster.Broker(1)
			broker.Kill()
			if broker.Running() {
				t.Error("the broker runs after Kill")
			}
			if err := broker.Restart(ctx); err != nil {
				t.Fatal(err)
			}
			got, err = cluster.ConsoleConsume(ctx, "events", len(lines))
			if err != nil || !slices.Equal(got, lines) {
				t.Fatalf("after a crash the console consumer printed %q, %v; want %q", got, err, lines)
			}
		})
	}
}

func ExampleStart() {
	ctx := context.Background()
	cluster, err := realkafka.Start(ctx, realkafka.Config{
		Version:    "2.8.2",
		Brokers:    3,
		Properties: map[string]string{"auto.create.topics.enable": "false"},
		Log:        os.Stderr,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	defer cluster.Close()

	if err := cluster.CreateTopic(ctx, "orders", 6, 3); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	cluster.Broker(2).Kill() // and see what your program does
}
