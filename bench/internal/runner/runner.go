// Package runner has the clients take turns: for each workload, round after
// round, each client once, every run in a process of its own against a topic of
// its own. It asks the broker afterwards whether what the client counted is
// there.
package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// Participant is a client and the program that runs it.
type Participant struct {
	Client  driver.Client
	Command []string // the arguments of driver.Run are appended
}

// Config says what to run.
type Config struct {
	Workloads    []driver.Workload
	Participants []Participant
	Rounds       int
	Time         time.Duration // of sending, in a run
	Records      int64         // to send in a run; 0: as many as Time allows
	ConsumeFrom  int64         // records in the topic that is consumed
	Profiles     string        // folder for a CPU profile of each run; empty: none
	Kafka, Sink  *Target       // nil where no workload needs it
	Progress     io.Writer
}

// Result is everything that was measured, in the order of the runs.
type Result struct {
	Measures []driver.Measure
	Failures []Failure
}

// Failure is a run that came to nothing.
type Failure struct {
	Client, Workload string
	Err              string
}

// Run runs everything. A run that fails is noted, and the others go on; the
// error is about the harness itself, or ctx's.
func Run(ctx context.Context, cfg Config) (Result, error) {
	r := &run{Config: cfg, began: time.Now(), stamp: time.Now().Format("150405")}
	for _, w := range cfg.Workloads {
		for _, p := range cfg.Participants {
			if p.Client.Can(w) {
				r.total += cfg.Rounds
			}
		}
	}
	for _, w := range cfg.Workloads {
		if err := r.workload(ctx, w); err != nil {
			return r.result, fmt.Errorf("%s: %w", w.Name, err)
		}
	}
	return r.result, nil
}

type run struct {
	Config
	began       time.Time
	stamp       string // makes topic names new
	done, total int
	result      Result
}

// topic is one that exists for the length of several runs.
type topic struct {
	name string
	ends []int64 // if it is there to be consumed
}

func (r *run) workload(ctx context.Context, w driver.Workload) error {
	common, err := r.commonTopic(ctx, w)
	if err != nil {
		return err
	}
	if common.name != "" {
		defer func() { _ = r.target(w).Delete(ctx, common.name) }()
	}
	if err := r.warm(ctx, w, common); err != nil {
		return err
	}
	for round := range r.Rounds {
		for _, p := range r.Participants {
			if !p.Client.Can(w) {
				continue
			}
			m, err := r.turn(ctx, w, p, round, common)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r.note(w, p, round, m, err)
		}
	}
	return nil
}

func (r *run) target(w driver.Workload) *Target {
	if w.Sink {
		return r.Sink
	}
	return r.Kafka
}

// commonTopic makes the topic that all runs of a workload share, if they do.
func (r *run) commonTopic(ctx context.Context, w driver.Workload) (t topic, err error) {
	if w.Kind != driver.Consume && !w.OneTopic {
		return t, nil
	}
	t.name = fmt.Sprintf("bench-%s-%s", w.Name, r.stamp)
	if err := r.target(w).Create(ctx, t.name, w.Partitions); err != nil {
		return t, err
	}
	if w.Kind != driver.Consume {
		return t, nil
	}
	if err := r.fill(ctx, w, t.name, r.ConsumeFrom); err != nil {
		return t, err
	}
	t.ends, err = r.target(w).Ends(ctx, t.name, w.Partitions)
	return t, err
}

// The broker is warm when a run takes little longer than its sending.
const (
	warmEnough = 2 * time.Second
	warmMost   = 5
)

// warm makes runs of the first participant that do not count, until the broker is
// used to the workload: the first records of a thousand new partitions were seen
// to take half a minute, whichever client came first, the floor too, and a Java
// machine that has just been started is slow with anything.
func (r *run) warm(ctx context.Context, w driver.Workload, common topic) error {
	if w.Sink || w.Kind == driver.Consume {
		return nil
	}
	for n := range warmMost {
		began := time.Now()
		if _, err := r.turn(ctx, w, r.Participants[0], -1-n, common); err != nil {
			return fmt.Errorf("warm the broker: %w", err)
		}
		if time.Since(began) < r.Time+warmEnough {
			break
		}
	}
	return nil
}

// fill sends records to a topic with the first participant.
func (r *run) fill(ctx context.Context, w driver.Workload, topic string, records int64) error {
	if w.Kind == driver.Consume {
		w.Name, w.Kind = driver.Workloads[0].Name, driver.Produce // the child looks it up by the name
	}
	spec := driver.Run{
		Client: r.Participants[0].Client, Workload: w, Addr: r.target(w).Addr, Topic: topic,
		Time: time.Minute, Records: records,
	}
	if _, err := r.child(ctx, r.Participants[0], spec, ""); err != nil {
		return fmt.Errorf("fill the topic: %w", err)
	}
	return nil
}

// turn is one run of one client.
func (r *run) turn(ctx context.Context, w driver.Workload, p Participant, round int, common topic) (m driver.Measure, err error) {
	spec := driver.Run{
		Client: p.Client, Workload: w, Addr: r.target(w).Addr, Topic: common.name, Ends: common.ends,
		Time: r.Time, Records: r.Records,
	}
	profile := ""
	if r.Profiles != "" {
		profile = filepath.Join(r.Profiles, fmt.Sprintf("%s-%s-%d.prof", p.Client.Name, w.Name, round))
	}
	if w.Kind == driver.Consume {
		return r.child(ctx, p, spec, profile)
	}
	if common.name == "" {
		spec.Topic = fmt.Sprintf("bench-%s-%s-%s-%d", w.Name, p.Client.Name, r.stamp, round)
		if err := r.target(w).Create(ctx, spec.Topic, w.Partitions); err != nil {
			return m, err
		}
		defer func() { err = errors.Join(err, r.target(w).Delete(ctx, spec.Topic)) }()
	}
	return r.produce(ctx, p, spec, profile)
}

// produce is a run that sends. What the client counted is compared with what
// the broker has: everything that was acknowledged must be there.
func (r *run) produce(ctx context.Context, p Participant, spec driver.Run, profile string) (m driver.Measure, err error) {
	target := r.target(spec.Workload)
	before, err := target.Stock(ctx, spec.Topic, spec.Workload.Partitions)
	if err != nil {
		return m, err
	}
	if m, err = r.child(ctx, p, spec, profile); err != nil {
		return m, err
	}
	after, err := target.Stock(ctx, spec.Topic, spec.Workload.Partitions)
	if err != nil {
		return m, err
	}
	m.LogBytes = after.Bytes - before.Bytes
	m.Twice = after.Records - before.Records - m.Records
	if m.Twice < 0 {
		return m, fmt.Errorf("%d records were acknowledged, the broker has %d", m.Records, after.Records-before.Records)
	}
	return m, nil
}

// child runs the participant's program and reads what it measured.
func (r *run) child(ctx context.Context, p Participant, spec driver.Run, profile string) (m driver.Measure, err error) {
	args := append(append([]string{}, p.Command[1:]...), spec.Args(profile)...)
	cmd := exec.CommandContext(ctx, p.Command[0], args...)
	var out, failure bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &failure
	cmd.Env = append(os.Environ(), "GODEBUG=", "GOGC=", "GOMEMLIMIT=") // Go's own defaults
	if err := cmd.Run(); err != nil {
		lines := strings.Split(strings.TrimSpace(failure.String()), "\n")
		return m, fmt.Errorf("%w: %s", err, strings.Join(lines[max(0, len(lines)-3):], "; "))
	}
	if err := json.Unmarshal(out.Bytes(), &m); err != nil {
		return m, fmt.Errorf("what it measured cannot be read: %w", err)
	}
	if m.Failed > 0 {
		return m, fmt.Errorf("%d of %d records failed: %s", m.Failed, m.Failed+m.Records, m.Error)
	}
	return m, nil
}

func (r *run) note(w driver.Workload, p Participant, round int, m driver.Measure, err error) {
	r.done++
	m.Round = round
	fmt.Fprintf(r.Progress, "[%3d/%d %5s] %-8s %d/%d  %-11s", r.done, r.total,
		time.Since(r.began).Round(time.Second), w.Name, round+1, r.Rounds, p.Client.Name)
	switch {
	case err != nil:
		r.result.Failures = append(r.result.Failures, Failure{Client: p.Client.Name, Workload: w.Name, Err: err.Error()})
		fmt.Fprintf(r.Progress, "FAILED: %v\n", err)
		return
	case len(m.Latencies) > 1:
		fmt.Fprintf(r.Progress, "%8.0f us p50  %7.0f us p99  %6.3f CPU s/s\n", m.Latencies[0], m.Latencies[1], m.CPU/m.Seconds)
	default:
		fmt.Fprintf(r.Progress, "%8.3f CPU s/M  %6.3f M/s  %6.3f allocs  %4d MiB  %s\n",
			m.PerMillion(), m.Rate()/1e6, m.MallocsPerRecord(), m.PeakRSS>>20, perRecord(m))
	}
	r.result.Measures = append(r.result.Measures, m)
}

func perRecord(m driver.Measure) string {
	if m.LogBytes == 0 {
		return ""
	}
	text := fmt.Sprintf("%.1f B/record", float64(m.LogBytes)/float64(m.Records))
	if m.Twice > 0 {
		text += fmt.Sprintf(", %d STORED TWICE", m.Twice)
	}
	return text
}
