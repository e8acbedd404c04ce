package realkafka

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// Newest is the newest release of Kafka that this package knows: what an empty
// [Config].Version means.
const Newest = "4.4.0"

// Versions lists the releases that can be started, oldest first.
func Versions() []string {
	versions := make([]string, len(releases))
	for i, r := range releases {
		versions[i] = r.version
	}
	return versions
}

// CompareVersions compares two versions of Kafka, number by number: negative
// when a is older than b, zero when they are the same, positive when a is newer. A
// missing number counts as zero, and anything that is no number as one below it.
func CompareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		if c := cmp.Compare(versionNumber(as, i), versionNumber(bs, i)); c != 0 {
			return c
		}
	}
	return 0
}

func versionNumber(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.Atoi(parts[i])
	if err != nil {
		return -1
	}
	return n
}

// atLeast says whether version a is b or newer.
func atLeast(a, b string) bool { return CompareVersions(a, b) >= 0 }

func oldest(versions []string) string { return slices.MinFunc(versions, CompareVersions) }

func newest(versions []string) string { return slices.MaxFunc(versions, CompareVersions) }
