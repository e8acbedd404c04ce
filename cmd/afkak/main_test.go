package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak/broker"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// result is what a run of the command left behind.
type result struct {
	code     int
	out, err string
}

// runAfkak runs the command with what stdin holds, as from a pipe.
func runAfkak(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, errs bytes.Buffer
	code := run(ctx, &terminal{in: strings.NewReader(stdin), out: &out, err: &errs}, args)
	return result{code, out.String(), errs.String()}
}

// expect fails the test unless the run ended well with exactly this output.
func (r result) expect(t *testing.T, out string) {
	t.Helper()
	if r.code != exitOK || r.out != out {
		t.Fatalf("exit code %d, stdout %q, stderr %q; want 0, %q", r.code, r.out, r.err, out)
	}
}

// expectFailure fails the test unless the run ended with the code and one line
// on stderr that has all the words.
func (r result) expectFailure(t *testing.T, code int, words ...string) {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d; stdout %q, stderr %q", r.code, code, r.out, r.err)
	}
	for _, word := range words {
		if !strings.Contains(r.err, word) {
			t.Errorf("stderr %q does not say %q", r.err, word)
		}
	}
	if strings.Contains(r.err, "goroutine ") || strings.Contains(r.err, "panic") {
		t.Errorf("stderr shows a stack: %s", r.err)
	}
}

func startBroker(t *testing.T, topics ...broker.Topic) string {
	t.Helper()
	b, err := broker.Start(broker.Config{Topics: topics, AutoCreateTopics: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return b.Addr()
}

// nobody is an address on which nobody listens.
func nobody(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func TestProducedLinesComeBack(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			addr := startBroker(t)
			runAfkak(t, "one\ntwo\r\n\nthree", "produce", "-b", addr, "-t", "lines", "-z", codec).expect(t, "")
			runAfkak(t, "", "consume", "-b", addr, "-t", "lines", "-e").expect(t, "one\ntwo\n\nthree\n")
		})
	}
}

func TestFilesAreReadInOrder(t *testing.T) {
	addr := startBroker(t)
	dir := t.TempDir()
	for i, text := range []string{"a\nb\n", "c\n"} {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	runAfkak(t, "middle\n", "produce", "-b", addr, "-t", "files", filepath.Join(dir, "0"), "-", filepath.Join(dir, "1")).expect(t, "")
	runAfkak(t, "", "consume", "-b", addr, "-t", "files", "-e").expect(t, "a\nb\nmiddle\nc\n")
}

func TestRecordsArePrintedAsTheFormatSays(t *testing.T) {
	addr := startBroker(t, broker.Topic{Name: "orders", Partitions: 2})
	runAfkak(t, "k1:v1\nplain\n", "produce", "-b", addr, "-t", "orders", "-p", "1", "-K:", "-H", "from=test", "-H", "empty=", "--acks", "leader").expect(t, "")
	runAfkak(t, "", "consume", "-b", addr, "-t", "orders", "-e", "-f", `%t/%p@%o %k=%s (%K,%S) [%h] 100%%\x21\n`).expect(t,
		"orders/1@0 k1=v1 (2,2) [from=test,empty=] 100%!\norders/1@1 NULL=plain (-1,5) [from=test,empty=] 100%!\n")
	runAfkak(t, "", "consume", "-b", addr, "-t", "orders", "-e", "-K", `\t`, "-c", "1").expect(t, "k1\tv1\n")
}

func TestJSONLinesHoldEverything(t *testing.T) {
	addr := startBroker(t)
	before := time.Now().Add(-time.Second).UnixMilli()
	runAfkak(t, "k <&>:\xff\n", "produce", "-b", addr, "-t", "orders", "-K:", "-H", "n=v").expect(t, "")
	r := runAfkak(t, "", "consume", "-b", addr, "-t", "orders", "-e", "-J")
	var rec jsonRecord
	if err := json.Unmarshal([]byte(r.out), &rec); err != nil {
		t.Fatalf("%v: %q (stderr %q)", err, r.out, r.err)
	}
	if rec.Topic != "orders" || rec.Partition != 0 || rec.Offset != 0 || rec.Timestamp < before ||
		rec.Key == nil || *rec.Key != "k <&>" || rec.Payload != nil || rec.PayloadBase64 != "/w==" ||
		len(rec.Headers) != 1 || rec.Headers[0].Name != "n" || *rec.Headers[0].Value != "v" {
		t.Errorf("got %s", r.out)
	}
	if !strings.Contains(r.out, `"k <&>"`) {
		t.Errorf("HTML escapes in %s", r.out)
	}
}

func TestConsumeStartsWhereItIsTold(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "0\n1\n2\n3\n4\n", "produce", "-b", addr, "-t", "digits").expect(t, "")
	for _, tc := range []struct{ offset, want string }{
		{"beginning", "0\n1\n2\n3\n4\n"},
		{"end", ""},
		{"3", "3\n4\n"},
		{"-2", "3\n4\n"},
		{"-100", "0\n1\n2\n3\n4\n"},
		{"@0", "0\n1\n2\n3\n4\n"},
		{"@2018-02-01T00:00:00Z", "0\n1\n2\n3\n4\n"},
		{"@" + fmt.Sprint(time.Now().Add(time.Hour).UnixMilli()), ""},
	} {
		t.Run(tc.offset, func(t *testing.T) {
			runAfkak(t, "", "consume", "-b", addr, "-t", "digits", "-e", "-o", tc.offset).expect(t, tc.want)
		})
	}
}

func TestConsumeStopsAtTheCount(t *testing.T) {
	addr := startBroker(t, broker.Topic{Name: "t", Partitions: 3})
	runAfkak(t, strings.Repeat("x\n", 100), "produce", "-b", addr, "-t", "t").expect(t, "")
	runAfkak(t, "", "consume", "-b", addr, "-t", "t", "-c", "7").expect(t, strings.Repeat("x\n", 7))
}

func TestProduceSaysHowTheRecordsWent(t *testing.T) {
	addr := startBroker(t, broker.Topic{Name: "t", Partitions: 1})
	lines := strings.Repeat(strings.Repeat("x", 100)+"\n", 100)
	r := runAfkak(t, lines, "produce", "-b", addr, "-t", "t", "-z", "gzip", "--stats")
	r.expect(t, "")
	for _, want := range []string{"stored   100 records in ", "compression ", "trouble  0 failed, 0 sent again, 0 batches split, throttled for 0s", "(" + addr + "): ", "slowest "} {
		if !strings.Contains(r.err, want) {
			t.Errorf("stderr does not say %q:\n%s", want, r.err)
		}
	}
	if r := runAfkak(t, "a\n", "produce", "-b", addr, "-t", "t"); r.err != "" {
		t.Errorf("stderr without --stats: %q", r.err)
	}
}

func TestNullAndEmptyValuesDiffer(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "k:\n", "produce", "-b", addr, "-t", "t", "-K:", "-Z").expect(t, "")
	runAfkak(t, "k:\n", "produce", "-b", addr, "-t", "t", "-K:").expect(t, "")
	runAfkak(t, "", "consume", "-b", addr, "-t", "t", "-e", "-f", `%S\n`).expect(t, "-1\n0\n")
}

func TestTopicsAreCreatedListedDescribedAndDeleted(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "", "topics", "-b", addr, "create", "orders", "-p", "2", "-r", "1").expect(t, "created orders with 2 partitions\n")
	runAfkak(t, "", "topics", "-b", addr, "create", "orders").expectFailure(t, exitFailed, "orders exists already")
	runAfkak(t, "a\nb\n", "produce", "-b", addr, "-t", "orders", "-p", "1").expect(t, "")
	if r := runAfkak(t, "", "topics", "-b", addr, "list"); !strings.Contains(r.out, "orders") || r.code != 0 {
		t.Errorf("list: %+v", r)
	}
	r := runAfkak(t, "", "topics", "-b", addr, "describe", "orders", "-J")
	lines := strings.Split(strings.TrimSpace(r.out), "\n")
	if len(lines) != 2 || !strings.Contains(lines[1], `"latest":2`) {
		t.Errorf("describe: %+v", r)
	}
	runAfkak(t, "", "topics", "-b", addr, "delete", "orders").expect(t, "deleted orders\n")
	runAfkak(t, "", "topics", "-b", addr, "delete", "orders").expectFailure(t, exitFailed, "orders")
	runAfkak(t, "", "topics", "-b", addr, "describe", "orders").expectFailure(t, exitFailed, "orders")
}

func TestVersionsNamesTheBroker(t *testing.T) {
	addr := startBroker(t)
	r := runAfkak(t, "", "versions", "-b", addr)
	for _, word := range []string{addr, "Produce", "Fetch"} {
		if !strings.Contains(r.out, word) {
			t.Errorf("%q not in %q (stderr %q)", word, r.out, r.err)
		}
	}
}

func TestWrongCommandLinesSayWhatIsWrong(t *testing.T) {
	for _, tc := range []struct {
		words string
		args  []string
	}{
		{"unknown flag", []string{"produce", "--bogus"}},
		{"--brokers", []string{"produce", "-t", "x"}},
		{"-o", []string{"consume", "-b", "x", "-t", "x", "-o", "yesterday"}},
		{"%q", []string{"consume", "-b", "x", "-t", "x", "-f", "%q"}},
		{"lone", []string{"consume", "-b", "x", "-t", "x", "-f", "%"}},
		{"-J", []string{"consume", "-b", "x", "-t", "x", "-J", "-f", "%s"}},
		{"NAME=VALUE", []string{"produce", "-b", "x", "-t", "x", "-H", "nothing"}},
		{"orders:3", []string{"serve", "--topic", "a:zero"}},
		{"zstd", []string{"produce", "-b", "x", "-t", "x", "-z", "brotli"}},
		{"at least 1", []string{"demo", "--repeat", "0"}},
		{"port", []string{"produce", "-b", "host:port:what", "-t", "x"}},
	} {
		t.Run(strings.Join(tc.args, " "), func(t *testing.T) {
			runAfkak(t, "", tc.args...).expectFailure(t, exitUsage, tc.words)
		})
	}
}

func TestAnUnreachableBrokerIsNamed(t *testing.T) {
	addr := nobody(t)
	for _, args := range [][]string{
		{"produce", "-t", "x"}, {"consume", "-t", "x"}, {"topics", "list"}, {"versions"}, {"demo"},
	} {
		t.Run(args[0], func(t *testing.T) {
			t.Parallel()
			args = append(args[:1:1], append([]string{"-b", addr, "--timeout", "2s"}, args[1:]...)...)
			runAfkak(t, "hello\n", args...).expectFailure(t, exitUnreachable, addr, "refused")
		})
	}
}

func TestAnUnknownTopicIsNamed(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "", "consume", "-b", addr, "-t", "missing", "-e").expectFailure(t, exitFailed, "missing")
}

func TestAMissingFileIsNamed(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "", "produce", "-b", addr, "-t", "t", "/does/not/exist").expectFailure(t, exitFailed, "/does/not/exist")
}

func TestARecordTooLargeFailsAloneWithItsLine(t *testing.T) {
	addr := startBroker(t)
	input := "before\n" + strings.Repeat("x", 3<<20) + "\nafter\n"
	runAfkak(t, input, "produce", "-b", addr, "-t", "t").expectFailure(t, exitFailed, "line 2", "1 record of 3 not stored")
	runAfkak(t, "", "consume", "-b", addr, "-t", "t", "-e").expect(t, "before\nafter\n")
}

// brokenPipe is a standard output whose reader has gone.
type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
}

func TestAClosedPipeIsNoFailure(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "a\nb\n", "produce", "-b", addr, "-t", "t").expect(t, "")
	var errs bytes.Buffer
	code := run(t.Context(), &terminal{out: brokenPipe{}, err: &errs}, []string{"consume", "-b", addr, "-t", "t"})
	if code != exitOK || errs.Len() > 0 {
		t.Errorf("exit code %d, stderr %q; want 0 and nothing", code, errs.String())
	}
}

func TestConsumeEndsAtCtrlC(t *testing.T) {
	addr := startBroker(t, broker.Topic{Name: "t", Partitions: 1})
	runAfkak(t, "a\n", "produce", "-b", addr, "-t", "t").expect(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	out := &signalWriter{seen: make(chan struct{})}
	var errs bytes.Buffer
	code := make(chan int)
	go func() { code <- run(ctx, &terminal{out: out, err: &errs}, []string{"consume", "-b", addr, "-t", "t"}) }()
	<-out.seen
	cancel()
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d, want %d (stderr %q)", got, exitInterrupted, errs.String())
	}
}

func TestProduceStoresWhatItHasReadBeforeCtrlC(t *testing.T) {
	addr := startBroker(t, broker.Topic{Name: "t", Partitions: 1})
	stdin, typed := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, &terminal{in: stdin, out: &out, err: &errs}, []string{"produce", "-b", addr, "-t", "t"})
	}()
	io.WriteString(typed, "typed\n")
	runAfkak(t, "", "consume", "-b", addr, "-t", "t", "-c", "1").expect(t, "typed\n")
	cancel()
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d, want %d (stderr %q)", got, exitInterrupted, errs.String())
	}
	typed.Close()
}

func TestServeListensUntilCtrlC(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := &signalWriter{seen: make(chan struct{})}
	var errs bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, &terminal{out: out, err: &errs}, []string{"serve", "--listen", "127.0.0.1:0", "--topic", "orders:2"})
	}()
	<-out.seen
	addr := strings.TrimSpace(strings.TrimPrefix(out.String(), "listening on "))
	if r := runAfkak(t, "", "topics", "-b", addr, "describe", "orders", "-J"); strings.Count(r.out, "\n") != 2 {
		t.Errorf("describe: %+v", r)
	}
	cancel()
	if got := <-code; got != exitOK {
		t.Errorf("exit code %d, want 0 (stderr %q)", got, errs.String())
	}
}

func TestServeRefusesAPortInUseAndAnAddressForAll(t *testing.T) {
	addr := startBroker(t)
	runAfkak(t, "", "serve", "--listen", addr).expectFailure(t, exitFailed, addr)
	runAfkak(t, "", "serve", "--listen", "0.0.0.0:0").expectFailure(t, exitFailed, "loopback")
}

// signalWriter tells when something has been written.
type signalWriter struct {
	seen chan struct{}
	once sync.Once
	mu   sync.Mutex
	buf  bytes.Buffer
}

func (w *signalWriter) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.buf.Write(b)
	w.once.Do(func() { close(w.seen) })
	return n, err
}

func (w *signalWriter) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

func TestDemoEndsWellWithEveryCodec(t *testing.T) {
	for _, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(codec, func(t *testing.T) {
			r := runAfkak(t, "", "demo", "--repeat", "2", "-z", codec)
			if r.code != exitOK || !strings.Contains(r.out, "every record came back once and in order per key") || !strings.Contains(r.out, "3,414") {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestDemoTakesInputAndKeysOfOnesOwn(t *testing.T) {
	for _, tc := range []struct {
		name, stdin, want string
		args              []string
	}{
		{"no keys", "a\nb\na\n", "every record came back once\n", nil},
		{"separator", "k1 a\nk2 b\nk1 c\n", "with 2 keys", []string{"-K", " "}},
		{"field", `{"id": 7}` + "\n" + `{"id": 8}` + "\n", "with 2 keys", []string{"--key-field", "id"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := runAfkak(t, tc.stdin, append([]string{"demo", "--input", "-"}, tc.args...)...)
			if r.code != exitOK || !strings.Contains(r.out, tc.want) {
				t.Errorf("%+v", r)
			}
		})
	}
	runAfkak(t, "not json\n", "demo", "--input", "-", "--key-field", "id").expectFailure(t, exitFailed, "line 1", "--key-separator")
	runAfkak(t, "", "demo", "--input", "-").expectFailure(t, exitFailed, "no lines")
}

func TestDemoFailsWhenTheBooksDoNotClose(t *testing.T) {
	d := &demo{input: &demoInput{repeat: 1, lines: make([]demoLine, 2), bytes: 2}, topic: &demoTopic{}, books: newLedger(),
		acknowledged: newLatencies(), processed: newLatencies(), elapsed: time.Second}
	d.books.sent([]byte("k"), []byte("1"), time.Now())
	d.books.sent([]byte("k"), []byte("2"), time.Now())
	d.books.back([]byte("k"), []byte("2"), "t/0@0")
	d.books.back([]byte("k"), []byte("2"), "t/0@1")
	var out bytes.Buffer
	err := d.summary(&out, "none", nil)
	if err == nil || !strings.Contains(err.Error(), "1 are missing, 1 came back more than once, 1 out of order") {
		t.Errorf("got %v", err)
	}
	if exitCode(t.Context(), err) != exitFailed {
		t.Errorf("exit code %d", exitCode(t.Context(), err))
	}
	if errors.Is(err, context.Canceled) {
		t.Error("taken for an interruption")
	}
}

func TestDemoEndsAtCtrlC(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	errs := &signalWriter{seen: make(chan struct{})}
	var out bytes.Buffer
	code := make(chan int)
	go func() { code <- run(ctx, &terminal{out: &out, err: errs}, []string{"demo", "--repeat", "100000"}) }()
	<-errs.seen
	cancel()
	if got := <-code; got != exitInterrupted {
		t.Errorf("exit code %d, want %d (stderr %q)", got, exitInterrupted, errs.String())
	}
}
