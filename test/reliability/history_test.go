package reliability

import (
	"errors"
	"sync"
	"time"

	"github.com/afkak-go/afkak"
)

// A place is a partition of a topic, -1 while it is not known.
type place struct {
	topic     string
	partition int32
}

// A flow is what one producer sends to one partition.
type flow struct {
	producer int
	place    place
}

// An outcome is what a producer said of a record.
type outcome int8

const (
	pending  outcome = iota
	stored           // acknowledged
	canceled         // taken back
	absent           // failed, and not stored
	unknown          // failed, and maybe stored
)

// An entry is what is known of one record that was handed to Send.
type entry struct {
	place     place
	offset    int64 // that was told
	err       error
	sentAt    time.Duration // since the history began, on handing it over
	settledAt time.Duration
	results   int32
	sentIn    int32 // era of the topic at sentAt
	settledIn int32
	outcome   outcome
}

// A history has all that was sent and all that was said of it. Safe for concurrent use.
type history struct {
	began time.Time

	mu   sync.Mutex
	sent [][]entry // by producer and number
	// eras of topics: one that is even lasts until the topic is deleted, one that is odd until it is
	// there again. Missing: 0.
	eras  map[string]int32
	acked map[flow]time.Time // the last time

	faultAt time.Time     // when the last fault began
	longest time.Duration // see longestWait
}

func newHistory(producers int) *history {
	return &history{began: time.Now(), sent: make([][]entry, producers), eras: map[string]int32{}, acked: map[flow]time.Time{}}
}

// sends notes that a record is about to be handed over.
func (h *history) sends(producer int, topic string) id {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sent[producer] = append(h.sent[producer], entry{
		place: place{topic, -1}, offset: -1, sentAt: time.Since(h.began), sentIn: h.eras[topic],
	})
	return id{producer, len(h.sent[producer]) - 1}
}

// settles notes a result.
func (h *history) settles(i id, r afkak.Result, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	e := &h.sent[i.producer][i.number]
	e.results++
	e.err, e.offset, e.place.partition = err, r.Offset, r.Partition
	e.settledAt, e.settledIn = time.Since(h.began), h.eras[e.place.topic]
	switch {
	case err == nil:
		e.outcome = stored
		h.ack(flow{i.producer, e.place})
	case errors.Is(err, afkak.ErrCanceled):
		e.outcome = canceled
	case afkak.MaybeStored(err):
		e.outcome = unknown
	default:
		e.outcome = absent
	}
}

// ack notes for how long nothing of the flow was acknowledged since the last fault. The caller holds mu.
func (h *history) ack(of flow) {
	now := time.Now()
	since := h.acked[of]
	if since.Before(h.faultAt) {
		since = h.faultAt
	}
	h.longest = max(h.longest, now.Sub(since))
	h.acked[of] = now
}

// faultBegins starts the clock of longestWait.
func (h *history) faultBegins() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.faultAt, h.longest = time.Now(), 0
}

// longestWait is the longest time, since the last fault began, that a producer had nothing acknowledged in a partition.
func (h *history) longestWait() time.Duration {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.longest
}

// silent are the flows to the places that had no acknowledgement since then.
func (h *history) silent(places []place, since time.Time) []flow {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []flow
	for producer := range h.sent {
		for _, at := range places {
			if of := (flow{producer, at}); !h.acked[of].After(since) {
				all = append(all, of)
			}
		}
	}
	return all
}

// nextEra notes that a topic is about to be deleted, or is there again.
func (h *history) nextEra(topic string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.eras[topic]++
}
