package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
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
	return cmd
}

func TestMessagesFromBeforeAndAfterTheStartArePrintedOnce(t *testing.T) {
	client := newClient(t, broker.Topic{Name: "example", Partitions: 3})
	want := write(t, client, 0, 30)

	cmd := program("-topic", "example", client.addr)
	printed := startPrinting(t, cmd)
	got := collect(t, printed, 30)
	want = append(want, write(t, client, 30, 60)...)
	got = append(got, collect(t, printed, 30)...)
	got = append(got, end(t, cmd, printed)...)

	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		t.Errorf("printed\n%q\nwant\n%q", got, want)
	}
}

func TestTheProgramEndsWithoutAnErrorWhenItsTimeIsOver(t *testing.T) {
	client := newClient(t, broker.Topic{Name: "example"})
	if out, err := program("-for", "100ms", client.addr).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("ended with %v after %q", err, out)
	}
}

func TestATopicThatIsNotThereIsAnError(t *testing.T) {
	client := newClient(t)
	if out, err := program("-topic", "absent", "-for", "1m", client.addr).CombinedOutput(); err == nil {
		t.Errorf("the program ended without an error, after\n%s", out)
	}
}

type testClient struct {
	*afkak.Client
	addr string
}

func newClient(t *testing.T, topics ...broker.Topic) testClient {
	t.Helper()
	b, err := broker.Start(broker.Config{Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close() })
	client, err := afkak.NewClient([]string{b.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return testClient{client, b.Addr()}
}

// write writes messages from one number up to another, to three partitions in
// turn, and returns the lines that the program should print of them.
func write(t *testing.T, client testClient, from, to int) (lines []string) {
	t.Helper()
	for i := from; i < to; i++ {
		partition := int32(i % 3)
		record := afkak.Record{Key: fmt.Appendf(nil, "key %d", i), Value: fmt.Appendf(nil, "message %d", i)}
		results, err := client.Produce(t.Context(), []afkak.ProducePayload{
			{Topic: "example", Partition: partition, Records: []afkak.Record{record}},
		})
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, fmt.Sprintf("example/%d offset %d: %q = %q", partition, results[0].Offset, record.Key, record.Value))
	}
	return lines
}

// startPrinting starts the program and returns its lines; the channel is closed
// at the end of its output.
func startPrinting(t *testing.T, cmd *exec.Cmd) <-chan string {
	t.Helper()
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // of a test that failed; otherwise it has ended
	lines := make(chan string, 1000)
	go func() { // ends with the program's output
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return lines
}

func collect(t *testing.T, lines <-chan string, n int) (got []string) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for len(got) < n {
		select {
		case line, ok := <-lines:
			if !ok {
				t.Fatalf("the program ended after %d lines, want %d", len(got), n)
			}
			got = append(got, line)
		case <-timeout:
			t.Fatalf("%d lines in 30 seconds, want %d", len(got), n)
		}
	}
	return got
}

// end sends Ctrl-C, where there is such a thing, waits for an end without an
// error, and returns the lines that were printed until then.
func end(t *testing.T, cmd *exec.Cmd, lines <-chan string) (rest []string) {
	t.Helper()
	windows := runtime.GOOS == "windows"
	if windows {
		_ = cmd.Process.Kill()
	} else if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	for line := range lines {
		rest = append(rest, line)
	}
	if err := cmd.Wait(); err != nil && !windows {
		t.Errorf("after Ctrl-C the program ended with %v", err)
	}
	return rest
}
