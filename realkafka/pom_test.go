package realkafka

import (
	"encoding/xml"
	"slices"
	"testing"
)

type pomArtifact struct {
	Group      string        `xml:"groupId"`
	Name       string        `xml:"artifactId"`
	Version    string        `xml:"version"`
	Exclusions []pomArtifact `xml:"exclusions>exclusion"`
}

func TestEachPOMNamesTheCoreOfItsReleaseAndLeavesOutWhatNobodyPublishes(t *testing.T) {
	for _, r := range releases {
		var pom struct {
			Name         string        `xml:"artifactId"`
			Packaging    string        `xml:"packaging"`
			Dependencies []pomArtifact `xml:"dependencies>dependency"`
		}
		if err := xml.Unmarshal([]byte(r.core().pom()), &pom); err != nil {
			t.Fatalf("%s: %v", r.version, err)
		}
		if pom.Name != r.version || pom.Packaging != "pom" {
			t.Errorf("%s: the project is %s, packed as %s", r.version, pom.Name, pom.Packaging)
		}
		core := pom.Dependencies[len(pom.Dependencies)-1]
		if core.Group != "org.apache.kafka" || core.Name != "kafka_"+r.scala || core.Version != r.version {
			t.Errorf("%s: the core is %v", r.version, core)
		}
		for _, d := range pom.Dependencies {
			if !slices.ContainsFunc(d.Exclusions, func(e pomArtifact) bool { return e.Name == "jmxri" && e.Version == "" }) {
				t.Errorf("%s: %s does not exclude jmxri", r.version, d.Name)
			}
		}
	}
}

func TestExtraArtifactsWinOverTheCoresOwnChoice(t *testing.T) {
	r, err := findRelease("1.1.1")
	if err != nil {
		t.Fatal(err)
	}
	got := r.core().artifacts
	want := []artifact{log4j1, slf4jLog4j("1.7.25"), {"org.apache.kafka", "kafka_2.11", "1.1.1"}} // Maven takes the first of equals
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
