package reliability

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/test/harness"
)

// figures are those of all faults of one kind.
type figures struct {
	count  int
	silent time.Duration // longest that a producer was without an acknowledgement in a partition
	healed time.Duration // longest from when the cluster was whole to when all had one in all
}

// and adds one more fault.
func (f figures) and(silent, healed time.Duration) figures {
	return figures{f.count + 1, max(f.silent, silent), max(f.healed, healed)}
}

// report tells a run's figures, to the file that AFKAK_REPORT names as well, and in the log why records failed.
func (s *stage) report(a account, again int) {
	s.t.Helper()
	outcomes, unplaced, sent, read := map[outcome]int{}, 0, 0, 0
	for _, entries := range a.sent {
		sent += len(entries)
		for i := range entries {
			outcomes[entries[i].outcome]++
			if entries[i].outcome == stored && entries[i].offset < 0 {
				unplaced++
			}
		}
	}
	for _, log := range a.logs {
		read += len(log)
	}
	harness.Report(fmt.Sprintf("%-9s %5.0f s, seed %d: %d records, %d acknowledged (%d without an offset), %d failed and absent, "+
		"%d failed and maybe stored, %d taken back; %d sent again, %d read, %d of them a second time\n"+
		"          faults (longest without an acknowledgement, and from the recovery to the next): %s\n",
		s.target.Version, time.Since(s.began).Seconds(), s.seed, sent, outcomes[stored], unplaced, outcomes[absent],
		outcomes[unknown], outcomes[canceled], s.load.retried(), read, again, s.faultFigures()))
	for producer, entries := range a.sent {
		s.t.Logf("producer %d, failures by cause: %v", producer, causes(entries))
	}
}

func (s *stage) faultFigures() string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(s.faults)) {
		f := s.faults[name]
		all = append(all, fmt.Sprintf("%d × %s (%.1f s, %.1f s)", f.count, name, f.silent.Seconds(), f.healed.Seconds()))
	}
	return strings.Join(all, ", ")
}

var numbers = regexp.MustCompile(`[0-9][0-9.]*`)

// causes counts the failures of records by what is innermost in their errors.
func causes(sent []entry) map[string]int {
	all := map[string]int{}
	for i := range sent {
		e := &sent[i]
		if e.outcome != absent && e.outcome != unknown {
			continue
		}
		err := e.err
		for inner := err; inner != nil; inner = errors.Unwrap(inner) {
			err = inner
		}
		what := "absent: "
		if e.outcome == unknown {
			what = "maybe stored: "
		}
		all[what+numbers.ReplaceAllString(err.Error(), "0")]++
	}
	return all
}
