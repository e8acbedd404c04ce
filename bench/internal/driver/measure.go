package driver

import (
	"runtime"
	"slices"
	"sync"
	"time"
)

// Measure is what one run came to, as the process that made it saw it.
type Measure struct {
	Client   string
	Workload string
	Version  string // of the client's module
	Setup    string // of the client

	Records int64   // acknowledged, or consumed
	Failed  int64   `json:",omitempty"`
	Error   string  `json:",omitempty"` // the first reason of Failed
	Seconds float64 // from before the client was made until the last result
	CPU     float64 // seconds in user and kernel mode, of the whole process, meanwhile
	Mallocs uint64  // by Go's runtime; what C allocates is not seen
	PeakRSS int64   // bytes, of the whole process; 16 MiB of records among them

	Latencies []float64 `json:",omitempty"` // microseconds: see Percentiles; paced workloads only

	Round int // of the client's turns, from 0; the runner's

	// What the runner finds out from the broker afterwards.
	LogBytes int64 `json:",omitempty"` // what the records took on its disk
	Twice    int64 `json:",omitempty"` // how many more records it has than were sent
}

// Percentiles are those that Measure.Latencies has.
var Percentiles = []float64{50, 99, 99.9}

// PerMillion is the CPU-seconds that a million records took.
func (m Measure) PerMillion() float64 { return m.CPU / float64(m.Records) * 1e6 }

// Rate is the records per second.
func (m Measure) Rate() float64 { return float64(m.Records) / m.Seconds }

// MallocsPerRecord is how often Go's runtime allocated for a record.
func (m Measure) MallocsPerRecord() float64 { return float64(m.Mallocs) / float64(m.Records) }

// stopwatch measures from its making on.
type stopwatch struct {
	began   time.Time
	cpu     time.Duration
	mallocs uint64
}

func startWatch() (stopwatch, error) {
	runtime.GC()
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	cpu, _, err := usage()
	return stopwatch{began: time.Now(), cpu: cpu, mallocs: mem.Mallocs}, err
}

// stop fills in what was used since startWatch.
func (s stopwatch) stop(m *Measure) error {
	m.Seconds = time.Since(s.began).Seconds()
	cpu, rss, err := usage()
	m.CPU, m.PeakRSS = (cpu - s.cpu).Seconds(), rss
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	m.Mallocs = mem.Mallocs - s.mallocs
	return err
}

// latencies collects the paced workloads' times.
type latencies struct {
	from time.Time // results before are not counted; set before the first add

	mu  sync.Mutex
	all []time.Duration
}

func (l *latencies) add(d time.Duration) {
	if time.Now().Before(l.from) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

// percentiles returns Percentiles in microseconds.
func (l *latencies) percentiles() []float64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.all) == 0 {
		return nil
	}
	slices.Sort(l.all)
	var out []float64
	for _, p := range Percentiles {
		i := min(int(float64(len(l.all))*p/100), len(l.all)-1)
		out = append(out, float64(l.all[i].Nanoseconds())/1e3)
	}
	return out
}
