package afkak

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/internal/fetch"
	"github.com/afkak-go/afkak/protocol"
)

const (
	// maxFetchVersion is the last that names topics; later ones have topic IDs
	// (KIP-516).
	maxFetchVersion = 12

	// Fetch from this version on has a bound on the whole answer.
	fetchMaxBytesVersion = 3

	// busyWait bounds the long poll for idle partitions where others of the same
	// broker must not wait long: a busy one that has no room at the moment, or
	// those that come, as consumers do, one soon after the other.
	busyWait = 50 * time.Millisecond

	// sessionTries is how often in a row a broker may refuse its fetch session
	// before that counts as its failure.
	sessionTries = 3
)

// fetcherKey names a fetcher: the broker that it asks, and how.
type fetcherKey struct {
	broker int32
	params fetchParams
}

// fetcher asks one broker for all the feeds attached to it, with one request
// under way at a time: a broker works on one request of a connection at a time,
// so a second long poll would only wait behind the first.
//
// Its goroutine starts with the first feed and ends after the last, or with
// the client.
type fetcher struct {
	set *fetcherSet
	key fetcherKey

	// wake has a token when the feeds, or the room in one, may have changed.
	wake chan struct{}

	// The goroutine's own.
	session  fetch.Session
	refusals int           // of the session, in a row
	turn     int           // rotates which feed comes first
	patience time.Duration // how long the next request may wait at the broker

	mu      sync.Mutex
	feeds   []*feed
	changed bool // feeds came or went since the last request
}

func (f *fetcher) run() {
	ctx, cancel := context.WithCancel(doneContext{f.set.done})
	defer cancel()
	for ctx.Err() == nil {
		freed := f.set.budget.freed()
		asks, feeds, full := f.collect()
		switch {
		case len(asks) > 0:
			f.round(ctx, asks, feeds, full)
		case f.set.retire(f):
			f.endSession()
			return
		default:
			select {
			case <-f.wake:
			case <-freed: // by consumers of other brokers' partitions, perhaps
			case <-ctx.Done():
			}
		}
	}
	f.set.forget(f)
}

// collect asks every feed, in turn, what it wants. full tells whether one was
// left out because it has no room.
func (f *fetcher) collect() (asks []fetch.Ask, feeds []*feed, full bool) {
	all := f.attached()
	if len(all) == 0 {
		return nil, nil, false
	}
	f.turn = (f.turn + 1) % len(all)
	for i := range all {
		feed := all[(f.turn+i)%len(all)]
		ask, ok, noRoom := feed.ask()
		full = full || noRoom
		if ok {
			asks, feeds = append(asks, ask), append(feeds, feed)
		}
	}
	return asks, feeds, full
}

// attached lists the feeds. After a change patience begins anew.
func (f *fetcher) attached() []*feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changed {
		f.changed, f.patience = false, busyWait
	}
	return slices.Clone(f.feeds)
}

// round is one request and its answer.
func (f *fetcher) round(ctx context.Context, asks []fetch.Ask, feeds []*feed, full bool) {
	version, err := f.version(ctx)
	if err != nil {
		f.failAll(asks, feeds, err)
		return
	}
	if version < fetchMaxBytesVersion {
		asks = f.atMost(asks)
		feeds = feeds[:len(asks)]
	}
	req := f.request(asks, version, full)
	resp, err := f.exchange(ctx, req, version)
	if err != nil {
		f.failAll(asks, feeds, err)
		return
	}
	again, err := f.session.Answer(resp, version)
	if again && f.refusals < sessionTries {
		f.refusals++
		return
	}
	if err != nil {
		f.failAll(asks, feeds, err)
		return
	}
	f.refusals = 0
	f.deal(resp, asks, feeds)
	f.throttle(ctx)
}

// version picks the one to ask in; it connects if need be.
func (f *fetcher) version(ctx context.Context) (int16, error) {
	versions, _, err := f.set.cluster.BrokerVersions(ctx, f.key.broker)
	if ctx.Err() != nil {
		return 0, ErrClosed
	}
	if err != nil {
		return 0, err
	}
	return versions.Pick(protocol.KeyFetch, 0, maxFetchVersion)
}

// atMost cuts asks off where their sum exceeds what one answer may hold, for
// brokers that know no such bound themselves. One is always left.
func (f *fetcher) atMost(asks []fetch.Ask) []fetch.Ask {
	sum := 0
	for i := range asks {
		sum += int(asks[i].MaxBytes)
		if i > 0 && sum > f.key.params.maxBytes {
			return asks[:i]
		}
	}
	return asks
}

func (f *fetcher) request(asks []fetch.Ask, version int16, full bool) *protocol.FetchRequest {
	params := &f.key.params
	wait := min(params.maxWait, f.patience)
	f.patience = min(2*f.patience, params.maxWait)
	if full {
		wait = min(wait, busyWait)
	}
	req := &protocol.FetchRequest{}
	req.SetDefaults()
	req.MaxWaitMs = int32(wait.Milliseconds())
	req.MinBytes = int32(params.minBytes)
	req.MaxBytes = int32(params.maxBytes)
	req.IsolationLevel = int8(params.isolation)
	f.session.Build(req, asks, version)
	return req
}

// exchange sends req and waits for the answer, or for the end of ctx.
func (f *fetcher) exchange(ctx context.Context, req *protocol.FetchRequest, version int16) (*protocol.FetchResponse, error) {
	type answer struct {
		resp protocol.Response
		err  error
	}
	answers := make(chan answer, 1) // so that done never blocks
	call := conn.Call{
		Request: req, MinVersion: version, MaxVersion: version,
		Timeout: f.key.params.maxWait + f.set.requestTimeout,
	}
	f.set.cluster.StartOn(f.key.broker, cluster.Fetch, call, func(resp protocol.Response, err error) {
		answers <- answer{resp, err}
	})
	select {
	case a := <-answers:
		if a.err != nil {
			return nil, a.err
		}
		return a.resp.(*protocol.FetchResponse), nil
	case <-ctx.Done():
		return nil, ErrClosed
	}
}

// deal hands each feed its part of the answer.
func (f *fetcher) deal(resp *protocol.FetchResponse, asks []fetch.Ask, feeds []*feed) {
	type place struct {
		topic     string
		partition int32
	}
	at := make(map[place]int, len(asks))
	for i := range asks {
		at[place{asks[i].Topic, asks[i].Partition}] = i
	}
	for i := range resp.Responses {
		topic := &resp.Responses[i]
		for j := range topic.Partitions {
			p := &topic.Partitions[j]
			where := place{topic.Topic, p.PartitionIndex}
			if n, asked := at[where]; asked {
				feeds[n].take(asks[n], p)
				delete(at, where)
			}
		}
	}
	for _, n := range at {
		if f.session.Full() {
			feeds[n].fail(asks[n], fetch.Retry, fetch.ErrNotAnswered)
		} else {
			feeds[n].quiet(asks[n])
		}
	}
}

// throttle leaves the broker alone for as long as it asked for (KIP-219), or
// until nobody wants anything of it any more.
func (f *fetcher) throttle(ctx context.Context) {
	for ctx.Err() == nil && len(f.attached()) > 0 {
		wait := f.set.cluster.Throttled(f.key.broker, cluster.Fetch)
		if wait <= 0 {
			return
		}
		timer := time.NewTimer(min(wait, throttleCheck))
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
	}
}

// failAll ends a round without an answer. The keepers find out who leads now.
func (f *fetcher) failAll(asks []fetch.Ask, feeds []*feed, err error) {
	f.session.Fail()
	f.refusals = 0
	verdict := fetch.Moved
	if hopeless(err) {
		verdict = fetch.Failed
	}
	for i := range feeds {
		feeds[i].fail(asks[i], verdict, err)
	}
}

// hopeless tells whether asking again would bring the same failure. That a
// connection was lost to the answer of another call says nothing of ours.
func hopeless(err error) bool {
	var other *conn.EndedError
	return !Retriable(err) && !errors.As(err, &other)
}

// endSession tells the broker to forget the session; nobody waits for it.
func (f *fetcher) endSession() {
	req := &protocol.FetchRequest{}
	req.SetDefaults()
	if !f.session.Close(req) {
		return
	}
	call := conn.Call{Request: req, MinVersion: fetch.SessionVersion, MaxVersion: maxFetchVersion}
	f.set.cluster.StartOn(f.key.broker, cluster.Fetch, call, func(protocol.Response, error) {})
}
