package report

import (
	"slices"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// stat is the median of one figure over the rounds, and its spread.
type stat struct {
	median, least, most float64
}

func statOf(runs []driver.Measure, figure func(driver.Measure) float64) stat {
	var all []float64
	for _, m := range runs {
		all = append(all, figure(m))
	}
	return statOfAll(all)
}

func statOfAll(all []float64) stat {
	slices.Sort(all)
	n := len(all)
	return stat{median: (all[(n-1)/2] + all[n/2]) / 2, least: all[0], most: all[n-1]}
}

// row is what one client came to in one workload.
type row struct {
	client  string
	cpu     stat   // seconds per million records; paced: milliseconds per second
	rate    stat   // records per second
	mallocs stat   // per record
	rss     stat   // bytes
	log     stat   // bytes per record on the broker's disk; 0 where it is not known
	latency []stat // by driver.Percentiles, microseconds; paced only
	runs    []driver.Measure
}

// table is one workload.
type table struct {
	workload driver.Workload
	rows     []row
}

// tables sorts the measures by workload and client, in the order of the runs.
func tables(measures []driver.Measure) []table {
	var out []table
	for _, w := range driver.Workloads {
		t := table{workload: w}
		var names []string
		byClient := make(map[string][]driver.Measure)
		for _, m := range measures {
			if m.Workload != w.Name {
				continue
			}
			if byClient[m.Client] == nil {
				names = append(names, m.Client)
			}
			byClient[m.Client] = append(byClient[m.Client], m)
		}
		for _, name := range names {
			t.rows = append(t.rows, rowOf(w, byClient[name]))
		}
		if len(t.rows) > 0 {
			out = append(out, t)
		}
	}
	return out
}

func rowOf(w driver.Workload, runs []driver.Measure) row {
	r := row{
		client:  runs[0].Client,
		cpu:     statOf(runs, driver.Measure.PerMillion),
		rate:    statOf(runs, driver.Measure.Rate),
		mallocs: statOf(runs, driver.Measure.MallocsPerRecord),
		rss:     statOf(runs, func(m driver.Measure) float64 { return float64(m.PeakRSS) }),
		log:     statOf(runs, func(m driver.Measure) float64 { return float64(m.LogBytes) / float64(m.Records) }),
		runs:    runs,
	}
	if w.Kind != driver.Paced {
		return r
	}
	r.cpu = statOf(runs, func(m driver.Measure) float64 { return m.CPU / m.Seconds * 1000 })
	for i := range driver.Percentiles {
		r.latency = append(r.latency, statOf(runs, func(m driver.Measure) float64 { return m.Latencies[i] }))
	}
	return r
}

// ours says whether a client is this library.
func ours(client string) bool { return client == "afkak" || client == "afkak-then" }

// peer says whether a client is somebody else's.
func peer(client string) bool { return !ours(client) && client != "floor" }

// best returns the peer with the least, or the most, of a figure; false if
// there is none.
func (t table) best(least bool, figure func(row) float64) (found row, ok bool) {
	for _, r := range t.rows {
		if peer(r.client) && (!ok || (figure(r) < figure(found)) == least) {
			found, ok = r, true
		}
	}
	return found, ok
}

func (t table) row(client string) (row, bool) {
	i := slices.IndexFunc(t.rows, func(r row) bool { return r.client == client })
	if i < 0 {
		return row{}, false
	}
	return t.rows[i], true
}

// ratio is the median of a figure's ratios to another client's in the same
// round: what the machine does meanwhile changes from round to round, and both
// had it alike. It is zero if they have no round in common.
func (r row) ratio(to row, figure func(driver.Measure) float64) stat {
	var all []float64
	for _, m := range r.runs {
		i := slices.IndexFunc(to.runs, func(o driver.Measure) bool { return o.Round == m.Round })
		if i >= 0 {
			all = append(all, figure(m)/figure(to.runs[i]))
		}
	}
	if len(all) == 0 {
		return stat{}
	}
	return statOfAll(all)
}

func cpuOf(r row) float64  { return r.cpu.median }
func rateOf(r row) float64 { return r.rate.median }
