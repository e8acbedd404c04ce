package main

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
)

// versions is a set of message versions; version v is bit v.
type versions uint64

const maxVersion = 62

// parseVersions reads "none", "3", "3-5" or "3+"; the last reaches to the
// highest version there can be.
func parseVersions(s string) (versions, error) {
	if s == "" || s == "none" {
		return 0, nil
	}
	low, high, isRange := strings.Cut(s, "-")
	if open, ok := strings.CutSuffix(s, "+"); ok {
		low, high, isRange = open, strconv.Itoa(maxVersion), true
	}
	if !isRange {
		high = low
	}
	from, err1 := strconv.Atoi(low)
	to, err2 := strconv.Atoi(high)
	if err1 != nil || err2 != nil || from < 0 || to > maxVersion || from > to {
		return 0, fmt.Errorf("version range %q", s)
	}
	return span(from, to), nil
}

// span is the set of all versions between from and to, both included.
func span(from, to int) versions {
	return versions(1)<<(to+1) - versions(1)<<from
}

func (vs versions) has(v int) bool { return vs>>v&1 == 1 }
func (vs versions) min() int       { return bits.TrailingZeros64(uint64(vs)) }
func (vs versions) max() int       { return bits.Len64(uint64(vs)) - 1 }

// all calls yield for each version, ascending.
func (vs versions) all(yield func(int) bool) {
	for v := range maxVersion + 1 {
		if vs.has(v) && !yield(v) {
			return
		}
	}
}

// String is "version 3", "versions 3 to 5" or, with gaps, a list.
func (vs versions) String() string { return vs.describe(vs) }

// describe names vs among the versions within: "version 3 and up" if nothing
// of within is above.
func (vs versions) describe(within versions) string {
	var parts []string
	one := true
	for _, r := range vs.runs(vs | within) {
		switch {
		case r.max() == within.max() && within != vs:
			parts = append(parts, fmt.Sprintf("%d and up", r.min()))
		case r.min() == r.max():
			parts = append(parts, strconv.Itoa(r.min()))
		default:
			parts = append(parts, fmt.Sprintf("%d to %d", r.min(), r.max()))
			one = false
		}
	}
	if one && len(parts) == 1 {
		return "version " + parts[0]
	}
	return "versions " + strings.Join(parts, ", ")
}

// runs splits vs where a version of within lies between that vs lacks.
func (vs versions) runs(within versions) []versions {
	var runs []versions
	var run versions
	for v := range within.all {
		switch {
		case vs.has(v):
			run |= span(v, v)
		case run != 0:
			runs = append(runs, run)
			run = 0
		}
	}
	if run != 0 {
		runs = append(runs, run)
	}
	return runs
}

// condition is the Go expression that is true for the versions of vs, where
// the variable version is known to be within.
func (vs versions) condition(within versions) string {
	vs &= within
	if vs == within {
		return "true"
	}
	if vs == 0 {
		return "false"
	}
	var parts []string
	for _, r := range vs.runs(within) {
		parts = append(parts, r.runCondition(within))
	}
	if len(parts) == 1 {
		return parts[0]
	}
	return "(" + strings.Join(parts, " || ") + ")"
}

func (vs versions) runCondition(within versions) string {
	low, high := vs.min(), vs.max()
	switch below, above := within.min() < low, within.max() > high; {
	case low == high && below && above:
		return fmt.Sprintf("version == %d", low)
	case below && above:
		return fmt.Sprintf("version >= %d && version <= %d", low, high)
	case below:
		return fmt.Sprintf("version >= %d", low)
	default:
		return fmt.Sprintf("version <= %d", high)
	}
}
