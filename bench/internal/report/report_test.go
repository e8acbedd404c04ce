package report

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/runner"
)

// measured is a run of a million records that took so many seconds, all of it CPU.
func measured(client string, round int, seconds float64) driver.Measure {
	return driver.Measure{
		Client: client, Workload: "12p", Round: round, Version: "v1.2.3", Setup: "as it comes",
		Records: 1_000_000, Seconds: seconds, CPU: seconds, Mallocs: 500_000, PeakRSS: 64 << 20, LogBytes: 118_000_000,
	}
}

// document has ours at half of the peer's cost in every round, while the
// machine becomes slower from round to round.
func document() Document {
	d := Document{
		Machine: Machine{CPU: "a CPU", Cores: 2, Memory: "4 GiB", System: "linux/amd64", Go: "go1.26", Load: "0.5"},
		When:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: time.Minute, Kafka: "4.4.0", Rounds: 3, Time: time.Second,
		Failures: []runner.Failure{{Client: "sarama", Workload: "12p", Err: "out of brokers"}},
	}
	for round, peer := range []float64{1, 2, 8} {
		d.Measures = append(d.Measures, measured("afkak", round, peer/2), measured("franz-go", round, peer))
	}
	return d
}

func TestRatioIsTheMedianOfTheRoundsRatios(t *testing.T) {
	line := tables(document().Measures)[0]
	us, _ := line.row("afkak")
	them, _ := line.row("franz-go")
	if got := us.ratio(them, driver.Measure.PerMillion); got.least != 0.5 || got.median != 0.5 || got.most != 0.5 {
		t.Errorf("CPU ratio %+v, want 0.5 in every round", got)
	}
	if us.cpu.median != 1 || us.cpu.least != 0.5 || us.cpu.most != 4 {
		t.Errorf("CPU %+v, want 1 (0.5 to 4)", us.cpu)
	}
	them.runs = them.runs[:1]
	if got := us.ratio(them, driver.Measure.Rate); got.median != 2 {
		t.Errorf("rate ratio over the one round in common: %+v, want 2", got)
	}
}

func TestMedianOfAnEvenNumberOfRoundsLiesBetweenTheTwo(t *testing.T) {
	if got := statOfAll([]float64{4, 1, 3, 2}); got.median != 2.5 || got.least != 1 || got.most != 4 {
		t.Errorf("got %+v, want 2.5 (1 to 4)", got)
	}
}

func TestDocumentNamesMachineVersionsRatiosAndFailures(t *testing.T) {
	d := document()
	d.Measures[1].Twice = 7
	text := d.markdown()
	for _, want := range []string{
		"a CPU, 2 cores", "Apache Kafka 4.4.0", "go1.26", "| franz-go | v1.2.3 | as it comes |",
		"| 100 B, 12 partitions | 1.00; 1.00 M/s | franz-go 2.00 | **0.50 ×** | franz-go 0.50 M/s | **2.00 ×** | – |",
		"sarama, 12p: `out of brokers`", "franz-go, 12p: 7 of 1000000",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
}

func TestPlotIsWellFormedAndHasADotForEachClient(t *testing.T) {
	svg := plot(tables(document().Measures))
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		_, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, svg)
		}
	}
	for _, want := range []string{"<title>afkak: 1.00</title>", "<title>franz-go: 2.00</title>"} {
		if !strings.Contains(svg, want) {
			t.Errorf("the plot lacks %q", want)
		}
	}
	if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
		t.Errorf("the plot has places that are none:\n%s", svg)
	}
}
