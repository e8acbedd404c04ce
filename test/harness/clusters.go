package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak/realkafka"
)

// mostIdle is how many clusters are kept for the next test that wants them. A
// matrix of all releases would otherwise end with sixteen of them in memory.
const mostIdle = 3

// startLimit bounds a start, the fetching of jars included.
const startLimit = 5 * time.Minute

// clusters are those of this test binary.
var clusters pool

// A pool starts clusters and keeps them for those who come later. Safe for concurrent use.
type pool struct {
	mu     sync.Mutex
	shared []*shared // the least recently used first
}

// A shared cluster belongs to the pool; tests borrow it.
type shared struct {
	version string
	users   int           // guarded by pool.mu
	ready   chan struct{} // closed when it has started, or failed to

	cluster *realkafka.Cluster // valid once ready is closed
	err     error              // likewise
}

// Cluster returns the test binary's cluster of one broker of that release, which other tests use
// too. It is started for the first of them, with topics created on first use. Do not Close
// it, and leave its broker as you found it; a test that kills and pauses starts its own.
//
// Where Kafka cannot be started, the test is skipped or fails, see [realkafka.Require].
func Cluster(t testing.TB, version string) *realkafka.Cluster {
	t.Helper()
	realkafka.Require(t, t.Name(), version)
	s := clusters.borrow(version, t.Output())
	t.Cleanup(func() { clusters.giveBack(s) })
	if s.err != nil {
		t.Fatal(s.err)
	}
	return s.cluster
}

// StartCluster starts a cluster for this test alone, which ends with it.
func StartCluster(t testing.TB, cfg realkafka.Config) *realkafka.Cluster {
	t.Helper()
	versions := cfg.Versions
	if cfg.Version != "" {
		versions = []string{cfg.Version}
	}
	realkafka.Require(t, t.Name(), versions...)
	cfg.Log = t.Output()
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	cluster, err := realkafka.Start(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Close(); err != nil {
			t.Error(err)
		}
	})
	return cluster
}

// borrow returns the cluster of that release when it has started.
func (p *pool) borrow(version string, log io.Writer) *shared {
	p.mu.Lock()
	i := slices.IndexFunc(p.shared, func(s *shared) bool { return s.version == version })
	if i >= 0 {
		s := p.shared[i]
		s.users++
		p.shared = append(slices.Delete(p.shared, i, i+1), s)
		p.mu.Unlock()
		<-s.ready
		return s
	}
	s := &shared{version: version, users: 1, ready: make(chan struct{})}
	p.shared = append(p.shared, s)
	p.mu.Unlock()

	defer close(s.ready)
	// The cluster outlives the test that wants it first, so its context does too.
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	s.cluster, s.err = realkafka.Start(ctx, realkafka.Config{Version: version})
	if s.err == nil {
		fmt.Fprintf(log, "Kafka %s is at %s\n", version, s.cluster.Addrs()[0])
	}
	return s
}

// giveBack keeps the cluster for the next test, and closes those that are too many.
func (p *pool) giveBack(s *shared) {
	p.mu.Lock()
	s.users--
	surplus := p.removeIdle(mostIdle)
	p.mu.Unlock()
	for _, s := range surplus {
		s.close()
	}
}

// close closes every cluster.
func (p *pool) close() error {
	p.mu.Lock()
	all := p.removeIdle(0)
	left := len(p.shared)
	p.mu.Unlock()
	var errs []error
	for _, s := range all {
		errs = append(errs, s.close())
	}
	if left > 0 {
		errs = append(errs, fmt.Errorf("%d clusters are still in use", left))
	}
	return errors.Join(errs...)
}

// removeIdle takes clusters that nobody uses out of the pool, but for the given number of them. The
// caller holds mu.
func (p *pool) removeIdle(keep int) []*shared {
	idle := 0
	for _, s := range p.shared {
		if s.users == 0 {
			idle++
		}
	}
	var removed []*shared
	p.shared = slices.DeleteFunc(p.shared, func(s *shared) bool {
		if s.users > 0 || idle <= keep {
			return false
		}
		idle--
		removed = append(removed, s)
		return true
	})
	return removed
}

func (s *shared) close() error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Close()
}
