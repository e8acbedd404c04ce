package broker

import (
	"net"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleFetch(req *request, message *protocol.FetchRequest) (protocol.Response, error) {
	context, code := b.sessions.begin(req.version, message, time.Now())
	if code != kerr.None {
		return &protocol.FetchResponse{ErrorCode: code.Code()}, nil
	}
	f := &fetch{
		broker:    b,
		byID:      req.version >= 13, // KIP-516
		committed: message.IsolationLevel == 1,
		maxBytes:  min(int(message.MaxBytes), b.cfg.MaxFetchBytes),
		maxWait:   time.Duration(message.MaxWaitMs) * time.Millisecond,
	}
	f.minBytes = min(int(message.MinBytes), f.maxBytes)
	f.resolve(context.parts)
	if !f.wait() {
		return nil, net.ErrClosed
	}
	return context.finish(f.answers), nil
}

// fetchPartition is what a client wants of one partition.
type fetchPartition struct {
	partitionKey
	offset           int64
	maxBytes         int32
	leaderEpoch      int32 // that the client knows of, -1: none
	lastFetchedEpoch int32 // -1: none
}

// fetch is one request being handled.
type fetch struct {
	broker    *Broker
	byID      bool
	committed bool // isolation level read_committed
	minBytes  int
	maxBytes  int
	maxWait   time.Duration

	targets []fetchTarget
	answers []fetchAnswer // the targets' first, in their order; then those without a partition
}

// fetchTarget is a partition to read.
type fetchTarget struct {
	fetchPartition
	partition *partition
}

// resolve finds the partitions. One that does not exist is answered with an
// error, which by itself does not end the wait for the others.
func (f *fetch) resolve(parts []fetchPartition) {
	var missing []fetchAnswer
	for _, part := range parts {
		partition, code := f.broker.topics.partition(part.partitionKey, f.byID)
		if code != kerr.None {
			answer := failedFetch(part.index, code)
			answer.AbortedTransactions = noneAborted()
			missing = append(missing, fetchAnswer{part.partitionKey, answer})
			continue
		}
		f.targets = append(f.targets, fetchTarget{part, partition})
	}
	f.answers = append(make([]fetchAnswer, len(f.targets), len(parts)), missing...)
}

// wait reads until there is enough to answer, an error to report, or the time
// is up. An append to one of the partitions wakes it. It returns false when
// the broker closes.
func (f *fetch) wait() bool {
	if f.read() || f.maxWait <= 0 {
		return true
	}
	timer := time.NewTimer(f.maxWait)
	defer timer.Stop()
	w := newWaiter()
	for _, target := range f.targets {
		target.partition.watch(w)
		defer target.partition.unwatch(w)
	}
	for !f.read() { // again: there may have been an append before the watch
		select {
		case <-w.woken:
		case <-timer.C:
			return true
		case <-f.broker.closing:
			return false
		}
	}
	return true
}

// read fills in the targets' answers and says whether they can be sent
// before the time is up.
func (f *fetch) read() bool {
	enough := len(f.targets) == 0
	remaining, total := f.maxBytes, 0
	for i := range f.targets {
		answer := f.targets[i].read(remaining, total == 0)
		if f.committed && answer.ErrorCode == 0 {
			answer.AbortedTransactions = noneAborted()
		}
		f.answers[i] = fetchAnswer{f.targets[i].partitionKey, answer}
		remaining -= len(answer.Records)
		total += len(answer.Records)
		enough = enough || answer.ErrorCode != 0 || answer.DivergingEpoch != nil
	}
	return enough || total >= f.minBytes
}

// read returns what can be had of one partition now. The very first batch of
// an answer is never too large.
func (t *fetchTarget) read(maxBytes int, first bool) protocol.FetchResponseResponsePartition {
	if code := checkLeaderEpoch(t.leaderEpoch); code != kerr.None {
		return failedFetch(t.index, code)
	}
	if t.lastFetchedEpoch > leaderEpoch { // an epoch that never was (KIP-595)
		return failedFetch(t.index, kerr.OffsetOutOfRange)
	}
	if bounds := t.partition.bounds(); t.lastFetchedEpoch == leaderEpoch && t.offset > bounds.end {
		answer := newFetchAnswer(t.index, bounds)
		answer.DivergingEpoch = &protocol.FetchResponseResponsePartitionDivergingEpoch{Epoch: leaderEpoch, EndOffset: bounds.end}
		return answer
	}
	data, bounds, code := t.partition.read(t.offset, min(maxBytes, int(t.maxBytes)), first)
	if code != kerr.None {
		return failedFetch(t.index, code)
	}
	answer := newFetchAnswer(t.index, bounds)
	if data != nil {
		answer.Records = data
	}
	return answer
}
