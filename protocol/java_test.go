package protocol

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestKafkaReadsAndWritesTheSameBytes gives messages of every type and version
// to Kafka's own classes, of both releases that the types were generated from.
func TestKafkaReadsAndWritesTheSameBytes(t *testing.T) {
	if testing.Short() {
		t.Skip("not covered in short mode: agreement with Kafka's own classes")
	}
	lines := javaLines(t)
	covered := make([]bool, len(lines))
	for _, release := range []string{"3.9.2", "4.4.0"} {
		for i, answer := range javaRoundTrip(t, release, lines) {
			switch what, detail, _ := strings.Cut(answer, " "); what {
			case "same":
				covered[i] = true
			case "absent":
			default:
				if release == "3.9.2" && strings.HasPrefix(lines[i], unstableIn39) {
					continue
				}
				t.Errorf("kafka-clients %s: %s: %s %s", release, lines[i], what, detail)
			}
		}
	}
	for i, ok := range covered {
		if !ok {
			t.Errorf("in neither release: %s", lines[i])
		}
	}
}

// unstableIn39 was another message when it was unstable in 3.9, so that only
// the newer release counts.
const unstableIn39 = "ReadShareGroupStateSummaryResponse 0 "

var kafkaSpelling = strings.NewReplacer("API", "Api", "ID", "Id")

// javaLines are the inputs of testdata/java/RoundTrip.java.
func javaLines(t *testing.T) []string {
	var lines []string
	for _, s := range subjects() {
		switch s.name { // Kafka has no class for these in its clients jar
		case "AbortedTxn", "ControlRecordTypeSchema", "EndTxnMarker":
			continue
		}
		for version := s.Min; version <= s.Max; version++ {
			for seed := range uint64(seeds) {
				_, b := s.filled(t, version, seed)
				lines = append(lines, fmt.Sprintf("%s %d %x", kafkaSpelling.Replace(s.name), version, b))
			}
		}
	}
	return lines
}

func javaRoundTrip(t *testing.T, release string, lines []string) []string {
	t.Helper()
	classes, err := exec.Command("go", "run", "../internal/gen", "-classpath", release).Output()
	if err != nil {
		notCovered(t, err)
	}
	cmd := exec.Command("java", "-cp", strings.TrimSpace(string(classes)), "testdata/java/RoundTrip.java")
	cmd.Stdin = strings.NewReader(strings.Join(lines, "\n") + "\n")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		notCovered(t, fmt.Errorf("java: %w: %s", err, stderr.String()))
	}
	var answers []string
	for scan := bufio.NewScanner(bytes.NewReader(out)); scan.Scan(); {
		answers = append(answers, scan.Text())
	}
	if len(answers) != len(lines) {
		t.Fatalf("%d answers to %d lines: %s", len(answers), len(lines), stderr.String())
	}
	return answers
}

// notCovered skips the test, or fails it where Kafka has to be there.
func notCovered(t *testing.T, err error) {
	t.Helper()
	const what = "not covered: agreement with Kafka's own classes, which needs a JDK and Maven"
	if os.Getenv("AFKAK_REQUIRE_KAFKA") == "1" {
		t.Fatalf("%s: %v", what, err)
	}
	t.Skipf("%s: %v", what, err)
}
