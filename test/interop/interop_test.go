// Package interop proves, on real brokers, that what this client and others
// write the others read: Kafka's own console tools, kafka-python, and Afkak
// itself, whose place it takes.
//
// The latter two run in Python, in a virtual environment that the tests make. What
// was proved is a table, docs/interop.md, which
//
//	go test ./interop -update
//
// writes and every run of all the versions checks.
package interop

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/test/harness"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pythonVersions are those of Kafka that the clients in Python are tried with.
var pythonVersions = []string{"0.9.0.1", "2.8.2", "3.9.2", realkafka.Newest}

// library is another client and what is to be proved of it.
type library struct {
	name     string
	versions []string // of Kafka: the columns of its table
	start    func(t *testing.T, w *world)
	proofs   []proof
}

// proof is a row of the table.
type proof struct {
	what  string
	since string // the first Kafka that has it; empty: all
	run   func(t *testing.T, w *world)
}

// world is what a proof needs. It is for one library and one broker.
type world struct {
	target harness.Target
	client *afkak.Client
	topic  string // that no other library writes to
	// partition of topic that no other proof writes to.
	partition int32
	group     string // that nobody else uses

	// Of the libraries in Python:
	python   string // the interpreter
	peer     *peer
	keyTopic string // of 7 partitions

	printed []string // by the console consumer
}

func libraries() []library {
	return []library{
		{name: consoleTools, versions: harness.MatrixReleases, start: startConsole, proofs: consoleProofs()},
		{name: "kafka-python", versions: pythonVersions, start: startPython("kafka_python_peer.py"), proofs: slices.Concat(
			valueProofs(afkak.None, afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd), headerProofs(), keyProofs(), offsetProofs(), nextOffsetProofs(), groupProofs())},
		{name: "afkak", versions: pythonVersions[:3], start: startPython("afkak_peer.py"), proofs: slices.Concat(
			valueProofs(afkak.None, afkak.Gzip, afkak.Snappy), keyProofs(), offsetProofs(), lastOffsetProofs())},
	}
}

func TestOtherClientsAndWeUnderstandEachOther(t *testing.T) {
	const covers = "interoperability with Kafka's console tools, kafka-python and Afkak"
	if testing.Short() {
		t.Skipf("not covered with -short: %s", covers)
	}
	chosen := chosenVersions(t)
	if len(chosen) == 0 {
		t.Skipf("not covered: %s on other releases than %s", covers, strings.Join(harness.MatrixReleases, ", "))
	}
	realkafka.Require(t, covers, chosen...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	python := requirePython(t, ctx, covers)

	proved := table{}
	for _, version := range chosen {
		t.Run(version, func(t *testing.T) { proveOn(t, python, version, proved) })
	}
	if !t.Failed() && len(chosen) == len(harness.MatrixReleases) {
		compareDocument(t, proved)
	}
}

// chosenVersions are those of the matrix that KAFKA_VERSION names; all when it is not set.
func chosenVersions(t *testing.T) []string {
	named, err := harness.Versions(harness.MatrixReleases...)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(slices.Clone(harness.MatrixReleases), func(v string) bool { return !slices.Contains(named, v) })
}

// proveOn runs all proofs on one broker.
func proveOn(t *testing.T, python, version string, proved table) {
	cluster := harness.StartCluster(t, realkafka.Config{Version: version})
	target := harness.Target{Version: version, Addrs: cluster.Addrs(), Real: cluster}
	for _, lib := range libraries() {
		if slices.Contains(lib.versions, version) {
			t.Run(lib.name, func(t *testing.T) {
				w := world{target: target, client: target.Client(t), python: python}
				lib.start(t, &w)
				for _, p := range lib.proofs {
					if !target.AtLeast(p.since) {
						continue
					}
					w.partition++
					w.group = fmt.Sprintf("%s-%d", lib.name, w.partition)
					ok := t.Run(p.what, func(t *testing.T) { p.run(t, &w) })
					proved.add(lib.name, p.what, version, ok)
				}
			})
		}
	}
}
