package broker

import (
	"math"
	"sync"

	"github.com/afkak-go/afkak/kerr"
)

// noProducer is the id, and the epoch, of no producer.
const noProducer = -1

// producerIDs hands out the identities of idempotent producers, and keeps those
// of transactional ids.
type producerIDs struct {
	mu            sync.Mutex
	next          int64                       // Guarded by mu.
	transactional map[string]producerIdentity // by transactional id. Guarded by mu.
}

// producerIdentity is what a producer writes into its batches.
type producerIdentity struct {
	id    int64
	epoch int16
}

func newProducerIDs() *producerIDs {
	return &producerIDs{transactional: make(map[string]producerIdentity)}
}

// fresh returns an identity that nobody had.
func (p *producerIDs) fresh() producerIdentity {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.freshLocked()
}

func (p *producerIDs) freshLocked() producerIdentity {
	id := p.next
	p.next++
	return producerIdentity{id: id}
}

// forTransactions returns the identity of a transactional id, its epoch
// raised so that the producer that had it before is fenced. A producer that
// raises its own epoch (KIP-360) names the identity that it has.
func (p *producerIDs) forTransactions(transactionalID string, has producerIdentity) (producerIdentity, kerr.Error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	current, ok := p.transactional[transactionalID]
	switch {
	case !ok:
		current = p.freshLocked()
	case has.id != noProducer && has != current:
		return producerIdentity{noProducer, noProducer}, kerr.ProducerFenced
	case current.epoch >= math.MaxInt16-1: // the last one is kept for fencing
		current = p.freshLocked()
	default:
		current.epoch++
	}
	p.transactional[transactionalID] = current
	return current, kerr.None
}

// has says whether a transactional id belongs to that producer.
func (p *producerIDs) has(transactionalID string, id int64) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	identity, ok := p.transactional[transactionalID]
	return ok && identity.id == id
}
