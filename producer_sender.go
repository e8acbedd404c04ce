package afkak

import (
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// maxProduceCalls is how many produce requests one broker may have unanswered.
const maxProduceCalls = 5

// sender sends the batches of the partitions that one broker leads. Its
// goroutine decides and seals; the answers come in on the connection's, which
// hands them to the partitions and wakes the sender.
type sender struct {
	p      *Producer
	broker int32
	wake   chan struct{}

	unanswered  atomic.Int32
	silentSince atomic.Int64 // when the broker began not to answer while something waits for it; 0: it answers
	discovering atomic.Bool
	failure     atomic.Pointer[error] // why the broker could not be reached; taken by the next collect
	stats       senderStats

	// mu is taken before a partition's own, never while one is held.
	mu    sync.Mutex
	queue dueQueue
	until time.Duration // when the goroutine looks at the queue again; negative: before it sleeps

	carry []taken     // batches that found no place in the last request, in their order; the goroutine's own
	terms accum.Terms // of the broker, once it was reached; the goroutine's own
	known bool        // terms are
}

// taken is a batch that belongs to the sender until it is answered.
type taken struct {
	part  *producerPartition
	batch *accum.Batch
}

func newSender(p *Producer, broker int32) *sender {
	return &sender{p: p, broker: broker, wake: make(chan struct{}, 1), until: -1}
}

// schedule puts the partition where its next batch belongs in the queue; false
// if it belongs to another sender by now.
func (s *sender) schedule(part *producerPartition) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if part.sender.Load() != s {
		return false
	}
	due := part.Next()
	s.queue.set(part, due, due != accum.Forever)
	if due < s.until {
		s.until = -1
		s.poke()
	}
	return true
}

func (s *sender) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// run ends with the producer; Close waits for it.
func (s *sender) run() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		s.pump()
		timer.Reset(s.sleep() - s.p.now())
		select {
		case <-s.wake:
		case <-timer.C:
		case <-s.p.ctx.Done():
			return
		}
		s.awake()
	}
}

// sleep returns when to look at the queue again. From then on whoever
// schedules something earlier wakes the sender. A sender that cannot send
// anyway sleeps until an answer wakes it.
func (s *sender) sleep() time.Duration {
	throttled := s.throttled()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = accum.Forever
	if s.blocked() {
		s.until = -1
		return accum.Forever
	}
	if throttled > 0 {
		s.until = -1
		return s.p.now() + min(throttled, throttleCheck)
	}
	switch {
	case len(s.queue) > 0:
		s.until = s.queue[0].due
	case s.unanswered.Load() == 0:
		s.silentSince.Store(0)
	}
	return s.until
}

// throttleCheck is how often those whom a broker throttles find out whether it
// still does: with the connection its wish ends.
const throttleCheck = time.Second

// throttled returns for how long the broker wants nothing, because the client
// went over a quota.
func (s *sender) throttled() time.Duration {
	return s.p.client.cluster.Throttled(s.broker, cluster.Produce)
}

// asked notes that an answer of the broker is waited for.
func (s *sender) asked() { s.silentSince.CompareAndSwap(0, max(1, int64(s.p.now()))) }

// answered notes an answer. What else is waited for is so from now on.
func (s *sender) answered() {
	s.silentSince.Store(0)
	if s.unanswered.Load() > 0 {
		s.asked()
	}
}

func (s *sender) awake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.until = -1
}

func (s *sender) blocked() bool {
	return s.discovering.Load() || s.unanswered.Load() >= maxProduceCalls
}

// pump sends what is due, as far as the broker may have it.
func (s *sender) pump() {
	for !s.blocked() && s.throttled() == 0 {
		if failure := s.failure.Swap(nil); failure != nil {
			s.giveBack(*failure)
		}
		call := s.collect()
		if call == nil {
			return
		}
		s.unanswered.Add(1)
		s.asked()
		for _, item := range call.items { // another batch may be on its way as well
			s.p.schedule(item.part)
		}
		call.start() // from here on the call is its answer's
	}
}

// collect takes the batches of the next request; nil if nothing is due, or the
// broker must be asked first what it speaks.
func (s *sender) collect() *produceCall {
	if len(s.carry) == 0 && !s.isDue() {
		return nil
	}
	versions := s.p.client.cluster.Versions(s.broker)
	if versions == nil {
		s.discover()
		return nil
	}
	s.terms, s.known = s.p.termsOf(versions), true
	call := newProduceCall(s, versions)
	var aside []taken
	for item, ok := s.next(); ok; item, ok = s.next() {
		if call.add(item) {
			continue
		}
		aside = append(aside, item)
		if call.agrees(item) {
			break // there is no room, rather than another kind of request to be made
		}
	}
	s.carry = append(aside, s.carry...)
	call.settleRejected()
	if len(call.items) == 0 {
		call.recycle()
		return nil
	}
	return call
}

func (s *sender) isDue() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue) > 0 && s.queue[0].due <= s.p.now()
}

// next takes the next batch that is due of a partition that this broker leads;
// ok is false if there is none.
func (s *sender) next() (item taken, ok bool) {
	if len(s.carry) > 0 {
		item := s.carry[0]
		s.carry = s.carry[1:]
		return item, true
	}
	for {
		now := s.p.now()
		s.mu.Lock()
		part := s.queue.next(now)
		s.mu.Unlock()
		if part == nil {
			return taken{}, false
		}
		if leader, _ := s.p.leader(part); leader != s.broker {
			s.leave(part)
			continue
		}
		if s.p.trigger != nil && part.Overdue(now) {
			s.p.fire() // one has waited for the whole interval: everything goes
		}
		terms := s.terms
		if part.topic.settings.acks != AcksAll {
			terms = s.p.plainTerms()
		}
		if s.known && !part.Agree(s.broker, terms) || part.Worn() {
			if !s.p.identify(part, s.broker) {
				continue
			}
			part.Agree(s.broker, terms)
		}
		if batch := part.Take(now); batch != nil {
			return taken{part: part, batch: batch}, true
		}
		s.p.schedule(part)
	}
}

// leave gives up a partition that another broker leads, once nothing of it is
// unanswered here: the last answer schedules it again.
func (s *sender) leave(part *producerPartition) {
	if part.InFlight() > 0 {
		return
	}
	s.mu.Lock()
	s.queue.set(part, 0, false)
	part.sender.Store(nil)
	s.mu.Unlock()
	s.p.schedule(part)
}

// discover asks the broker what it speaks, on a goroutine that ends with the
// producer; Close waits for it.
func (s *sender) discover() {
	s.discovering.Store(true)
	s.asked()
	s.p.wg.Go(func() {
		_, _, err := s.p.client.cluster.BrokerVersions(s.p.ctx, s.broker)
		if err != nil {
			s.failure.Store(&err)
		}
		s.discovering.Store(false)
		s.poke()
	})
}

// giveBack fails one attempt of everything that is due, because the broker
// cannot be reached. The leader may have moved: the topics are asked for.
func (s *sender) giveBack(failure error) {
	answer := accum.Answer{Err: &brokerFailure{broker: s.broker, err: failure}, Retriable: Retriable(failure)}
	for item, ok := s.next(); ok; item, ok = s.next() {
		_, generation := s.p.leader(item.part)
		s.p.client.cluster.Stale(generation, item.part.Topic())
		s.settle(item, answer)
		s.p.schedule(item.part)
	}
}

// settle hands an answer to the batch's partition. A batch that is too large
// for the broker, or has records with headers that it has no place for, is
// split, and its parts are tried.
func (s *sender) settle(item taken, answer accum.Answer) {
	records, attempt := item.batch.Count(), item.batch.Attempts() // afterwards it is not ours
	tooLarge := errors.Is(answer.Err, kerr.MessageTooLarge)
	if tooLarge {
		item.part.Refused(s.p.now(), item.batch)
	}
	divisible := tooLarge || errors.Is(answer.Err, ErrHeadersUnsupported)
	if divisible && item.part.Split(item.batch) {
		return
	}
	switch item.part.Answer(s.p.now(), item.batch, answer) {
	case accum.VerdictRetried:
		s.log(slog.LevelWarn, item.part, records, attempt, answer.Err)
	case accum.VerdictDisplaced:
		s.log(slog.LevelDebug, item.part, records, attempt, answer.Err)
	}
}

// log says that a batch will be tried again.
func (s *sender) log(level slog.Level, part *producerPartition, records, attempt int, err error) {
	logger := s.p.client.logger
	if !logger.Enabled(s.p.ctx, level) {
		return
	}
	logger.Log(s.p.ctx, level, "a batch was not stored and will be sent again", "topic", part.Topic(), "partition", part.ID(),
		"broker", s.broker, "records", records, "attempt", attempt, "err", err)
}

// versionFor returns the highest produce version up to newest that takes
// batches of the given format, and that the broker speaks.
func versionFor(versions *protocol.Versions, magic int8, newest int16) (int16, error) {
	switch magic {
	case 0:
		return versions.Pick(protocol.KeyProduce, 0, 1)
	case 1:
		return versions.Pick(protocol.KeyProduce, 2, 2)
	}
	return versions.Pick(protocol.KeyProduce, 3, newest)
}

// Produce names topics up to one version, and from the next on has their IDs
// (KIP-516, Kafka 4.1).
const (
	lastNamedProduce  int16 = 12
	identifiedProduce int16 = 13
)

// magicFor returns the format of the batches in a produce request.
func magicFor(version int16) int8 {
	switch {
	case version >= 3: // record batches (KIP-98)
		return 2
	case version == 2: // timestamps (KIP-32)
		return 1
	}
	return 0
}
