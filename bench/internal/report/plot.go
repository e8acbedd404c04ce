package report

import (
	"fmt"
	"html"
	"math"
	"strings"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// The plot's measures, in its own units.
const (
	plotWidth   = 760
	plotLeft    = 240
	plotRight   = 740
	plotTop     = 64
	plotRow     = 26
	plotBottom  = 34
	plotSpacing = 92 // of the legend's entries
)

// style holds the plot's colours, for a light and for a dark page.
const style = `<style>
text{font:12px system-ui,sans-serif;fill:#333}
.title{font-weight:600;font-size:13px}.tick{fill:#777;font-size:11px}
line{stroke:#ddd}.c0{fill:#d6336c;stroke:#d6336c}.c1{fill:#f59f9f;stroke:#f59f9f}.c2{fill:#1c7ed6;stroke:#1c7ed6}
.c3{fill:#2f9e44;stroke:#2f9e44}.c4{fill:#e8890c;stroke:#e8890c}.c5{fill:#845ef7;stroke:#845ef7}.c6{fill:#868e96;stroke:#868e96}
@media (prefers-color-scheme:dark){text{fill:#ddd}.tick{fill:#999}line{stroke:#444}}
.spread{stroke-width:2;opacity:.45}
</style>
`

// plotClients gives each client its colour; others are not drawn.
var plotClients = []string{"afkak", "afkak-then", "franz-go", "sarama", "kafka-go", "librdkafka", "floor"}

// plot draws a line for each workload, on it a dot for each client's CPU, with
// its spread, on a logarithmic axis.
func plot(all []table) string {
	var lines []table
	for _, t := range all {
		if t.workload.Kind != driver.Paced {
			lines = append(lines, t)
		}
	}
	least, most := bounds(lines)
	x := func(v float64) float64 {
		return plotLeft + (plotRight-plotLeft)*(math.Log10(v)-math.Log10(least))/(math.Log10(most)-math.Log10(least))
	}
	height := plotTop + plotRow*len(lines) + plotBottom
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img">`+"\n", plotWidth, height, plotWidth, height)
	b.WriteString("<title>Client CPU-seconds per million records</title>\n" + style)
	fmt.Fprintf(&b, `<text class="title" x="8" y="18">Client CPU-seconds per million records, less is better (logarithmic)</text>`+"\n")
	legend(&b)
	axis(&b, least, most, x, height)
	for i, t := range lines {
		y := plotTop + plotRow*i + plotRow/2
		fmt.Fprintf(&b, `<text x="8" y="%d">%s</text><line x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n",
			y+4, html.EscapeString(t.workload.Title), plotLeft, y, plotRight, y)
		for c, name := range plotClients {
			if r, ok := t.row(name); ok {
				fmt.Fprintf(&b, `<line class="c%d spread" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><circle class="c%d" cx="%.1f" cy="%d" r="4.5"><title>%s: %s</title></circle>`+"\n",
					c, x(r.cpu.least), y, x(r.cpu.most), y, c, x(r.cpu.median), y, name, number(r.cpu.median))
			}
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// bounds are the ends of the axis: powers of ten times 1, 2 or 5.
func bounds(lines []table) (least, most float64) {
	least, most = math.Inf(1), 0
	for _, t := range lines {
		for _, r := range t.rows {
			least, most = min(least, r.cpu.least), max(most, r.cpu.most)
		}
	}
	if most == 0 {
		return 0.1, 1
	}
	low, high := 0.0, math.Inf(1)
	for _, tick := range ticks() {
		if tick <= least {
			low = tick
		}
		if tick >= most && math.IsInf(high, 1) {
			high = tick
		}
	}
	return max(low, ticks()[0]), high
}

func ticks() (all []float64) {
	for e := -4; e <= 4; e++ {
		for _, m := range []float64{1, 2, 5} {
			all = append(all, m*math.Pow10(e))
		}
	}
	return all
}

func axis(b *strings.Builder, least, most float64, x func(float64) float64, height int) {
	for _, tick := range ticks() {
		if tick < least*0.999 || tick > most*1.001 {
			continue
		}
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><text class="tick" x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			x(tick), plotTop, x(tick), height-plotBottom+4, x(tick), height-plotBottom+20, tick)
	}
}

func legend(b *strings.Builder) {
	for c, name := range plotClients {
		left := 12 + plotSpacing*c
		fmt.Fprintf(b, `<circle class="c%d" cx="%d" cy="40" r="4.5"/><text x="%d" y="44">%s</text>`+"\n", c, left, left+9, name)
	}
}
