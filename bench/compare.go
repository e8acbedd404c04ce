package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/bench/internal/clients"
	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/report"
	"github.com/afkak-go/afkak/bench/internal/runner"
	"github.com/afkak-go/afkak/realkafka"
)

type options struct {
	rounds    int
	time      time.Duration
	records   int64
	consume   int64
	workloads string
	clients   string
	kafka     string
	addr      string
	out       string
	note      string
	profiles  string
	save      string
	from      string
}

func parse(args []string) (options, error) {
	var o options
	var names []string
	for _, w := range driver.Workloads {
		names = append(names, w.Name)
	}
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 5, "`times` that each client takes its turn")
	flags.DurationVar(&o.time, "time", time.Second, "how `long` each run sends")
	flags.Int64Var(&o.records, "records", 0, "how many `records` each run sends, in -time at most; 0: as many as -time allows")
	flags.Int64Var(&o.consume, "consume", 2_000_000, "how many `records` the consuming workload reads")
	flags.StringVar(&o.workloads, "workloads", strings.Join(names, ","), "the workloads' `names`")
	flags.StringVar(&o.clients, "clients", strings.Join(clientNames(), ","), "the clients' `names`")
	flags.StringVar(&o.kafka, "kafka", realkafka.Newest, "the `release` of the Kafka to start")
	flags.StringVar(&o.addr, "addr", "", "use the broker at this `host:port` and start none")
	flags.StringVar(&o.out, "out", "docs", "the `folder` for benchmarks.md and benchmarks.svg; empty: write none")
	flags.StringVar(&o.note, "note", "", "a `sentence` for the document about the conditions")
	flags.StringVar(&o.profiles, "profiles", "", "a `folder` for a profile of the CPU, and one of the allocations, of every run")
	flags.StringVar(&o.save, "save", "", "write what was measured to this `file`, as JSON")
	flags.StringVar(&o.from, "from", "", "measure nothing: write the document from a `file` of -save")
	err := flags.Parse(args)
	if err == nil && flags.NArg() > 0 {
		err = fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if err == nil && o.rounds < 1 {
		err = fmt.Errorf("-rounds %d: must be at least 1", o.rounds)
	}
	return o, err
}

func clientNames() (names []string) {
	for _, c := range clients.All() {
		names = append(names, c.Name)
	}
	return slices.Insert(names, len(names)-1, librdkafka)
}

// compare measures, and writes the document.
func compare(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	if o.from != "" {
		return rewrite(o)
	}
	doc, err := measure(ctx, o)
	if err != nil {
		return err
	}
	if o.save != "" {
		if err := save(o.save, doc); err != nil {
			return err
		}
	}
	return write(o, doc)
}

func write(o options, doc report.Document) error {
	if o.out == "" {
		return nil
	}
	return doc.Write(o.out)
}

func save(path string, doc report.Document) error {
	out, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, out, 0o644)
}

func rewrite(o options) error {
	in, err := os.ReadFile(o.from)
	if err != nil {
		return err
	}
	var doc report.Document
	if err := json.Unmarshal(in, &doc); err != nil {
		return fmt.Errorf("%s: %w", o.from, err)
	}
	if o.note != "" {
		doc.Note = o.note
	}
	return write(o, doc)
}

// measure starts what is needed, runs everything, and ends it again.
func measure(ctx context.Context, o options) (doc report.Document, err error) {
	cfg := runner.Config{
		Rounds: o.rounds, Time: o.time, Records: o.records, ConsumeFrom: o.consume,
		Profiles: o.profiles, Progress: os.Stderr,
	}
	if cfg.Workloads, err = choose(o.workloads); err != nil {
		return doc, err
	}
	dir, err := os.MkdirTemp("", "afkak-bench-")
	if err != nil {
		return doc, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if cfg.Participants, err = participants(ctx, o.clients, dir); err != nil {
		return doc, err
	}
	ends, err := startTargets(ctx, o, &cfg)
	defer ends.close()
	if err != nil {
		return doc, err
	}
	doc = report.Document{
		Machine: report.ThisMachine(), When: time.Now(), Kafka: o.kafka, Rounds: o.rounds, Time: o.time, Note: o.note,
	}
	if o.addr != "" {
		doc.Kafka = "" // whatever it is
	}
	result, err := runner.Run(ctx, cfg)
	doc.Measures, doc.Failures, doc.Took = result.Measures, result.Failures, time.Since(doc.When)
	return doc, err
}

func choose(names string) (chosen []driver.Workload, err error) {
	for name := range strings.SplitSeq(names, ",") {
		w, err := driver.FindWorkload(name)
		if err != nil {
			return nil, err
		}
		chosen = append(chosen, w)
	}
	return chosen, nil
}

// participants finds the clients' programs: this one, and librdkafka's, which
// is built.
func participants(ctx context.Context, names, dir string) (found []runner.Participant, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	known := make(map[string]driver.Client)
	for _, c := range clients.All() {
		known[c.Name] = c
	}
	for name := range strings.SplitSeq(names, ",") {
		if name == librdkafka {
			program, err := buildLibrdkafka(ctx, dir)
			if err != nil {
				fmt.Fprintf(os.Stderr, "%s is left out: %v\n", name, err)
				continue
			}
			found = append(found, runner.Participant{Client: librdkafkaClient(), Command: []string{program}})
			continue
		}
		c, ok := known[name]
		if !ok {
			return nil, fmt.Errorf("no client is called %q", name)
		}
		found = append(found, runner.Participant{Client: c, Command: []string{self, "run"}})
	}
	if len(found) == 0 {
		return nil, errors.New("no client is left")
	}
	return found, nil
}

// endings are what has to be ended, the last first.
type endings []func() error

func (e *endings) add(end func() error) { *e = append(*e, end) }

func (e *endings) close() {
	for _, end := range slices.Backward(*e) {
		if err := end(); err != nil {
			fmt.Fprintln(os.Stderr, "at the end:", err)
		}
	}
}

// startTargets starts the brokers that the workloads need.
func startTargets(ctx context.Context, o options, cfg *runner.Config) (ends *endings, err error) {
	ends = new(endings)
	if slices.ContainsFunc(cfg.Workloads, func(w driver.Workload) bool { return w.Sink }) {
		addr, err := startSink(ctx, ends)
		if err != nil {
			return ends, fmt.Errorf("start the sink: %w", err)
		}
		if cfg.Sink, err = target(addr, ends); err != nil {
			return ends, err
		}
	}
	if slices.ContainsFunc(cfg.Workloads, func(w driver.Workload) bool { return !w.Sink }) {
		addr := o.addr
		if addr == "" {
			if addr, err = startKafka(ctx, o.kafka, ends); err != nil {
				return ends, err
			}
		}
		if cfg.Kafka, err = target(addr, ends); err != nil {
			return ends, err
		}
	}
	return ends, nil
}

func target(addr string, ends *endings) (*runner.Target, error) {
	t, err := runner.NewTarget(addr)
	if err == nil {
		ends.add(t.Close)
	}
	return t, err
}

// startSink starts this program's sink; it ends when its standard input does.
func startSink(ctx context.Context, ends *endings) (addr string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	cmd := exec.CommandContext(ctx, self, "sink")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return "", err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	ends.add(func() error { return errors.Join(stdin.Close(), cmd.Wait()) })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	return strings.TrimSpace(line), err
}

func startKafka(ctx context.Context, version string, ends *endings) (addr string, err error) {
	if err := realkafka.Available(version); err != nil {
		return "", fmt.Errorf("%w; -addr names a broker that runs already, and -workloads sink needs none", err)
	}
	fmt.Fprintf(os.Stderr, "starting Kafka %s\n", version)
	cluster, err := realkafka.Start(ctx, realkafka.Config{
		Version: version,
		Log:     os.Stderr,
		// The topics of earlier runs are gone from disk before the next has written its own.
		Properties: map[string]string{"log.segment.delete.delay.ms": "100"},
	})
	if err != nil {
		return "", err
	}
	ends.add(cluster.Close)
	return cluster.Addrs()[0], nil
}

// librdkafka is the name of confluent-kafka-go's client.
const librdkafka = "librdkafka"

// librdkafkaClient is what this program knows of it.
func librdkafkaClient() driver.Client {
	return driver.Client{Name: librdkafka, Consume: func(context.Context, driver.ConsumerConfig) (driver.Tally, error) {
		return driver.Tally{}, errors.New("it runs in a program of its own")
	}}
}

// buildLibrdkafka builds the program of bench/librdkafka, a module that is not
// in the workspace: only whoever measures fetches it.
func buildLibrdkafka(ctx context.Context, dir string) (program string, err error) {
	source, err := librdkafkaSource()
	if err != nil {
		return "", err
	}
	program = filepath.Join(dir, librdkafka)
	fmt.Fprintln(os.Stderr, "building librdkafka's client: the first time, 161 MB are fetched")
	cmd := exec.CommandContext(ctx, "go", "build", "-tags", "librdkafka", "-o", program, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=1")
	cmd.Stdout = io.Discard
	var failure strings.Builder
	cmd.Stderr = &failure
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%w: %s", err, strings.TrimSpace(failure.String()))
	}
	return program, nil
}

func librdkafkaSource() (string, error) {
	for _, dir := range []string{"bench/librdkafka", "librdkafka"} {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
	}
	return "", errors.New("its source is not here: run this from the repository's root")
}
