package harness

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/afkak-go/afkak/realkafka"
)

// SuiteEnv is the environment variable that chooses how much runs: "core", "full", or nothing, which
// is "full" for a release that KAFKA_VERSION names alone and for those of [FullReleases], and "core" for
// the others of a list, and where it names none. An explicit "full" also has the longest figures everywhere, see [Pass].
const SuiteEnv = "AFKAK_SUITE"

// FullReleases are those of "all" and of a list that get the whole suite: the first with offsets, the
// first that everybody met, the last but one of ZooKeeper's time, and the newest.
var FullReleases = []string{"0.8.1.1", "0.9.0.1", "2.8.2", realkafka.Newest}

// longReleases are those of FullReleases whose outages last as long as in an explicit "full".
var longReleases = []string{"0.9.0.1", realkafka.Newest}

// MatrixReleases are those of a matrix: KAFKA_VERSION=all. The others that realkafka knows are close to the newest.
var MatrixReleases = []string{
	"0.8.0", "0.8.1", "0.8.1.1", "0.8.2.1", "0.9.0.1", "0.10.0.1", "0.10.2.2", "0.11.0.3", "1.1.1", "2.8.2", "3.9.2", realkafka.Newest,
}

// A Pass is one run of a binary's tests, against one release or the embedded broker.
type Pass struct {
	Version string // of Kafka, or Embedded
	Full    bool   // the whole suite, not only its core

	// Outage is how long all brokers stay away, Pause how long one is held.
	Outage, Pause time.Duration

	// FreshTopics is how many topics in a row are used a millisecond after their creation.
	FreshTopics int
}

func (p Pass) scope() string {
	if p.Full {
		return "full"
	}
	return "core"
}

// passes are what KAFKA_VERSION and AFKAK_SUITE ask for. The embedded broker comes first.
func passes() ([]Pass, error) {
	chosen, suite := os.Getenv(VersionEnv), os.Getenv(SuiteEnv)
	if !slices.Contains([]string{"", "core", "full"}, suite) {
		return nil, fmt.Errorf("%s=%s: it can be core, full or empty", SuiteEnv, suite)
	}
	versions := MatrixReleases
	if chosen != "all" {
		var err error
		if versions, err = Versions(); err != nil {
			return nil, err
		}
	}
	all := []Pass{newPass(Embedded, suite != "core", false)}
	for _, version := range versions {
		full := suite == "full" || suite == "" && chosen != "" && (len(versions) == 1 || slices.Contains(FullReleases, version))
		long := suite == "full" || slices.Contains(longReleases, version)
		all = append(all, newPass(version, full, long))
	}
	return all, nil
}

func newPass(version string, full, long bool) Pass {
	p := Pass{Version: version, Full: full, Outage: 10 * time.Second, Pause: 20 * time.Second, FreshTopics: 20}
	if full {
		p.FreshTopics = 50
	}
	if full && long {
		p.Outage, p.FreshTopics = time.Minute, 200
	}
	return p
}

// AtLeast says whether the pass is against that release of Kafka or a newer one. The embedded broker is the newest.
func (p Pass) AtLeast(version string) bool { return Target{Version: p.Version}.AtLeast(version) }

// report is a line about the pass.
func (p Pass) report(code int, took time.Duration) string {
	outcome := "ok"
	if code != 0 {
		outcome = "FAIL"
	}
	var figures []string
	if p.Full && p.Version != Embedded {
		figures = append(figures, fmt.Sprintf("  (outage %v, %d fresh topics)", p.Outage, p.FreshTopics))
	}
	return fmt.Sprintf("%-10s %-5s %-5s %7.1f s%s", p.Version, p.scope(), outcome, took.Seconds(), strings.Join(figures, ""))
}
