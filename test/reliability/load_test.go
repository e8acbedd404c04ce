package reliability

import (
	"context"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// A spec is how one producer of the load is set up.
type spec struct {
	codec afkak.Codec
	hasty bool   // a short delivery timeout and a small buffer: records fail
	plain bool   // not idempotent
	since string // the first release that knows the codec; "": all that this runs on do
}

// specs are the producers of the load; those whose codec a release does not know stay away.
var specs = []spec{
	{codec: afkak.None},
	{codec: afkak.Snappy, hasty: true},
	{codec: afkak.LZ4},
	{codec: afkak.Gzip, plain: true},
	{codec: afkak.Zstd, hasty: true, since: "2.1"},
}

// limits are how patient clients and producers are.
type limits struct {
	ack, request   time.Duration
	hasty, patient time.Duration // delivery timeouts
	resumption     time.Duration // so soon after the recovery everything is acknowledged again
}

var (
	embeddedLimits = limits{
		ack: 400 * time.Millisecond, request: time.Second, hasty: 1500 * time.Millisecond, patient: 2 * time.Minute, resumption: 20 * time.Second,
	}
	realLimits = limits{
		ack: 2 * time.Second, request: 3 * time.Second, hasty: 4 * time.Second, patient: 2 * time.Minute, resumption: time.Minute,
	}
)

// A load is all producers at work.
type load struct {
	history *history
	rules   []rule
	runs    []*run
	sending sync.WaitGroup
	stop    func() // ends the sending
}

// A run is one producer of the load. Only its own goroutine uses it while it is sending.
type run struct {
	number   int
	history  *history
	topics   []string
	random   *rand.Rand
	patience time.Duration // how long Send may wait for room; 0: as long as the load runs
	producer *afkak.Producer
	waiting  []future
}

type future struct {
	id       id
	delivery afkak.Delivery
}

// batchBytes is small, so that after a fault several batches of a partition are due.
const batchBytes = 16_000

// startLoad starts a producer of each kind that the target knows, each with a client of its own.
func startLoad(t *testing.T, target harness.Target, seed uint64, limits limits, topics []string, opts ...afkak.ClientOption) *load {
	t.Helper()
	fits := slices.DeleteFunc(slices.Clone(specs), func(s spec) bool { return s.since != "" && !target.AtLeast(s.since) })
	ctx, stop := context.WithCancel(t.Context())
	l := &load{history: newHistory(len(fits)), stop: stop}
	t.Cleanup(func() { // of a test that failed; otherwise all has ended
		stop()
		l.sending.Wait()
	})
	opts = append(slices.Clone(opts), afkak.WithRequestTimeout(limits.request), afkak.WithDialTimeout(limits.request))
	for number, s := range fits {
		r := &run{number: number, history: l.history, topics: topics, random: rand.New(rand.NewPCG(seed, uint64(number)))}
		within := limits.patient
		own := []afkak.ProducerOption{
			afkak.WithBatchBytes(batchBytes), afkak.WithCompression(s.codec), afkak.WithIdempotence(!s.plain),
			afkak.WithAckTimeout(limits.ack), afkak.WithProduceTimeout(limits.request),
		}
		if s.hasty {
			within, r.patience = limits.hasty, limits.hasty/4
			own = append(own, afkak.WithBufferBytes(10*batchBytes))
		}
		var err error
		if r.producer, err = afkak.NewProducer(target.Logged(t, opts...), append(own, afkak.WithDeliveryTimeout(within))...); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(r.producer.Abort)
		l.runs = append(l.runs, r)
		l.rules = append(l.rules, rule{
			once: !s.plain && target.AtLeast("0.11"), within: within + r.patience, outlasts: !s.hasty,
		})
		l.sending.Go(func() { r.send(ctx) }) // until stop is called
	}
	return l
}

// send sends bursts of records until ctx ends.
func (r *run) send(ctx context.Context) {
	for {
		for range 1 + r.random.IntN(12) {
			r.one(ctx)
		}
		r.look()
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Duration(5+r.random.IntN(55)) * time.Millisecond):
		}
	}
}

// one sends a record; its result comes by callback or by future, and now and then it is taken back.
func (r *run) one(ctx context.Context) {
	topic := r.topics[r.random.IntN(len(r.topics))]
	i := r.history.sends(r.number, topic)
	if r.patience > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, r.patience)
		defer cancel()
	}
	delivery := r.producer.Send(ctx, afkak.Record{Topic: topic, Key: i.key(), Value: i.value()})
	if i.number%2 == 0 {
		delivery.Then(func(result afkak.Result, err error) { r.history.settles(i, result, err) })
	} else {
		r.waiting = append(r.waiting, future{i, delivery})
	}
	if i.number%50 == 49 {
		delivery.Cancel() // what came of it, its result says
	}
}

// look notes the results that futures have by now.
func (r *run) look() {
	r.waiting = slices.DeleteFunc(r.waiting, func(f future) bool {
		result, err, ok := f.delivery.Result()
		if ok {
			r.history.settles(f.id, result, err)
		}
		return ok
	})
}

// end ends the sending, and waits for every result.
func (l *load) end(t *testing.T) {
	t.Helper()
	l.stop()
	l.sending.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for _, r := range l.runs {
		if err := r.producer.Close(ctx); err != nil {
			t.Error(err)
		}
		r.look()
	}
}

// retried is how often records were sent again.
func (l *load) retried() (n int64) {
	for _, r := range l.runs {
		n += r.producer.Stats().Retried
	}
	return n
}
