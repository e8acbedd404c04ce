package main

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
)

// The test binary is the program itself when this variable is set.
const asProgram = "AFKAK_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

func program(args ...string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	return cmd
}

func TestEveryMessageThatIsAcknowledgedIsInTheLog(t *testing.T) {
	b := start(t)
	out, err := program("-topic", "example", "-for", "1s", b.Addr()).Output()
	if err != nil {
		t.Fatalf("the program ended with %v after\n%s", err, out)
	}
	compareWithLog(t, b.Addr(), out)
}

func TestCtrlCWaitsForAcknowledgementsAndEndsWithoutAnError(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("not covered: Ctrl-C, which cannot be sent to a process on Windows")
	}
	b := start(t)
	var out bytes.Buffer
	first := make(chan struct{})
	cmd := program("-topic", "example", b.Addr())
	cmd.Stdout = &signalWriter{w: &out, written: first}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-first:
	case <-time.After(30 * time.Second):
		t.Error("nothing was acknowledged in 30 seconds")
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after Ctrl-C the program ended with %v", err)
	}
	compareWithLog(t, b.Addr(), out.Bytes())
}

func TestNoBrokerIsAnError(t *testing.T) {
	cmd := program("-for", "1m", "127.0.0.1:1")
	cmd.Stderr = nil
	out, err := cmd.Output()
	if err == nil {
		t.Errorf("the program ended without an error, after\n%s", out)
	}
}

// signalWriter closes written with the first bytes.
type signalWriter struct {
	w       *bytes.Buffer
	written chan struct{}
}

func (s *signalWriter) Write(p []byte) (int, error) {
	if s.w.Len() == 0 {
		close(s.written)
	}
	return s.w.Write(p)
}

func start(t *testing.T) *broker.Broker {
	t.Helper()
	b, err := broker.Start(broker.Config{Topics: []broker.Topic{{Name: "example", Partitions: 3}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	return b
}

var acknowledgement = regexp.MustCompile(`(?m)^(hashed|round robin): (\d+) messages are in example/(\d) from offset (\d+) on$`)

// compareWithLog fails the test unless the log has what the program printed,
// message for message, and nothing else.
func compareWithLog(t *testing.T, addr string, out []byte) {
	t.Helper()
	var sent [3]int64
	groups := map[string]int{}
	var roundRobin []int64
	lines := acknowledgement.FindAllSubmatch(out, -1)
	if len(lines) != bytes.Count(out, []byte("\n")) {
		t.Errorf("printed something else than acknowledgements:\n%s", out)
	}
	for _, line := range lines {
		n, partition := number(t, line[2]), number(t, line[3])
		if n < 2 || n > 25 {
			t.Errorf("a group of %d messages", n)
		}
		sent[partition] += n
		groups[string(line[1])]++
		if string(line[1]) == "round robin" {
			roundRobin = append(roundRobin, partition)
		}
	}
	if groups["hashed"] == 0 || groups["hashed"] != groups["round robin"] {
		t.Errorf("acknowledged groups: %v, want as many by either partitioner", groups)
	}
	perPartition := [3]int{}
	for _, partition := range roundRobin {
		perPartition[partition]++
	}
	for partition, n := range perPartition {
		if turns := len(roundRobin); n != (turns+2-partition)/3 {
			t.Errorf("partition %d had %d of %d turns", partition, n, turns)
		}
	}
	if got := logEnds(t, addr); got != sent {
		t.Errorf("the partitions have %d messages, acknowledged were %d", got, sent)
	}
}

func logEnds(t *testing.T, addr string) (ends [3]int64) {
	t.Helper()
	client, err := afkak.NewClient([]string{addr})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	payloads := make([]afkak.ListOffsetsPayload, len(ends))
	for i := range payloads {
		payloads[i] = afkak.ListOffsetsPayload{Topic: "example", Partition: int32(i), At: afkak.Latest}
	}
	results, err := client.ListOffsets(t.Context(), payloads)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		ends[i] = result.Offset
	}
	return ends
}

func number(t *testing.T, text []byte) int64 {
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
