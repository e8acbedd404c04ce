// Package report turns what was measured into docs/benchmarks.md and its plot.
package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/runner"
)

// Document is everything that the document says.
type Document struct {
	Machine  Machine
	When     time.Time
	Took     time.Duration
	Kafka    string // its release; empty: a broker that was there already
	Rounds   int
	Time     time.Duration // of sending, in each run
	Note     string        // about the conditions
	Measures []driver.Measure
	Failures []runner.Failure
}

// Write writes benchmarks.md and benchmarks.svg into a folder.
func (d Document) Write(dir string) error {
	return errors.Join(
		os.WriteFile(filepath.Join(dir, "benchmarks.md"), []byte(d.markdown()), 0o644),
		os.WriteFile(filepath.Join(dir, "benchmarks.svg"), []byte(plot(tables(d.Measures))), 0o644),
	)
}

func (d Document) markdown() string {
	var b strings.Builder
	all := tables(d.Measures)
	d.head(&b)
	summary(&b, all)
	b.WriteString("![Client CPU-seconds per million records, by workload and client](benchmarks.svg)\n\n")
	d.how(&b)
	d.clients(&b)
	for _, t := range all {
		t.markdown(&b)
	}
	d.twice(&b)
	d.failures(&b)
	return b.String()
}

func (d Document) head(b *strings.Builder) {
	b.WriteString("# Benchmarks\n\nThis library beside the other Kafka clients for Go. Written by `go run ./bench`, which measures it again on your machine: do that before you believe it.\n\n")
	m := d.Machine
	broker := "Apache Kafka " + d.Kafka
	if d.Kafka == "" {
		broker = "a broker that was running already"
	}
	fmt.Fprintf(b, "%s: %d rounds in %.0f minutes, on %s, %d cores, %s memory, %s, %s; %s, one broker on the same machine. Load average at the beginning: %s.",
		d.When.UTC().Format("2 January 2006"), d.Rounds, d.Took.Minutes(), m.CPU, m.Cores, m.Memory, m.System, m.Go, broker, m.Load)
	if d.Note != "" {
		fmt.Fprintf(b, " %s", d.Note)
	}
	b.WriteString("\n\n")
}

// summary is ours against the best peer of each workload.
func summary(b *strings.Builder, all []table) {
	b.WriteString("Client CPU-seconds per million records, and millions of records per second; medians. The ratios are those of `afkak` to the best peer in that figure, round by round.\n\n")
	b.WriteString("| workload | afkak | best peer's CPU | ratio | best peer's rate | ratio | floor |\n|---|---|---|---|---|---|---|\n")
	for _, t := range all {
		us, ok := t.row("afkak")
		cheapest, found := t.best(true, cpuOf)
		if !ok || !found || t.workload.Kind == driver.Paced {
			continue
		}
		fastest, _ := t.best(false, rateOf)
		floor := "–"
		if f, ok := t.row("floor"); ok {
			floor = fmt.Sprintf("%s; %s M/s", number(f.cpu.median), number(f.rate.median/1e6))
		}
		fmt.Fprintf(b, "| %s | %s; %s M/s | %s %s | %s | %s %s M/s | %s | %s |\n", t.workload.Title,
			number(us.cpu.median), number(us.rate.median/1e6),
			cheapest.client, number(cheapest.cpu.median), us.ratio(cheapest, driver.Measure.PerMillion).times(),
			fastest.client, number(fastest.rate.median/1e6), us.ratio(fastest, driver.Measure.Rate).times(), floor)
	}
	b.WriteString("\n")
}

func (d Document) how(b *strings.Builder) {
	b.WriteString("## How it was measured\n\n")
	fmt.Fprintf(b, `- Every run is a process of its own, which sends for %s to a topic of its own, then waits for the results. The clients take turns, A B C A B C …; a figure is the median
  of its rounds, with the lowest and the highest behind it. Before each workload on Kafka come runs that do not count, until the broker is used to it. Ratios hold from one machine and hour to another, absolute figures do not, so a ratio is the
  median of the rounds' ratios.
- CPU is what getrusage says of the client's process, user and kernel mode, connecting and closing included. A record counts when its own acknowledgement has come, and afterwards
  the broker is asked whether it has as many.
- All send the same records: keys of 8 bytes, values of 100 bytes or 1 KiB of JSON-like text, hashed by key to the partitions. Where there is such a setting: batches up to 1 MB,
  64 MiB of buffer, linger 5 ms, each library's own compression level. Acks all throughout, replication 1.
- "allocs" are Go's allocations per record. Peak memory is the largest resident set; 16 MiB of it are the records to send. "log" is what a record took on the broker's disk.
- The sink is a process that reads a produce request, answers, and forgets it: there the client is the limit. The floor is no client: batches encoded before the clock starts.

`, d.Time)
}

// clients lists their versions and settings.
func (d Document) clients(b *strings.Builder) {
	b.WriteString("| client | version | set up |\n|---|---|---|\n")
	var seen []string
	for _, m := range d.Measures {
		if slices.Contains(seen, m.Client) {
			continue
		}
		seen = append(seen, m.Client)
		version := m.Version
		switch {
		case ours(m.Client):
			version = "this tree"
		case version == "":
			version = "–"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", m.Client, version, m.Setup)
	}
	b.WriteString("\n")
}

// twice lists the runs that stored records twice.
func (d Document) twice(b *strings.Builder) {
	var lines []string
	for _, m := range d.Measures {
		if m.Twice > 0 {
			lines = append(lines, fmt.Sprintf("- %s, %s: %d of %d\n", m.Client, m.Workload, m.Twice, m.Records))
		}
	}
	if len(lines) > 0 {
		b.WriteString("## Records stored twice\n\nAcknowledged once, found twice: a request was sent again after its answer had been late. An idempotent producer does not do that.\n\n")
		b.WriteString(strings.Join(lines, "") + "\n")
	}
}

func (d Document) failures(b *strings.Builder) {
	if len(d.Failures) == 0 {
		return
	}
	b.WriteString("## Runs that failed\n\nThey are in no figure above.\n\n")
	for _, f := range d.Failures {
		fmt.Fprintf(b, "- %s, %s: `%s`\n", f.Client, f.Workload, strings.ReplaceAll(f.Err, "`", "'"))
	}
}
