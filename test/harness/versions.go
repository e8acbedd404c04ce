// Package harness gives test suites the Kafka clusters that they run against:
// real ones of the releases that the environment variable KAFKA_VERSION
// chooses, and the embedded broker.
//
// A test binary whose TestMain calls [Main] shares one cluster of each release
// among its tests; tests keep apart by using topics and groups of their own ([Name]).
package harness

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/afkak-go/afkak/realkafka"
)

// VersionEnv is the environment variable that chooses releases: one, several with commas
// between ("0.9.0.1,2.8.2,4.4.0"), "newest", or "all".
const VersionEnv = "KAFKA_VERSION"

// Versions are the releases that KAFKA_VERSION chooses. When it is not set they are
// the given ones, and if there are none the newest. The error names releases that nobody knows.
func Versions(otherwise ...string) ([]string, error) {
	chosen := os.Getenv(VersionEnv)
	switch {
	case chosen == "all":
		return realkafka.Versions(), nil
	case chosen == "" && len(otherwise) > 0:
		return otherwise, nil
	case chosen == "", chosen == "newest":
		return []string{realkafka.Newest}, nil
	}
	var versions []string
	for version := range strings.SplitSeq(chosen, ",") {
		version = strings.TrimSpace(version)
		if !slices.Contains(realkafka.Versions(), version) {
			return nil, fmt.Errorf("%s=%s: no Kafka %q is known, only %s, \"newest\" and \"all\"", VersionEnv, chosen, version,
				strings.Join(realkafka.Versions(), ", "))
		}
		versions = append(versions, version)
	}
	return versions, nil
}
