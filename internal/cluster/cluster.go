package cluster

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/protocol"
)

// Cluster is the way to all brokers of one Kafka cluster. It is safe for
// concurrent use.
type Cluster struct {
	cfg Config

	// ctx ends with Close; everything that waits, waits for it too.
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup // of everything that spawn started

	picture      atomic.Pointer[metadata.Picture]
	refresher    refresher
	coordinators coordinators
	ownLanes     atomic.Int64 // how many were made

	mu      sync.Mutex
	closed  bool
	changed chan struct{}   // closed with the next change of the picture
	nodes   map[int32]*node // the brokers of the picture, and coordinators
	seeds   []*node
	old     []*node // retired ones that may still have a connection
}

// New makes a Cluster that has dialled nothing and started nothing.
func New(cfg Config) *Cluster {
	c := &Cluster{cfg: cfg, changed: make(chan struct{}), nodes: map[int32]*node{}}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.picture.Store(metadata.Empty())
	for _, addr := range cfg.Seeds {
		c.seeds = append(c.seeds, &node{c: c, id: metadata.NoBroker, addr: addr})
	}
	c.refresher.init(c)
	c.coordinators.init(c)
	return c
}

// Close ends all connections and waits for every goroutine. Pending calls end
// with ErrClosed. It may be called more than once, but not from a done
// function of StartOn.
func (c *Cluster) Close() {
	c.mu.Lock()
	c.closed = true
	nodes := append(slices.Clone(c.seeds), c.old...)
	for _, n := range c.nodes {
		nodes = append(nodes, n)
	}
	c.mu.Unlock()
	c.cancel()
	for _, n := range nodes {
		for _, ended := range n.close() {
			<-ended.Done()
		}
	}
	c.wg.Wait()
}

// Done is closed when Close was called.
func (c *Cluster) Done() <-chan struct{} { return c.ctx.Done() }

// Picture is what is known of the cluster now. It is never nil.
func (c *Cluster) Picture() *metadata.Picture { return c.picture.Load() }

// Changed is closed at the next change of the picture. Ask for it before
// looking at the picture, so that no change is missed.
func (c *Cluster) Changed() <-chan struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.changed
}

// Versions is what a broker speaks, as far as it is known without asking, or nil.
func (c *Cluster) Versions(broker int32) *protocol.Versions {
	if n := c.node(broker); n != nil {
		return n.versions()
	}
	return nil
}

// BrokerVersions connects to a broker, if need be, and returns what it speaks
// and is.
func (c *Cluster) BrokerVersions(ctx context.Context, broker int32) (*protocol.Versions, *Identity, error) {
	n, err := c.find(ctx, broker)
	if err != nil {
		return nil, nil, err
	}
	open, err := n.reach(ctx, Control)
	if err != nil {
		return nil, nil, err
	}
	defer n.release()
	return open.Versions(), open.Identity(), nil
}

// StartOn begins a call to one broker and never blocks: the connection is
// opened first if need be, calls of one lane keep their order, and done is
// called exactly once, by another goroutine than the caller's, which it must
// not hold up. A broker that refused a moment ago fails at once with a
// BackoffError; one that the picture does not have, with UnknownBrokerError.
func (c *Cluster) StartOn(broker int32, lane Lane, call Call, done func(protocol.Response, error)) {
	n := c.node(broker)
	if n == nil {
		c.later(func() { done(nil, c.unknown(broker)) })
		return
	}
	n.start(lane, call, done)
}

// OwnLane makes a lane for one caller's own requests, which wait for what
// other callers of this client do: members of one group that joined by the same
// connection would wait for each other, and none be heard. CloseLane ends it.
func (c *Cluster) OwnLane() Lane { return lanes + Lane(c.ownLanes.Add(1)) }

// CloseLane ends the connections of a lane that OwnLane made, and the calls
// that wait there. The lane must not be used any more.
func (c *Cluster) CloseLane(lane Lane) {
	c.mu.Lock()
	nodes := append(slices.Clone(c.seeds), c.old...)
	for _, n := range c.nodes {
		nodes = append(nodes, n)
	}
	c.mu.Unlock()
	for _, n := range nodes {
		n.shut(lane)
	}
}

// Throttled returns for how long a broker still does not read the lane's
// connection, because the client went over a quota (KIP-219).
func (c *Cluster) Throttled(broker int32, lane Lane) time.Duration {
	if n := c.node(broker); n != nil {
		return n.throttled(lane)
	}
	return 0
}

// DoOn sends a request to one broker and waits for the answer. The end of ctx
// ends the wait, not the connection. It never retries.
func (c *Cluster) DoOn(ctx context.Context, broker int32, lane Lane, call Call) (protocol.Response, error) {
	n, err := c.find(ctx, broker)
	if err != nil {
		return nil, err
	}
	return n.do(ctx, lane, call)
}

// node finds a broker, or nil.
func (c *Cluster) node(broker int32) *node {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.nodes[broker]
}

// find finds a broker, asking for the list of brokers if it is not known.
func (c *Cluster) find(ctx context.Context, broker int32) (*node, error) {
	if n := c.node(broker); n != nil {
		return n, nil
	}
	if err := c.refreshBrokers(ctx); err != nil {
		return nil, err
	}
	if n := c.node(broker); n != nil {
		return n, nil
	}
	return nil, c.unknown(broker)
}

func (c *Cluster) unknown(broker int32) error {
	if c.ctx.Err() != nil {
		return ErrClosed
	}
	return &UnknownBrokerError{Broker: broker}
}

// learn takes in an answer about the cluster.
func (c *Cluster) learn(resp *protocol.MetadataResponse, version int16, asked metadata.Asked) {
	c.change(func(p *metadata.Picture) *metadata.Picture { return p.Next(resp, version, asked, time.Now()) })
}

// Moved takes in who leads partitions now, as a broker has said that does not
// (KIP-951), and where those brokers are. What is older than the picture
// changes nothing. It does not replace [Cluster.Stale].
func (c *Cluster) Moved(moves []metadata.Move, at []metadata.Broker) {
	c.change(func(p *metadata.Picture) *metadata.Picture { return p.Moved(moves, at) })
}

// change puts another picture in place, if it is one, and tells everybody.
func (c *Cluster) change(next func(*metadata.Picture) *metadata.Picture) {
	c.mu.Lock()
	before := c.picture.Load()
	picture := next(before)
	if picture == before {
		c.mu.Unlock()
		return
	}
	gone := c.arrange(picture)
	c.picture.Store(picture)
	close(c.changed)
	c.changed = make(chan struct{})
	c.mu.Unlock()
	for _, n := range gone {
		n.retire()
	}
}

// arrange makes c.nodes those of a picture: new ones appear, moved ones get
// another address. It returns the nodes to retire. Requires mu.
func (c *Cluster) arrange(p *metadata.Picture) (gone []*node) {
	for _, b := range p.Brokers() {
		if _, moved := c.place(b.ID, b.Addr()); moved != nil {
			gone = append(gone, moved)
		}
	}
	for id, n := range c.nodes {
		if _, found := p.Broker(id); !found {
			delete(c.nodes, id)
			gone = append(gone, n)
		}
	}
	if len(c.nodes) > 0 {
		gone = append(gone, c.leaveSeeds()...)
	}
	c.old = append(slices.DeleteFunc(c.old, (*node).idle), gone...)
	return gone
}

// place makes sure that a broker is known at an address. moved is the node
// that stood for it at another one, if any. Requires mu.
func (c *Cluster) place(id int32, addr string) (n, moved *node) {
	known := c.nodes[id]
	if known != nil && known.addr == addr {
		return known, nil
	}
	n = &node{c: c, id: id, addr: addr}
	c.nodes[id] = n
	if i := slices.IndexFunc(c.seeds, func(seed *node) bool { return seed.addr == addr }); i >= 0 {
		c.seeds[i].give(n)
	}
	return n, known
}

// leaveSeeds takes connections that were only for finding the brokers out of
// use. The seeds stay, for the time when all brokers are gone. Requires mu.
func (c *Cluster) leaveSeeds() (gone []*node) {
	for i, seed := range c.seeds {
		if !seed.idle() {
			c.seeds[i] = &node{c: c, id: seed.id, addr: seed.addr}
			gone = append(gone, seed)
		}
	}
	return gone
}

// spawn runs f in a goroutine that Close waits for; false when closed.
func (c *Cluster) spawn(f func()) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return false
	}
	c.wg.Go(f)
	return true
}

// later runs f in another goroutine whatever happens.
func (c *Cluster) later(f func()) {
	if !c.spawn(f) {
		go f() // it only calls back; whoever closed the Cluster expects that
	}
}
