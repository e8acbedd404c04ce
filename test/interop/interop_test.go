// Package interop proves, on real brokers, that what this client and others
// write the others read: kafka-python, and Afkak itself, whose place it takes.
//
// The peers run in Python, in a virtual environment that the tests make. What
// was proved is a table, docs/interop.md, which
//
//	go test ./interop -update
//
// writes and every run of all the versions checks.
package interop

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/realkafka"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// versions are the columns of the table: one broker of each is started.
var versions = []string{"0.9.0.1", "2.8.2", "3.9.2", realkafka.Newest}

// library is another client and what is to be proved of it.
type library struct {
	name   string // as requirements.txt has it
	script string // in testdata
	below  string // the first Kafka that it does not talk to; empty: none
	proofs []proof
}

func (l library) talksTo(version string) bool {
	return l.below == "" || realkafka.CompareVersions(version, l.below) < 0
}

// proof is a row of the table.
type proof struct {
	what  string
	since string // the first Kafka that has it; empty: all
	run   func(t *testing.T, w *world)
}

// world is what a proof needs. It is for one library and one broker.
type world struct {
	client *afkak.Client
	peer   *peer
	// partition of topic that nobody else writes to.
	partition int32
	group     string // that nobody else uses
}

func libraries() []library {
	return []library{
		{name: "kafka-python", script: "kafka_python_peer.py", proofs: slices.Concat(
			valueProofs(afkak.None, afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd), headerProofs(), keyProofs(), offsetProofs(), nextOffsetProofs())},
		{name: "afkak", script: "afkak_peer.py", below: "4.0.0", proofs: slices.Concat(
			valueProofs(afkak.None, afkak.Gzip, afkak.Snappy), keyProofs(), offsetProofs(), lastOffsetProofs())},
	}
}

func TestOtherClientsAndWeUnderstandEachOther(t *testing.T) {
	const covers = "interoperability with kafka-python and Afkak"
	if testing.Short() {
		t.Skipf("not covered with -short: %s", covers)
	}
	chosen := chosenVersions()
	realkafka.Require(t, covers, chosen...)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	python := requirePython(t, ctx, covers)

	proved := table{}
	for _, version := range chosen {
		t.Run(version, func(t *testing.T) { proveOn(t, python, version, proved) })
	}
	if !t.Failed() && len(chosen) == len(versions) {
		compareDocument(t, proved)
	}
}

// chosenVersions are those of versions that KAFKA_VERSION names, one or several
// with commas between; all when it is not set.
func chosenVersions() []string {
	wanted := os.Getenv("KAFKA_VERSION")
	if wanted == "" || wanted == "all" {
		return versions
	}
	list := strings.Split(wanted, ",")
	return slices.DeleteFunc(slices.Clone(versions), func(v string) bool { return !slices.Contains(list, v) })
}

// proveOn runs all proofs on one broker.
func proveOn(t *testing.T, python, version string, proved table) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	cluster, err := realkafka.Start(ctx, realkafka.Config{Version: version, Log: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	for topic, partitions := range map[string]int{topic: 60, keyTopic: 7} {
		if err := cluster.CreateTopic(ctx, topic, partitions, 1); err != nil {
			t.Fatal(err)
		}
	}
	client, err := afkak.NewClient(cluster.Addrs())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()

	// The first commit of all has the broker make its topic of offsets. We wait for that; Afkak does not.
	first := afkak.CommitPayload{Topic: topic, Partition: 0}
	if _, err := client.CommitOffsets(ctx, "interop", []afkak.CommitPayload{first}); err != nil {
		t.Fatal(err)
	}

	w := world{client: client}
	for _, lib := range libraries() {
		if !lib.talksTo(version) {
			continue
		}
		t.Run(lib.name, func(t *testing.T) {
			w.peer = startPeer(t, python, lib.script, cluster.Addrs()[0])
			for _, p := range lib.proofs {
				if realkafka.CompareVersions(version, p.since) < 0 {
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
