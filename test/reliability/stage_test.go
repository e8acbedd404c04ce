package reliability

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

const (
	// durationEnv is the environment variable that says for how long faults happen to each release.
	durationEnv = "AFKAK_RELIABILITY"
	// seedEnv is the environment variable that has a seed of an earlier run.
	seedEnv = "AFKAK_SEED"
)

// A stage is a cluster, the load on it, and the faults that happen to it.
type stage struct {
	t      *testing.T
	target harness.Target
	limits limits
	client *afkak.Client // straight to the brokers
	proxy  *harness.Proxy
	topics []string
	places []place
	load   *load
	random *rand.Rand // of the faults
	seed   uint64
	began  time.Time

	faults map[string]figures
}

// A fault happens to a stage, which is whole again when do returns.
type fault struct {
	name string
	do   func(s *stage)
}

// newStage starts the load on topics that exist.
func newStage(t *testing.T, target harness.Target, limits limits, client *afkak.Client, topics ...string) *stage {
	t.Helper()
	seed := seedOf(t)
	s := &stage{
		t: t, target: target, limits: limits, client: client, proxy: harness.NewProxy(t), topics: topics,
		random: rand.New(rand.NewPCG(seed, 1<<32)), seed: seed, began: time.Now(),
		faults: map[string]figures{},
	}
	for _, topic := range topics {
		for partition := range int32(partitions) {
			s.places = append(s.places, place{topic, partition})
		}
	}
	t.Logf("Kafka %s: the seed is %d; %s=%d gives the same schedule again", target.Version, seed, seedEnv, seed)
	s.load = startLoad(t, target, seed, limits, topics, afkak.WithDialer(s.proxy.Dial))
	s.flows(time.Now())
	return s
}

// partitions is how many each topic has.
const partitions = 2

func seedOf(t *testing.T) uint64 {
	t.Helper()
	text := os.Getenv(seedEnv)
	if text == "" {
		return uint64(time.Now().UnixNano()) % 1e9
	}
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s=%s: %v", seedEnv, text, err)
	}
	return seed
}

// durationOf is for how long faults happen.
func durationOf(t *testing.T, otherwise time.Duration) time.Duration {
	t.Helper()
	text := os.Getenv(durationEnv)
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatalf("%s=%s: %v", durationEnv, text, err)
	}
	return d
}

// tell adds a line to the transcript, which is part of a failure's output.
func (s *stage) tell(format string, args ...any) {
	s.t.Helper()
	s.t.Logf("%7.2f s  %s", time.Since(s.began).Seconds(), fmt.Sprintf(format, args...))
}

// suffer has the faults happen, all of them in random order before one comes again, until the time is over.
func (s *stage) suffer(duration time.Duration, faults []fault) {
	s.t.Helper()
	var deck []fault
	for end := time.Now().Add(duration); time.Now().Before(end); {
		if len(deck) == 0 {
			deck = slices.Clone(faults)
			s.random.Shuffle(len(deck), func(i, j int) { deck[i], deck[j] = deck[j], deck[i] })
		}
		s.happens(deck[0])
		deck = deck[1:]
	}
}

func (s *stage) happens(f fault) {
	s.t.Helper()
	s.load.history.faultBegins()
	f.do(s)
	whole := time.Now()
	s.flows(whole)
	healed, silent := time.Since(whole), s.load.history.longestWait()
	s.tell("%s: over; everything is acknowledged again after %v; nothing was for %v at most", f.name,
		healed.Round(time.Millisecond), silent.Round(time.Millisecond))
	s.faults[f.name] = s.faults[f.name].and(silent, healed)
}

// flows waits until every producer has had an acknowledgement in every partition since then.
func (s *stage) flows(since time.Time) {
	s.t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	for {
		silent := s.load.history.silent(s.places, since)
		if len(silent) == 0 {
			return
		}
		if waited := time.Since(since); waited > s.limits.resumption {
			for _, r := range s.load.runs {
				s.tell("producer %d: %+v", r.number, r.producer.Stats())
			}
			s.t.Fatalf("nothing is acknowledged since %v in %v", waited, silent)
		}
		select {
		case <-ticker.C:
		case <-s.t.Context().Done():
			s.t.Fatal(s.t.Context().Err())
		}
	}
}

// lasts is how long a fault lasts, between the two; nothing is waited for.
func (s *stage) lasts(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

func (s *stage) wait(d time.Duration) {
	s.t.Helper()
	select {
	case <-time.After(d):
	case <-s.t.Context().Done():
		s.t.Fatal(s.t.Context().Err())
	}
}

// somewhere is any partition.
func (s *stage) somewhere() place { return s.places[s.random.IntN(len(s.places))] }

// settleUp ends the load, reads everything back and checks it.
func (s *stage) settleUp() {
	s.t.Helper()
	s.load.end(s.t)
	a := account{sent: s.load.history.sent, eras: s.load.history.eras, rules: s.load.rules, logs: map[place][]found{}}
	for _, at := range s.places {
		a.logs[at] = readBack(s.t, s.client, at)
	}
	breaches, again := a.check()
	s.report(a, again)
	s.tellBreaches(breaches)
}

// tellBreaches fails the test with the first few of each kind.
func (s *stage) tellBreaches(breaches []breach) {
	s.t.Helper()
	const most = 10
	kinds := map[string]int{}
	for _, b := range breaches {
		if kinds[b.kind]++; kinds[b.kind] <= most {
			s.t.Errorf("%s: %s", b.kind, b.text)
		}
	}
	if len(breaches) > 0 {
		s.t.Errorf("seed %d: %v", s.seed, kinds)
	}
}

// readBack reads what a partition has.
func readBack(t *testing.T, client *afkak.Client, at place) []found {
	t.Helper()
	c, err := afkak.NewConsumer(client, at.topic, at.partition, afkak.StartAt(afkak.Earliest), afkak.EndAt(afkak.Latest))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	var log []found
	for r, err := range c.Records(harness.Context(t)) {
		if err != nil {
			t.Fatalf("%s/%d after %d records: %v", at.topic, at.partition, len(log), err)
		}
		i, wrong := identify(r.Key, r.Value)
		log = append(log, found{i, r.Offset, wrong})
	}
	return log
}
