package afkak

import (
	"sync"

	"github.com/afkak-go/afkak/internal/fetch"
	"github.com/afkak-go/afkak/protocol"
)

// feed is one partition between the fetcher that fills it and the loop that
// empties it. Its owner, a consumer's keeper, attaches it to the fetcher of
// the leader and sees to whatever keeps it from being fetched.
type feed struct {
	budget        *fetchBudget // of the client; nil: none
	bound         int          // bytes that may be buffered
	readCommitted bool         // the end is the last stable offset

	// filled has a token when there may be news for the loop: a chunk, or an end.
	filled chan struct{}
	// calls has a token when there may be news for the keeper: trouble, or its end.
	calls chan struct{}

	mu       sync.Mutex
	cursor   fetch.Cursor
	queue    []fetch.Chunk
	buffered int   // bytes of queue and of the chunk in the loop's hands
	inHand   int   // the latter's part
	inflated int   // bytes that the loop has decompressed a batch to
	asked    int   // bytes that may come on top of buffered
	counted  int   // what the client's budget has of this feed
	dropped  bool  // nobody reads it any more
	end      error // what the loop finds behind queue; nil while there may be more

	fetcher *fetcher // that asks for it; nil while nobody does
	trouble *trouble // why it is not asked for although attached
	proven  bool     // an answer was good since it was attached
}

// trouble is an answer, or the lack of one, that the keeper has to deal with.
type trouble struct {
	verdict fetch.Verdict
	offset  int64
	err     error
}

func newFeed(topic string, partition int32, c *fetchConfig) *feed {
	return &feed{
		bound:         c.prefetchBytes,
		readCommitted: c.shared.isolation == ReadCommitted,
		filled:        make(chan struct{}, 1),
		calls:         make(chan struct{}, 1),
		cursor:        fetch.NewCursor(topic, partition, int32(c.partitionMaxBytes), int32(c.maxBuffer)),
	}
}

// signal puts a token into c unless one is there.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// ask returns what to ask for now. ok is false while there is no room, or
// trouble; full tells which.
func (f *feed) ask() (ask fetch.Ask, ok, full bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.trouble != nil || f.end != nil {
		return fetch.Ask{}, false, false
	}
	if !f.room() {
		return fetch.Ask{}, false, true
	}
	ask = f.cursor.Ask()
	if f.buffered > 0 { // a feed that has nothing may always ask, so what it asks for is no prefetching
		f.asked = int(ask.MaxBytes)
		f.count()
	}
	return ask, true, false
}

// room tells whether another answer may be asked for. f.mu is held.
func (f *feed) room() bool {
	if f.buffered == 0 {
		return true
	}
	next := int(f.cursor.Ask().MaxBytes)
	return f.buffered+next <= f.bound && f.budget.has(next-f.asked)
}

// count brings the client's budget up to date. f.mu is held.
func (f *feed) count() {
	holds := f.buffered + f.inflated + f.asked
	f.budget.take(holds - f.counted)
	f.counted = holds
}

// inflate notes what the loop holds of a decompressed batch. Like pop, only the
// loop calls it.
func (f *feed) inflate(bytes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.dropped {
		f.inflated = bytes
		f.count()
	}
}

// take takes the answer to ask.
func (f *feed) take(ask fetch.Ask, p *protocol.FetchResponseResponsePartition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	out := f.cursor.Take(ask, p)
	f.asked = 0
	defer f.count()
	switch out.Verdict {
	case fetch.Stale:
	case fetch.Data:
		if f.fetcher != nil {
			out.Chunk.Broker = f.fetcher.key.broker
		}
		f.queue = append(f.queue, out.Chunk)
		f.buffered += out.Chunk.Size
		f.well()
		signal(f.filled)
	case fetch.Empty, fetch.Grew:
		f.well()
	default:
		f.halt(&trouble{verdict: out.Verdict, offset: ask.Offset, err: out.Err})
	}
}

// quiet says that the answer to ask had no news of the partition.
func (f *feed) quiet(ask fetch.Ask) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = 0
	f.count()
	if ask.Serial == f.cursor.Ask().Serial {
		f.well()
	}
}

// fail says that ask was not answered.
func (f *feed) fail(ask fetch.Ask, verdict fetch.Verdict, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = 0
	f.count()
	if ask.Serial == f.cursor.Ask().Serial {
		f.halt(&trouble{verdict: verdict, offset: ask.Offset, err: err})
	}
}

// well notes a good answer. f.mu is held.
func (f *feed) well() {
	if !f.proven {
		f.proven = true
		signal(f.calls)
	}
}

// halt keeps the feed from being asked for until the keeper attaches it again.
// f.mu is held.
func (f *feed) halt(t *trouble) {
	f.trouble = t
	signal(f.calls)
}

// health returns what the keeper has to deal with, nil if nothing, and whether
// an answer was good since the feed was attached.
func (f *feed) health() (t *trouble, proven bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.trouble, f.proven
}

// offset is where fetching stands; -1 before the first seek.
func (f *feed) offset() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.cursor.Offset()
}

// seek makes fetching go on at offset. What is queued stays.
func (f *feed) seek(offset int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor.MoveTo(offset)
	signal(f.filled) // the start and the end are known
}

// pop hands the loop the next chunk, and takes the one before as read. With no
// chunk there, err is the end of the feed, nil if more may come.
func (f *feed) pop() (chunk fetch.Chunk, ok bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := f.room()
	f.buffered -= f.inHand
	f.inHand = 0
	if len(f.queue) > 0 {
		chunk, ok = f.queue[0], true
		f.queue[0] = fetch.Chunk{} // let go of the bytes
		f.queue = f.queue[1:]
		f.inHand = chunk.Size
	} else {
		f.queue = nil
		err = f.end
	}
	f.count()
	if !before && f.room() && f.fetcher != nil {
		signal(f.fetcher.wake)
	}
	return chunk, ok, err
}

// close ends the feed: the loop finds err behind what is queued.
func (f *feed) close(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.end == nil {
		f.end = err
	}
	signal(f.filled)
}

// drop lets go of what is queued. Nobody reads the feed any more.
func (f *feed) drop() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.queue, f.buffered, f.inHand, f.inflated, f.asked = nil, 0, 0, 0, 0
	f.count()
	f.dropped = true
	if f.end == nil {
		f.end = ErrClosed
	}
}

// remember takes over the marks of the log from the feed before.
func (f *feed) remember(before *feed) {
	before.mu.Lock()
	marks := before.cursor
	before.mu.Unlock()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cursor.HighWatermark, f.cursor.LastStableOffset, f.cursor.LogStartOffset = marks.HighWatermark, marks.LastStableOffset, marks.LogStartOffset
}

// marks returns the ends of the log as the last answer had them, -1 if unknown.
func (f *feed) marks() (highWatermark, end int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	highWatermark, end = f.cursor.HighWatermark, f.cursor.HighWatermark
	if f.readCommitted && f.cursor.LastStableOffset >= 0 {
		end = f.cursor.LastStableOffset
	}
	return highWatermark, end
}
