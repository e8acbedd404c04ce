package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// markdown writes a workload's section.
func (t table) markdown(b *strings.Builder) {
	fmt.Fprintf(b, "## %s\n\n", t.workload.Title)
	if t.workload.Kind == driver.Paced {
		t.paced(b)
		return
	}
	cheapest, _ := t.best(true, cpuOf)
	fastest, ok := t.best(false, rateOf)
	b.WriteString("| client | CPU s per million | to best peer | million/s | to best peer | allocs | peak memory | log |\n|---|---|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		cpuRatio, rateRatio, log := "–", "–", "–"
		if ok {
			cpuRatio, rateRatio = number(r.ratio(cheapest, driver.Measure.PerMillion).median)+" ×", number(r.ratio(fastest, driver.Measure.Rate).median)+" ×"
		}
		if r.log.median > 0 {
			log = fmt.Sprintf("%.0f B", r.log.median)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %.0f MiB | %s |\n", r.client, r.cpu, cpuRatio,
			r.rate.scaled(1e-6), rateRatio, number(r.mallocs.median), r.rss.median/(1<<20), log)
	}
	b.WriteString("\n")
}

func (t table) paced(b *strings.Builder) {
	b.WriteString("From Send to the acknowledgement, in microseconds, each record on its way at once; the floor is the raw request.\n\n")
	b.WriteString("| client | p50 | p99 | p99.9 | CPU ms per second | peak memory |\n|---|---|---|---|---|---|\n")
	for _, r := range t.rows {
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %.0f MiB |\n", r.client,
			r.latency[0], r.latency[1], r.latency[2], r.cpu, r.rss.median/(1<<20))
	}
	b.WriteString("\n")
}

// String is the median with the spread.
func (s stat) String() string {
	if s.least == s.most {
		return number(s.median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.median), number(s.least), number(s.most))
}

// times is a ratio with its spread, the median in bold.
func (s stat) times() string {
	if s.least == s.most {
		return fmt.Sprintf("**%s ×**", number(s.median))
	}
	return fmt.Sprintf("**%s ×** (%s–%s)", number(s.median), number(s.least), number(s.most))
}

func (s stat) scaled(by float64) stat {
	return stat{median: s.median * by, least: s.least * by, most: s.most * by}
}

// number shows a figure with about three digits that mean something.
func number(v float64) string {
	switch a := math.Abs(v); {
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	case a >= 0.1 || a == 0:
		return fmt.Sprintf("%.2f", v)
	case a >= 0.01:
		return fmt.Sprintf("%.3f", v)
	}
	return fmt.Sprintf("%.4f", v)
}
