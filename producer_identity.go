package afkak

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// producerIdentity is the producer ID that all partitions of a producer share
// (KIP-98). It is asked for when the first batch needs it; the partitions that
// do wait, and nobody else. Each counts its epochs on its own.
type producerIdentity struct {
	// mu is taken before the producer's and a partition's own.
	mu       sync.Mutex
	id       int64 // -1: none
	epoch    int16
	asking   bool
	failures int // in a row
	waiting  map[*producerPartition]struct{}
}

// maxIdempotentInFlight is how many batches of one producer a broker remembers
// for a partition (KAFKA-5494).
const maxIdempotentInFlight = 5

// termsOf returns what a broker with these versions allows, where all replicas
// acknowledge: without that, numbers are worth nothing.
func (p *Producer) termsOf(versions *protocol.Versions) accum.Terms {
	terms := p.plainTerms()
	produce, err := versions.Pick(protocol.KeyProduce, 0, lastNamedProduce)
	_, hands := versions.Range(protocol.KeyInitProducerID)
	switch {
	case !p.cfg.idempotence || err != nil || !hands || produce < 3: // before 0.11 (KIP-98)
	case produce < 5: // 0.11 finds only the last batch again
		terms = accum.Terms{Idempotent: true, MaxInFlight: 1}
	default: // 1.0
		terms = accum.Terms{Idempotent: true, MaxInFlight: maxIdempotentInFlight}
	}
	return terms
}

// plainTerms are those where batches carry no numbers.
func (p *Producer) plainTerms() accum.Terms { return accum.Terms{MaxInFlight: p.cfg.inFlight()} }

// identify gives the partition the producer's identity, for a broker that asks
// for it. It returns false if there is none yet: the partition is scheduled
// again when there is.
func (p *Producer) identify(part *producerPartition, broker int32) bool {
	identity := &p.identity
	identity.mu.Lock()
	defer identity.mu.Unlock()
	if worn := part.ProducerID(); worn == identity.id {
		identity.id = -1
	}
	if identity.id >= 0 {
		part.Identify(identity.id, identity.epoch, 0)
		return true
	}
	if identity.waiting == nil {
		identity.waiting = make(map[*producerPartition]struct{})
	}
	identity.waiting[part] = struct{}{}
	if !identity.asking {
		identity.asking = true
		failures := identity.failures
		p.spawn(func() { p.askIdentity(broker, failures) })
	}
	return false
}

// identityTimeout is how long one broker may take to hand out a producer ID
// before another is asked.
const identityTimeout = 5 * time.Second

// askIdentity asks a broker once. All that wait are scheduled then: those that
// still need an identity ask again. It ends with the producer; Close waits for
// it.
func (p *Producer) askIdentity(broker int32, failures int) {
	if failures > 0 {
		wait := time.NewTimer(p.usual.accum.Backoff.Wait(failures))
		defer wait.Stop()
		select {
		case <-wait.C:
		case <-p.ctx.Done():
			return
		}
	}
	generation := p.client.cluster.Picture().Generation
	id, epoch, err := p.initProducerID(broker)
	waiting := p.identity.answered(id, epoch, err)
	if isStale(err) {
		p.lookAgain(generation, waiting)
	}
	var failure error
	if err != nil {
		failure = &brokerFailure{broker: broker, addr: p.addrOf(broker), err: err}
		p.logIdentity(broker, err)
	}
	for part := range waiting {
		switch {
		case failure == nil:
		case Retriable(err):
			part.Blame(failure)
		default:
			part.FailDue(p.now(), failure)
		}
		p.schedule(part)
	}
}

// lookAgain has the leaders of partitions looked up whose broker could not be reached: nothing was sent to it that
// would have told so.
func (p *Producer) lookAgain(generation uint64, parts map[*producerPartition]struct{}) {
	var topics []string
	for part := range parts {
		if !slices.Contains(topics, part.Topic()) {
			topics = append(topics, part.Topic())
		}
	}
	p.client.cluster.Stale(generation, topics...)
}

// answered notes the outcome and returns who waited for it.
func (identity *producerIdentity) answered(id int64, epoch int16, err error) map[*producerPartition]struct{} {
	identity.mu.Lock()
	defer identity.mu.Unlock()
	if err == nil {
		identity.id, identity.epoch, identity.failures = id, epoch, 0
	} else {
		identity.failures++
	}
	identity.asking = false
	waiting := identity.waiting
	identity.waiting = nil
	return waiting
}

// initProducerID has a broker hand out a producer ID.
func (p *Producer) initProducerID(broker int32) (int64, int16, error) {
	ctx, cancel := context.WithTimeout(p.ctx, identityTimeout)
	defer cancel()
	req := protocol.NewInitProducerIDRequest()
	req.TransactionTimeoutMs = math.MaxInt32 // of no transaction
	resp, err := p.client.cluster.DoOn(ctx, broker, cluster.Control, conn.Call{
		Request: req, MaxVersion: -1, Timeout: min(identityTimeout, p.cfg.requestTimeout),
	})
	if err == nil {
		answer := resp.(*protocol.InitProducerIDResponse)
		if err = kerr.FromCode(answer.ErrorCode); err == nil {
			if answer.ProducerID >= 0 && answer.ProducerEpoch >= 0 {
				return answer.ProducerID, answer.ProducerEpoch, nil
			}
			err = fmt.Errorf("producer ID %d with epoch %d", answer.ProducerID, answer.ProducerEpoch)
		}
	}
	return -1, -1, &identityError{err: err, slow: errors.Is(err, context.DeadlineExceeded) && p.ctx.Err() == nil}
}

// identityError is why there is no producer ID.
type identityError struct {
	err  error
	slow bool // the broker took too long: another may be quicker
}

func (e *identityError) Error() string {
	text := "no producer ID for idempotent writing: " + e.err.Error()
	if denied(e.err) {
		text += "; " + deniedHint
	}
	return text
}

func (e *identityError) Unwrap() error     { return e.err }
func (e *identityError) MaybeStored() bool { return false } // nothing was sent yet
func (e *identityError) Retriable() bool   { return e.slow || Retriable(e.err) }

// deniedHint is what to do when a broker does not let the user write
// idempotently.
const deniedHint = "allow the user IdempotentWrite on the cluster, or switch idempotence off: WithIdempotence(false)"

func denied(err error) bool { return errors.Is(err, kerr.ClusterAuthorizationFailed) }

func (p *Producer) logIdentity(broker int32, err error) {
	if Retriable(err) && p.ctx.Err() == nil {
		p.client.logger.Warn("no producer ID for idempotent writing, will ask again", "broker", broker, "err", err)
	}
}

// addrOf returns a broker's address as far as it is known.
func (p *Producer) addrOf(broker int32) string {
	if b, ok := p.client.cluster.Picture().Broker(broker); ok {
		return b.Addr()
	}
	return ""
}
