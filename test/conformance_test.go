package test

import (
	"context"
	"flag"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/realkafka"
)

// recordConformance writes what the real broker answered:
//
//	go test -run TestRealBrokerAnswersAsRecorded -record-conformance
var recordConformance = flag.Bool("record-conformance", false, "write testdata/conformance.txt from the real broker's answers")

const transcriptFile = "testdata/conformance.txt"

func TestEmbeddedBrokerAnswersAsTheRealOneDid(t *testing.T) {
	b, err := broker.Start(broker.Config{AutoCreateTopics: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	compareTranscript(t, conformance(t, b.Addr()))
}

func TestRealBrokerAnswersAsRecorded(t *testing.T) {
	realkafka.Require(t, "that the embedded broker's answers are still those of the newest Kafka")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cluster, err := realkafka.Start(ctx, realkafka.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer cluster.Close()
	got := conformance(t, cluster.Addrs()[0])
	if *recordConformance {
		if err := os.WriteFile(transcriptFile, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	compareTranscript(t, got)
}

// compareTranscript reports each step whose answer differs.
func compareTranscript(t *testing.T, got string) {
	t.Helper()
	data, err := os.ReadFile(transcriptFile)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(string(data), "\n\n")
	steps := strings.Split(got, "\n\n")
	for i := range max(len(want), len(steps)) {
		switch {
		case i >= len(steps):
			t.Errorf("missing step:\n%s", want[i])
		case i >= len(want):
			t.Errorf("step that was not recorded:\n%s", steps[i])
		case want[i] != steps[i]:
			t.Errorf("got\n%s\nrecorded\n%s", steps[i], want[i])
		}
	}
}
