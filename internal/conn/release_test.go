package conn

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

func TestRealBrokersAreNamedByWhatTheyAnswered(t *testing.T) {
	b, err := os.ReadFile("testdata/api_versions.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Fields(line)
		ranges := map[protocol.APIKey]protocol.VersionRange{}
		for _, f := range fields[1:] {
			var key protocol.APIKey
			var r protocol.VersionRange
			if _, err := fmt.Sscanf(f, "%d:%d-%d", &key, &r.Min, &r.Max); err != nil {
				t.Fatalf("%s: %v", f, err)
			}
			ranges[key] = r
		}
		if got := guessRelease(protocol.NewVersions(ranges)); got != fields[0] {
			t.Errorf("a broker of %s was named %q", fields[0], got)
		}
	}
}

// speaking is what a broker with a signature speaks, and more besides.
func speaking(sig signature, more map[protocol.APIKey]protocol.VersionRange) *protocol.Versions {
	ranges := maps.Clone(more)
	if ranges == nil {
		ranges = map[protocol.APIKey]protocol.VersionRange{}
	}
	for i, version := range sig {
		if version >= 0 {
			ranges[signatureKeys[i]] = protocol.VersionRange{Max: version}
		}
	}
	return protocol.NewVersions(ranges)
}

func signatureNamed(t *testing.T, name string) signature {
	t.Helper()
	for _, r := range releases {
		if r.name == name {
			return r.signature
		}
	}
	t.Fatalf("no release is named %q", name)
	return signature{}
}

func TestEverySignatureIsAnotherRelease(t *testing.T) {
	seen := map[signature]string{}
	for _, r := range releases {
		if other, ok := seen[r.signature]; ok {
			t.Errorf("%s and %s have the same signature", other, r.name)
		}
		seen[r.signature] = r.name
	}
}

func TestReleasesWithOneSignatureAreToldApartAsFarAsTheyCanBe(t *testing.T) {
	zooKeeper := func(version int16) map[protocol.APIKey]protocol.VersionRange {
		return map[protocol.APIKey]protocol.VersionRange{keyLeaderAndIsr: {Max: version}}
	}
	tokens := map[protocol.APIKey]protocol.VersionRange{protocol.KeyCreateDelegationToken: {Max: 3}}
	for _, c := range []struct {
		name string
		more map[protocol.APIKey]protocol.VersionRange
		want string
	}{
		{"3.3 or 3.4", nil, "3.3 or 3.4"},
		{"3.3 or 3.4", zooKeeper(6), "3.3"},
		{"3.3 or 3.4", zooKeeper(7), "3.4"},
		{"3.5 or 3.6", nil, "3.5"},
		{"3.5 or 3.6", tokens, "3.6"},
		{"3.5 or 3.6", zooKeeper(7), "3.5 or 3.6"},
	} {
		if got := guessRelease(speaking(signatureNamed(t, c.name), c.more)); got != c.want {
			t.Errorf("%s with %v was named %q, want %q", c.name, c.more, got, c.want)
		}
	}
}

func TestABrokerThatIsNoKnownReleaseIsNotGivenAName(t *testing.T) {
	sig := signatureNamed(t, "2.8")
	sig[0]--
	if got := guessRelease(speaking(sig, nil)); got != "" {
		t.Errorf("a broker with Produce of its own was named %q", got)
	}
	if got := guessRelease(protocol.NewVersions(nil)); got != "" {
		t.Errorf("a broker that speaks nothing was named %q", got)
	}
	newer := signatureNamed(t, "4.4")
	newer[1]++
	if got := guessRelease(speaking(newer, nil)); got != "4.4 or later" {
		t.Errorf("a broker newer than 4.4 was named %q", got)
	}
}
