package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// coordinators remembers which broker coordinates what. A key is looked up
// once however many ask, and the look-up belongs to none of them: a caller
// that gives up does not take it from the others.
type coordinators struct {
	c *Cluster

	mu    sync.Mutex
	known map[coordinatorKey]*lookup
}

type coordinatorKey struct {
	keyType int8
	key     string
}

// lookup is one key's look-up, running or done.
type lookup struct {
	done   chan struct{}
	broker metadata.Broker // ID metadata.NoBroker: any, on brokers that have no coordinators
	err    error           // such look-ups are forgotten at once
}

// noCoordinator stands for any broker.
var noCoordinator = metadata.Broker{ID: metadata.NoBroker}

func (cs *coordinators) init(c *Cluster) {
	cs.c = c
	cs.known = map[coordinatorKey]*lookup{}
}

// Coordinator finds the broker that coordinates a group (keyType 0), a
// transaction (1) or a share partition (2). It is NoBroker on 0.8.0 and 0.8.1,
// where any broker stores a group's offsets. What is known is not asked again.
func (c *Cluster) Coordinator(ctx context.Context, keyType int8, key string) (metadata.Broker, error) {
	began := time.Now()
	for failures := 1; ; failures++ {
		found, err := c.coordinator(ctx, keyType, key)
		if err == nil || !judgeError(err, false).again || time.Since(began) >= c.lookUpPatience(err) {
			return found, err
		}
		if ended := c.wait(ctx, failures); ended != nil {
			return found, fmt.Errorf("%w, waiting because of %w", ended, err)
		}
	}
}

func (c *Cluster) lookUpPatience(err error) time.Duration {
	var unreachable *UnreachableError
	if errors.As(err, &unreachable) {
		return c.unreachablePatience(unreachable)
	}
	return c.cfg.RetryTimeout
}

// coordinator is one look-up, or what an earlier one found.
func (c *Cluster) coordinator(ctx context.Context, keyType int8, key string) (metadata.Broker, error) {
	found := c.coordinators.find(keyType, []string{key})
	select {
	case <-found[0].done:
		return found[0].broker, lookedUp(found[0].err)
	case <-ctx.Done():
		return noCoordinator, context.Cause(ctx)
	case <-c.ctx.Done():
		return noCoordinator, ErrClosed
	}
}

// ForgetCoordinator drops what is known of a key's coordinator.
func (c *Cluster) ForgetCoordinator(keyType int8, key string) {
	c.coordinators.forget(func(k coordinatorKey) bool { return k == coordinatorKey{keyType, key} })
}

// ForgetCoordinators drops what is known of all coordinators.
func (c *Cluster) ForgetCoordinators() {
	c.coordinators.forget(func(coordinatorKey) bool { return true })
}

// forget drops look-ups that are done; one that runs is new enough.
func (cs *coordinators) forget(which func(coordinatorKey) bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for key, l := range cs.known {
		if which(key) && l.isDone() {
			delete(cs.known, key)
		}
	}
}

func (l *lookup) isDone() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// find returns the keys' look-ups, in their order, after beginning those that
// nobody has begun.
func (cs *coordinators) find(keyType int8, keys []string) []*lookup {
	var missing []string
	var begun []*lookup
	found := make([]*lookup, len(keys))
	cs.mu.Lock()
	for i, key := range keys {
		l := cs.known[coordinatorKey{keyType, key}]
		if l == nil {
			l = &lookup{done: make(chan struct{}), broker: noCoordinator}
			cs.known[coordinatorKey{keyType, key}] = l
			missing = append(missing, key)
			begun = append(begun, l)
		}
		found[i] = l
	}
	cs.mu.Unlock()
	if len(missing) > 0 && !cs.c.spawn(func() { cs.lookUp(keyType, missing, begun) }) {
		cs.fail(keyType, missing, begun, ErrClosed)
	}
	return found
}

// lookUp asks for keys of one type and settles their look-ups.
func (cs *coordinators) lookUp(keyType int8, keys []string, lookups []*lookup) {
	n, err := cs.c.reachAny(cs.c.ctx)
	if err != nil {
		cs.fail(keyType, keys, lookups, err)
		return
	}
	defer n.release()
	speaks, has := n.versions().Range(protocol.KeyFindCoordinator)
	switch {
	case !has && keyType == GroupKey:
		for _, l := range lookups {
			close(l.done) // Kafka 0.8.0 and 0.8.1: any broker
		}
	case speaks.Max >= manyCoordinators:
		cs.lookUpMany(n, keyType, keys, lookups)
	default:
		for i := range keys { // Kafka before 3.0: a request each, all in flight together
			cs.lookUpOne(n, keyType, keys[i], lookups[i])
		}
	}
}

// manyCoordinators is the version of FindCoordinator from which one request
// asks for many keys (Kafka 3.0, KIP-699).
const manyCoordinators = 4

func (cs *coordinators) lookUpMany(n *node, keyType int8, keys []string, lookups []*lookup) {
	req := &protocol.FindCoordinatorRequest{KeyType: keyType, CoordinatorKeys: keys}
	resp, err := n.do(cs.c.ctx, Control, conn.Call{Request: req, MinVersion: manyCoordinators, MaxVersion: anyVersion})
	if err != nil {
		cs.fail(keyType, keys, lookups, err)
		return
	}
	answers := make(map[string]*protocol.FindCoordinatorResponseCoordinator, len(keys))
	answered := resp.(*protocol.FindCoordinatorResponse).Coordinators
	for i := range answered {
		answers[answered[i].Key] = &answered[i]
	}
	for i, key := range keys {
		if a := answers[key]; a != nil {
			cs.settle(n, keyType, key, lookups[i], kerr.FromCode(a.ErrorCode), metadata.Broker{ID: a.NodeID, Host: a.Host, Port: a.Port})
		} else {
			cs.settle(n, keyType, key, lookups[i], ErrNoAnswer, metadata.Broker{})
		}
	}
}

func (cs *coordinators) lookUpOne(n *node, keyType int8, key string, l *lookup) {
	req := &protocol.FindCoordinatorRequest{KeyType: keyType, CoordinatorKey: key}
	lowest := int16(0)
	if keyType != GroupKey {
		lowest = 1 // Kafka 0.11 (KIP-98)
	}
	call := conn.Call{Request: req, MinVersion: lowest, MaxVersion: manyCoordinators - 1}
	n.start(Control, call, func(resp protocol.Response, err error) {
		if err != nil {
			cs.fail(keyType, []string{key}, []*lookup{l}, err)
			return
		}
		a := resp.(*protocol.FindCoordinatorResponse)
		cs.settle(n, keyType, key, l, kerr.FromCode(a.ErrorCode), metadata.Broker{ID: a.NodeID, Host: a.Host, Port: a.Port})
	})
}

// settle ends a look-up with what a broker answered.
func (cs *coordinators) settle(n *node, keyType int8, key string, l *lookup, err error, found metadata.Broker) {
	if err != nil {
		cs.fail(keyType, []string{key}, []*lookup{l}, &ItemError{
			API: protocol.KeyFindCoordinator, Item: Item{Key: key, Partition: -1}, Broker: n.id, Addr: n.addr, Err: err,
		})
		return
	}
	cs.c.meet(found)
	l.broker = found
	close(l.done)
}

// fail ends look-ups and forgets them, so that the next caller asks again.
func (cs *coordinators) fail(keyType int8, keys []string, lookups []*lookup, err error) {
	cs.mu.Lock()
	for i, key := range keys {
		if cs.known[coordinatorKey{keyType, key}] == lookups[i] {
			delete(cs.known, coordinatorKey{keyType, key})
		}
	}
	cs.mu.Unlock()
	for _, l := range lookups {
		l.err = err
		close(l.done)
	}
}

// meet makes a coordinator reachable that the picture may not have yet.
func (c *Cluster) meet(b metadata.Broker) {
	c.mu.Lock()
	if c.nodes[b.ID] == nil {
		c.place(b.ID, b.Addr())
	}
	c.mu.Unlock()
}

// reachAny lends a node that is connected: the first candidate that can be
// reached. Whoever gets it calls release.
func (c *Cluster) reachAny(ctx context.Context) (*node, error) {
	unreachable := &UnreachableError{}
	for _, n := range c.candidates() {
		_, err := n.reach(ctx, Control)
		if err == nil {
			return n, nil
		}
		if c.ctx.Err() != nil {
			return nil, ErrClosed
		}
		if ctx.Err() != nil {
			return nil, err
		}
		unreachable.Causes = append(unreachable.Causes, err)
	}
	return nil, unreachable
}
