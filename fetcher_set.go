package afkak

import (
	"context"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
)

// fetcherSet holds the fetchers of one client, by broker and parameters.
//
// Lock order: fetcherSet.mu, fetcher.mu, feed.mu; each may be taken alone.
type fetcherSet struct {
	cluster        *cluster.Cluster
	requestTimeout time.Duration
	budget         fetchBudget
	done           <-chan struct{} // closed with the client
	running        sync.WaitGroup  // the fetchers' and the consumers' goroutines

	mu       sync.Mutex
	closed   bool // then running may be waited for, and nothing may be added to it
	fetchers map[fetcherKey]*fetcher
}

// start runs f on a goroutine of its own that close waits for. Once the set is
// closed f still runs, to find that out and to tell those who wait for it.
func (s *fetcherSet) start(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		go f() // ends at once, with the client
		return
	}
	s.running.Go(f)
}

// close waits for all goroutines. The client has been closed, which ends them.
func (s *fetcherSet) close() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.running.Wait()
}

// attach lets the fetcher of the broker ask for the feed, from its cursor's
// offset on. The feed must not be attached anywhere. A closed set asks nobody.
func (s *fetcherSet) attach(feed *feed, key fetcherKey, leaderEpoch int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	f := s.fetchers[key]
	if f == nil {
		f = &fetcher{set: s, key: key, wake: make(chan struct{}, 1)}
		if s.fetchers == nil {
			s.fetchers = make(map[fetcherKey]*fetcher)
		}
		s.fetchers[key] = f
		s.running.Go(f.run) // ends with its last feed, or the client
	}
	f.add(feed, leaderEpoch)
}

func (f *fetcher) add(feed *feed, leaderEpoch int32) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.feeds, f.changed = append(f.feeds, feed), true
	feed.mu.Lock()
	defer feed.mu.Unlock()
	feed.fetcher, feed.trouble, feed.proven = f, nil, false
	feed.cursor.SetLeaderEpoch(leaderEpoch)
	feed.cursor.MoveTo(feed.cursor.Offset()) // what others were asked before is stale
	signal(f.wake)
}

// detach takes the feed from the fetcher that asks for it, if one does. What
// is queued stays; an answer under way will be dropped.
func (s *fetcherSet) detach(feed *feed) {
	feed.mu.Lock()
	f := feed.fetcher
	feed.fetcher = nil
	feed.asked = 0
	feed.count()
	feed.cursor.MoveTo(feed.cursor.Offset())
	feed.mu.Unlock()
	if f != nil {
		f.remove(feed)
	}
}

func (f *fetcher) remove(feed *feed) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, other := range f.feeds {
		if other == feed {
			f.feeds = append(f.feeds[:i:i], f.feeds[i+1:]...)
			break
		}
	}
	signal(f.wake)
}

// retire takes the fetcher out of the set if nobody needs it any more.
func (s *fetcherSet) retire(f *fetcher) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.feeds) > 0 {
		return false
	}
	delete(s.fetchers, f.key)
	return true
}

// forget takes the fetcher out of the set, whoever is still attached.
func (s *fetcherSet) forget(f *fetcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.fetchers, f.key)
}

// doneContext is a context that ends when a channel is closed: with the
// client.
type doneContext struct{ done <-chan struct{} }

func (c doneContext) Deadline() (time.Time, bool) { return time.Time{}, false }
func (c doneContext) Done() <-chan struct{}       { return c.done }
func (c doneContext) Value(any) any               { return nil }

func (c doneContext) Err() error {
	select {
	case <-c.done:
		return context.Canceled
	default:
		return nil
	}
}
