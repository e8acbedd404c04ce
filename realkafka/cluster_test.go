package realkafka_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
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

func TestThreeBrokersSurviveTheLossOfOneWhichReturnsOnAnotherPort(t *testing.T) {
	for _, version := range versionsToTest() {
		t.Run(version, func(t *testing.T) {
			cluster := start(t, "three brokers of Kafka "+version, realkafka.Config{Version: version, Brokers: 3})
			ctx := withDeadline(t, 4*time.Minute)
			if err := cluster.CreateTopic(ctx, "events", 3, 3); err != nil {
				t.Fatal(err)
			}
			second := cluster.Broker(2)
			before := second.Addr()
			if err := second.Stop(ctx); err != nil {
				t.Error(err)
			}
			lines := []string{"one", "two"}
			if err := cluster.ConsoleProduce(ctx, "events", lines); err != nil {
				t.Fatal(err)
			}
			if err := second.RestartOn(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if second.Addr() == before || !slices.Contains(cluster.Addrs(), second.Addr()) {
				t.Errorf("the broker was at %s and is at %s, of %v", before, second.Addr(), cluster.Addrs())
			}
			got, err := cluster.ConsoleConsume(ctx, "events", len(lines))
			slices.Sort(got) // there are three partitions
			if err != nil || !slices.Equal(got, lines) {
				t.Errorf("console consumer printed %q, %v; want %q", got, err, lines)
			}
		})
	}
}

func TestBrokersOfTwoReleasesFormOneCluster(t *testing.T) {
	for _, versions := range [][]string{{"0.8.2.1", "0.9.0.1"}, {"1.1.1", "2.8.2"}, {"3.9.2", realkafka.Newest}} {
		t.Run(strings.Join(versions, " and "), func(t *testing.T) {
			if os.Getenv("KAFKA_VERSION") != "all" && versions[1] != realkafka.Newest {
				t.Skip("not covered without KAFKA_VERSION=all: this mixture")
			}
			cluster := start(t, "a mixed cluster", realkafka.Config{Versions: versions})
			ctx := withDeadline(t, 3*time.Minute)
			if err := cluster.CreateTopic(ctx, "events", 1, 2); err != nil {
				t.Fatal(err)
			}
			lines := []string{"one", "two"}
			if err := cluster.ConsoleProduce(ctx, "events", lines); err != nil {
				t.Fatal(err)
			}
			got, err := cluster.ConsoleConsume(ctx, "events", len(lines)) // acknowledged, so both have them
			if err != nil || !slices.Equal(got, lines) {
				t.Errorf("console consumer printed %q, %v; want %q", got, err, lines)
			}
		})
	}
}

// accepts says whether something serves connections at addr within a moment.
func accepts(addr string) bool {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		conn.Close()
	}
	return err == nil
}

func TestAPausedBrokerKeepsItsConnectionsAndAnswersNothing(t *testing.T) {
	cluster := start(t, "pausing a broker", realkafka.Config{})
	broker := cluster.Broker(1)
	if err := broker.Pause(); err != nil {
		t.Fatal(err)
	}
	if !broker.Running() || !accepts(broker.Addr()) {
		t.Error("a paused broker is gone")
	}
	if realkafka.Answers(t.Context(), broker.Addr()) {
		t.Error("a paused broker answers")
	}
	if err := broker.Resume(); err != nil {
		t.Fatal(err)
	}
	if !realkafka.Answers(t.Context(), broker.Addr()) {
		t.Error("a resumed broker does not answer")
	}
	if err := broker.Pause(); err != nil { // and it can be closed like this
		t.Fatal(err)
	}
}

func TestABrokerOutlivesARestartOfItsZooKeeper(t *testing.T) {
	cluster := start(t, "ZooKeeper's end", realkafka.Config{Version: "2.8.2"})
	ctx := withDeadline(t, 3*time.Minute)
	zk := cluster.ZooKeeper()
	zk.Kill()
	if accepts(zk.Addr()) {
		t.Error("a killed ZooKeeper accepts connections")
	}
	if err := zk.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if err := cluster.CreateTopic(ctx, "events", 1, 1); err != nil {
		t.Error(err)
	}
}

func TestAListenerWithTLSTakesTheThrowAwayCertificates(t *testing.T) {
	certs, err := realkafka.NewCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	properties := certs.Properties()
	properties["listener.name.ssl.ssl.client.auth"] = "required"
	cluster := start(t, "TLS listeners", realkafka.Config{
		Listeners:  []realkafka.Listener{{Name: "SSL"}},
		Properties: properties,
	})
	addr := cluster.ListenerAddrs("SSL")[0]
	conn, err := tls.Dial("tcp", addr, certs.ClientTLS())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.Handshake(); err != nil {
		t.Error(err)
	}
	if got := cluster.ListenerAddrs("NONE"); got != nil {
		t.Errorf("a listener that there is not is at %v", got)
	}
}

func TestABrokerThatDoesNotStartIsAnErrorWithTheEndOfItsLog(t *testing.T) {
	if testing.Short() {
		t.Skip("not covered with -short: a broker that does not start")
	}
	realkafka.Require(t, "a broker that does not start")
	dir := t.TempDir()
	_, err := realkafka.Start(withDeadline(t, 2*time.Minute), realkafka.Config{
		Dir:        dir,
		Properties: map[string]string{"num.network.threads": "none"},
	})
	if err == nil || !strings.Contains(err.Error(), "num.network.threads") {
		t.Errorf("got %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestARestartWaitsForAPortThatIsTakenForAMoment(t *testing.T) {
	cluster := start(t, "a port that is taken", realkafka.Config{})
	broker := cluster.Broker(1)
	broker.Kill()
	thief, err := net.Listen("tcp", broker.Addr())
	if err != nil {
		t.Fatal(err)
	}
	restarted := make(chan error, 1)
	ctx := withDeadline(t, time.Minute)
	go func() { restarted <- broker.Restart(ctx) }()
	for !strings.Contains(readFile(t, broker.LogFile()), "Address already in use") {
		select {
		case err := <-restarted:
			t.Fatalf("it restarted on a port that is taken: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
	thief.Close()
	if err := <-restarted; err != nil {
		t.Error(err)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
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

func TestABrokerIsUpgradedWithItsData(t *testing.T) {
	const before = "3.9.2"
	cluster := start(t, "an upgrade", realkafka.Config{Version: before})
	ctx := withDeadline(t, 3*time.Minute)
	if err := cluster.CreateTopic(ctx, "events", 1, 1); err != nil {
		t.Fatal(err)
	}
	if err := cluster.ConsoleProduce(ctx, "events", []string{"one"}); err != nil {
		t.Fatal(err)
	}
	if err := cluster.Broker(1).RestartAs(ctx, "2.8.2"); err == nil || !cluster.Broker(1).Running() {
		t.Errorf("from KRaft to ZooKeeper: %v, running %v", err, cluster.Broker(1).Running())
	}
	if err := cluster.Broker(1).RestartAs(ctx, realkafka.Newest); err != nil {
		t.Fatal(err)
	}
	if now := cluster.Broker(1).Version(); now != realkafka.Newest || cluster.Version() != before {
		t.Errorf("the broker is %s, the cluster %s", now, cluster.Version())
	}
	got, err := cluster.ConsoleConsume(ctx, "events", 1)
	if err != nil || !slices.Equal(got, []string{"one"}) {
		t.Errorf("console consumer printed %q, %v", got, err)
	}
}
