package harness

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/realkafka"
)

// ReportEnv is the environment variable that names a file to which [MainByRelease] adds a line for
// each release when it is through: go test shows nothing of what passes.
const ReportEnv = "AFKAK_REPORT"

// current is the pass that runs. It changes between passes only.
var current *stage

// A stage is a pass and its clusters, which start when first wanted.
type stage struct {
	pass  Pass
	one   lazy // a node of its own
	three lazy
}

// A lazy cluster starts once.
type lazy struct {
	once   sync.Once
	target Target
	close  func() error
	err    error
}

// MainByRelease runs the tests of a binary once for the embedded broker and once for each release that
// KAFKA_VERSION chooses, so that a release's clusters start once and end before the next ones
// start. TestMain calls it; it does not return. Tests begin with [OnOne] or [OnThree].
//
// A goroutine or, on Linux, a socket that is left when a pass is over fails it.
func MainByRelease(m *testing.M) {
	all, err := passes()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	failed := 0
	for _, pass := range all {
		started := time.Now()
		current = &stage{pass: pass}
		open := sockets()
		fmt.Printf("--- Kafka %s, %s suite\n", pass.Version, pass.scope())
		code := m.Run()
		for _, err := range []error{current.one.end(), current.three.end(), goleak.Find(), leftSockets(open)} {
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				code = 1
			}
		}
		failed |= code
		Report(pass.report(code, time.Since(started)) + "\n")
	}
	os.Exit(failed)
}

// Report prints the text, and adds it to the file that AFKAK_REPORT names, if it does.
func Report(text string) {
	fmt.Print(text)
	name := os.Getenv(ReportEnv)
	if name == "" {
		return
	}
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o666)
	if err == nil {
		_, err = f.WriteString(text)
		f.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
}

// threeProperties are those of a cluster that outlives one of its brokers and loses nothing that was
// acknowledged: a leader is never one that is behind. The seed's suites want room for 12 MB.
var threeProperties = map[string]string{
	"num.partitions":                                "2",
	"message.max.bytes":                             "12582912",
	"replica.fetch.max.bytes":                       "12582912",
	"min.insync.replicas":                           "2",
	"unclean.leader.election.enable":                "false",
	"auto.leader.rebalance.enable":                  "false",
	"replica.high.watermark.checkpoint.interval.ms": "500",
	"replica.socket.timeout.ms":                     "5000",
	"replica.lag.time.max.ms":                       "4000",
	"replica.fetch.wait.max.ms":                     "100", // a follower begins with a new partition after that
}

// OnOne runs the suite on one broker, as a subtest named after the release. Topics have two partitions. A test that is
// not of the core runs in full passes only.
func OnOne(t *testing.T, core bool, suite func(t *testing.T, pass Pass, target Target)) {
	t.Helper()
	current.run(t, core, &current.one, startOne, suite)
}

// OnThree runs the suite on three brokers, as OnOne; on the embedded broker not at all. Topics have two
// partitions and three replicas. A test that takes a broker away brings it back.
func OnThree(t *testing.T, core bool, suite func(t *testing.T, pass Pass, target Target)) {
	t.Helper()
	if current.pass.Version != Embedded {
		current.run(t, core, &current.three, startThree, suite)
	}
}

// OnRelease runs the suite in a full pass against exactly that release, without starting anything.
func OnRelease(t *testing.T, version string, suite func(t *testing.T, pass Pass)) {
	t.Helper()
	if current.pass.Version == version && current.pass.Full {
		t.Run(version, func(t *testing.T) {
			realkafka.Require(t, t.Name(), version)
			suite(t, current.pass)
		})
	}
}

func (s *stage) run(t *testing.T, core bool, l *lazy, start func(Pass, *lazy), suite func(*testing.T, Pass, Target)) {
	t.Helper()
	if !core && !s.pass.Full {
		return
	}
	t.Run(s.pass.Version, func(t *testing.T) {
		if s.pass.Version != Embedded {
			realkafka.Require(t, t.Name(), s.pass.Version)
		}
		l.once.Do(func() { start(s.pass, l) })
		if l.err != nil {
			t.Fatal(l.err)
		}
		t.Cleanup(func() {
			if t.Failed() && l.target.Real != nil {
				TellOfFailure(t, l.target.Real)
				heal(t, l.target.Real)
			}
		})
		suite(t, s.pass, l.target.now())
	})
}

// TellOfFailure adds the ends of the brokers' logs to the output of a test that failed.
func TellOfFailure(t *testing.T, cluster *realkafka.Cluster) {
	for _, b := range cluster.Brokers() {
		text, err := endOfLog(b)
		if err != nil {
			t.Log(err)
		}
		fmt.Fprintf(t.Output(), "The end of broker %d's log:\n%s\n", b.ID(), text)
	}
}

// heal brings back what a test that failed has left away, so that the next one has its three brokers.
func heal(t *testing.T, cluster *realkafka.Cluster) {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	if zk := cluster.ZooKeeper(); zk != nil {
		if err := zk.Start(ctx); err != nil {
			t.Error(err)
		}
	}
	var starts sync.WaitGroup
	for _, b := range cluster.Brokers() {
		starts.Go(func() {
			err := b.Resume()
			if !b.Running() {
				err = b.Restart(ctx)
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	starts.Wait()
}

// now is the target at the addresses that its brokers have now.
func (target Target) now() Target {
	if target.Real != nil {
		target.Addrs = target.Real.Addrs()
	}
	return target
}

func startOne(pass Pass, l *lazy) {
	if pass.Version != Embedded {
		l.startReal(realkafka.Config{Version: pass.Version, Properties: map[string]string{"num.partitions": "2"}})
		return
	}
	b, err := broker.Start(broker.Config{AutoCreateTopics: true, DefaultPartitions: 2})
	if err != nil {
		l.err = err
		return
	}
	l.target, l.close = Target{Version: Embedded, Addrs: []string{b.Addr()}}, b.Close
}

func startThree(pass Pass, l *lazy) {
	l.startReal(realkafka.Config{Version: pass.Version, Brokers: 3, Properties: threeProperties})
}

func (l *lazy) startReal(cfg realkafka.Config) {
	cluster, err := StartShared(cfg)
	if err != nil {
		l.err = err
		return
	}
	l.target, l.close = Target{Version: cfg.Version, Addrs: cluster.Addrs(), Real: cluster}, cluster.Close
}

func (l *lazy) end() error {
	if l.close == nil {
		return nil
	}
	return l.close()
}
