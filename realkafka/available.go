package realkafka

import (
	"errors"
	"os"
	"os/exec"
	"strings"
)

// Available says what is missing to start real Kafka, nil when nothing is. Maven
// counts as missing only when the jars of one of the given versions are not in
// the cache yet; no versions means Newest. It starts nothing and uses no network.
func Available(versions ...string) error {
	if len(versions) == 0 {
		versions = []string{Newest}
	}
	var errs []error
	if _, err := java(); err != nil {
		errs = append(errs, err)
	}
	cached := true
	for _, v := range versions {
		r, err := findRelease(v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		cached = cached && r.core().cached() && r.consumerTool().jars.cached()
	}
	if _, err := exec.LookPath("mvn"); err != nil && !cached {
		errs = append(errs, errNoMaven)
	}
	return errors.Join(errs...)
}

// TB is what [Require] uses of testing.TB, so that this package does not bring testing along.
type TB interface {
	Helper()
	Skipf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// RequireEnv is the environment variable that turns a skip of [Require] into a failure, by the value 1.
const RequireEnv = "AFKAK_REQUIRE_KAFKA"

// Require ends the test unless real Kafka of the given versions (none: Newest) can be
// started here: it is skipped with one line that says what it would have covered, or, where
// AFKAK_REQUIRE_KAFKA=1 says that Kafka must be there, it fails.
func Require(t TB, covers string, versions ...string) {
	t.Helper()
	err := Available(versions...)
	if err == nil {
		return
	}
	missing := strings.ReplaceAll(err.Error(), "\n", "; ")
	if Required() {
		t.Fatalf("%s needs real Kafka (%s=1): %s", covers, RequireEnv, missing)
		return
	}
	t.Skipf("not covered: %s (real Kafka cannot be started here: %s)", covers, missing)
}

// Required says whether AFKAK_REQUIRE_KAFKA=1 demands real Kafka.
func Required() bool { return os.Getenv(RequireEnv) == "1" }
