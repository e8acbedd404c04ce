package broker

import (
	"sync"
	"time"

	"github.com/afkak-go/afkak/broker/internal/log"
	"github.com/afkak-go/afkak/broker/internal/producers"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
)

// leaderEpoch is that of every partition: its only replica has always led it.
const leaderEpoch = 0

// partition is one partition's log and what goes with it.
type partition struct {
	config *topicConfig

	mu        sync.Mutex
	log       log.Log              // Guarded by mu.
	producers producers.Table      // Guarded by mu.
	waiters   map[*waiter]struct{} // fetches to wake by an append. Guarded by mu.
	deleted   bool                 // Guarded by mu.
}

// waiter is a fetch that waits for more records.
type waiter struct {
	// woken has room for one signal: it says "look again", however often.
	woken chan struct{}
}

func newWaiter() *waiter { return &waiter{woken: make(chan struct{}, 1)} }

func (w *waiter) wake() {
	select {
	case w.woken <- struct{}{}:
	default:
	}
}

func newPartition(config *topicConfig) *partition { return &partition{config: config} }

// appended says where a batch went.
type appended struct {
	baseOffset    int64
	logAppendTime int64 // -1 unless the broker sets the timestamps
	logStart      int64
}

// append stores a batch that was validated. It writes offsets into the
// caller's bytes and copies them.
func (p *partition) append(batch *record.Batch, now time.Time) (appended, kerr.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deleted {
		return appended{-1, -1, -1}, kerr.UnknownTopicOrPartition
	}
	id := producers.Batch{ProducerID: batch.ProducerID, Epoch: batch.ProducerEpoch, BaseSequence: batch.BaseSequence, Count: batch.Count}
	idempotent := batch.ProducerID >= 0
	if idempotent {
		stored, code := p.producers.Check(id)
		if code != kerr.None {
			return appended{-1, -1, p.log.Start()}, code
		}
		if stored != nil {
			return appended{stored.BaseOffset, stored.Timestamp, p.log.Start()}, kerr.None
		}
	}
	base := p.log.End()
	record.AssignOffsets(batch.Raw, base, leaderEpoch)
	p.log.Append(batch.Raw, base+int64(batch.Count)-1, batch.MaxTimestamp)
	if idempotent {
		p.producers.Append(id, producers.Stored{BaseOffset: base, Timestamp: batch.MaxTimestamp}, now)
	}
	if p.config.retentionBytes >= 0 {
		p.log.Retain(p.config.retentionBytes)
	}
	p.wakeAll()
	result := appended{base, -1, p.log.Start()}
	if p.config.logAppendTime {
		result.logAppendTime = batch.MaxTimestamp
	}
	return result, kerr.None
}

// bounds are the offsets of a partition that answers carry. With one replica
// and no transactions the high watermark and the last stable offset are the
// end of the log.
type bounds struct{ start, end int64 }

// read returns records from offset on; see [log.Log.Read].
func (p *partition) read(offset int64, maxBytes int, wholeFirst bool) ([]byte, bounds, kerr.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deleted {
		return nil, bounds{}, kerr.UnknownTopicOrPartition
	}
	data, err := p.log.Read(offset, maxBytes, wholeFirst)
	if err != nil {
		return nil, bounds{}, kerr.OffsetOutOfRange
	}
	return data, bounds{p.log.Start(), p.log.End()}, kerr.None
}

func (p *partition) bounds() bounds {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bounds{p.log.Start(), p.log.End()}
}

// batchSince returns the first batch that reaches a timestamp, nil for none.
func (p *partition) batchSince(timestamp int64) ([]byte, bounds) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.BatchSince(timestamp), bounds{p.log.Start(), p.log.End()}
}

// batchOfMaxTimestamp returns the first batch with the largest timestamp, nil for none.
func (p *partition) batchOfMaxTimestamp() ([]byte, bounds) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.BatchOfMaxTimestamp(), bounds{p.log.Start(), p.log.End()}
}

// deleteRecords moves the log start offset; -1 is to the end. It returns the
// new one.
func (p *partition) deleteRecords(before int64) (int64, kerr.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if before == -1 {
		before = p.log.End()
	}
	if before < 0 || p.log.AdvanceStart(before) != nil {
		return -1, kerr.OffsetOutOfRange
	}
	p.wakeAll()
	return p.log.Start(), kerr.None
}

// watch registers a waiter for every append until unwatch.
func (p *partition) watch(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.waiters == nil {
		p.waiters = make(map[*waiter]struct{})
	}
	p.waiters[w] = struct{}{}
}

func (p *partition) unwatch(w *waiter) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiters, w)
}

// wakeAll wakes the fetches that wait. Called with mu held.
func (p *partition) wakeAll() {
	for w := range p.waiters {
		w.wake()
	}
}

// delete lets go of the records and wakes the fetches that wait for more.
func (p *partition) delete() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deleted = true
	p.log = log.Log{}
	p.producers = producers.Table{}
	p.wakeAll()
}
