// Package suites runs what the seed of this project did, and what has been
// asked of it since, on real Kafka of every release: see harness.MainByRelease for
// the choice of releases and of the core or the whole.
package suites

import (
	"testing"

	"github.com/afkak-go/afkak/test/harness"
)

func TestMain(m *testing.M) { harness.MainByRelease(m) }

// What a test belongs to, for harness.OnOne and OnThree.
const (
	core  = true
	whole = false
)
