package cluster

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

// node is one address that is or was a broker: the seed that a user named, or
// a broker that the cluster named. Its connections are opened when first used.
type node struct {
	c    *Cluster
	id   int32 // -1: a seed
	addr string

	mu       sync.Mutex
	links    map[Lane]*link // see link
	identity *conn.Identity // of the last connection; nil: never connected
	failures int            // attempts to connect that failed in a row
	notUntil time.Time      // when the next attempt may begin
	lastErr  error          // of the last attempt, while failures > 0
	users    int            // calls between borrow and release
	retired  bool           // nobody finds this node any more; ends with its last user
}

// link is the connection of one lane. Guarded by node.mu.
type link struct {
	conn    *conn.Conn
	opening bool     // somebody is about to set conn
	shut    bool     // nobody wants conn any more when it is open
	waiting []borrow // in the order in which they came; only while opening
}

// link is the link of a lane. Requires mu.
func (n *node) link(lane Lane) *link {
	l := n.links[lane]
	if l == nil {
		if n.links == nil {
			n.links = map[Lane]*link{}
		}
		l = &link{}
		n.links[lane] = l
	}
	return l
}

// borrow is called with a connection, or with why there is none. Whoever got
// one calls node.release when its call has ended.
type borrow func(*conn.Conn, error)

// connect lends a connection of a lane, opening it first if need be. use may be
// called at once by the caller's goroutine. Calls of one lane keep their order.
func (n *node) connect(lane Lane, use borrow) {
	n.mu.Lock()
	l := n.link(lane)
	if l.opening {
		l.waiting = append(l.waiting, use)
		n.mu.Unlock()
		return
	}
	if open := l.alive(); open != nil {
		n.users++
		n.mu.Unlock()
		use(open, nil)
		return
	}
	if err := n.backingOff(); err != nil {
		n.mu.Unlock()
		use(nil, err)
		return
	}
	*l = link{opening: true, waiting: []borrow{use}}
	n.mu.Unlock()
	if !n.c.spawn(func() { n.open(lane) }) {
		n.settle(lane, nil, n.failed(ErrClosed))
	}
}

func (l *link) alive() *conn.Conn {
	if l.conn == nil {
		return nil
	}
	select {
	case <-l.conn.Done():
		l.conn = nil
	default:
	}
	return l.conn
}

// backingOff says why this node is not tried now, or nothing. Requires mu.
func (n *node) backingOff() error {
	left := time.Until(n.notUntil)
	if n.failures == 0 || left <= 0 {
		return nil
	}
	return n.failed(&BackoffError{Left: left, Err: n.lastErr})
}

// open connects and hands the connection to those who wait for it.
func (n *node) open(lane Lane) {
	n.mu.Lock()
	known := n.identity
	n.mu.Unlock()
	opened, err := conn.OpenBroker(n.c.ctx, &n.c.cfg.Conn, n.id, n.addr, known)
	if err != nil {
		n.settle(lane, nil, n.refused(err))
		return
	}
	n.mu.Lock()
	n.identity, n.failures, n.lastErr = opened.Identity(), 0, nil
	n.mu.Unlock()
	n.settle(lane, opened, nil)
}

// refused notes a failed attempt and when the next may begin. What opening has
// asked may have reached the broker; the calls that wait for it have not.
func (n *node) refused(err error) error {
	err = lookedUp(n.named(err))
	if n.c.ctx.Err() != nil {
		return n.failed(ErrClosed)
	}
	n.mu.Lock()
	n.failures++
	n.lastErr = err
	n.notUntil = time.Now().Add(n.c.cfg.ReconnectBackoff.After(n.failures, rand.Float64()))
	failures := n.failures
	n.mu.Unlock()
	n.c.cfg.Logger.Debug("cannot connect to broker", "broker", n.id, "addr", n.addr, "failures", failures, "err", err)
	return err
}

// settle serves those who wait, in their order, and only then lets others at
// the connection without waiting.
func (n *node) settle(lane Lane, opened *conn.Conn, err error) {
	for {
		n.mu.Lock()
		l := n.link(lane)
		waiting := l.waiting
		l.waiting = nil
		if len(waiting) == 0 {
			shut := l.shut
			*l = link{conn: opened}
			unwanted := n.retired && n.users == 0 || n.c.ctx.Err() != nil
			n.mu.Unlock()
			switch {
			case unwanted:
				n.close()
			case shut:
				n.shut(lane)
			}
			return
		}
		if opened != nil {
			n.users += len(waiting)
		}
		n.mu.Unlock()
		for _, use := range waiting {
			use(opened, err)
		}
	}
}

// release ends what connect began.
func (n *node) release() {
	n.mu.Lock()
	n.users--
	idle := n.retired && n.users == 0
	n.mu.Unlock()
	if idle {
		n.close()
	}
}

// retire lets the calls that run end and then closes the connections.
func (n *node) retire() {
	n.mu.Lock()
	n.retired = true
	idle := n.users == 0
	n.mu.Unlock()
	if idle {
		n.close()
	}
}

// close ends all connections; their calls fail. It returns those it ended.
func (n *node) close() []*conn.Conn {
	n.mu.Lock()
	var open []*conn.Conn
	for _, l := range n.links {
		if l.conn != nil {
			open = append(open, l.conn)
			l.conn = nil
		}
	}
	n.mu.Unlock()
	for _, c := range open {
		c.Close()
	}
	return open
}

// shut ends the connection of one lane, and lets go of the lane.
func (n *node) shut(lane Lane) {
	n.mu.Lock()
	l := n.link(lane)
	open := l.conn
	if l.opening {
		l.shut = true
	} else {
		delete(n.links, lane)
	}
	n.mu.Unlock()
	if open != nil {
		open.Close()
	}
}

// idle tells that a node has no connection and nobody wants one.
func (n *node) idle() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, l := range n.links {
		if l.opening || l.alive() != nil {
			return false
		}
	}
	return true
}

// give hands an open connection of a seed to the broker that it turned out to be.
func (n *node) give(to *node) {
	n.mu.Lock()
	l := n.link(Control)
	open, identity := l.conn, n.identity
	if l.opening || n.users > 0 {
		open = nil // still in use here
	}
	if open != nil {
		l.conn = nil
	}
	n.mu.Unlock()
	to.mu.Lock()
	to.identity = identity
	to.link(Control).conn = open
	to.mu.Unlock()
}

// start begins a call. done is called exactly once, never by the caller's goroutine.
func (n *node) start(lane Lane, call conn.Call, done func(protocol.Response, error)) {
	n.connect(lane, func(open *conn.Conn, err error) {
		if err != nil {
			n.c.later(func() { done(nil, err) })
			return
		}
		open.Start(call, func(resp protocol.Response, err error) {
			n.release()
			done(resp, n.named(err))
		})
	})
}

// reach lends a connection to a caller that waits for it.
func (n *node) reach(ctx context.Context, lane Lane) (*conn.Conn, error) {
	type lent struct {
		conn *conn.Conn
		err  error
	}
	got := make(chan lent, 1)
	n.connect(lane, func(open *conn.Conn, err error) { got <- lent{open, err} })
	select {
	case l := <-got:
		return l.conn, l.err
	case <-ctx.Done():
		n.c.later(func() { // it may still come, and is not ours any more
			if l := <-got; l.err == nil {
				n.release()
			}
		})
		return nil, n.failed(context.Cause(ctx))
	}
}

// versions is what the broker spoke when last connected, or nil.
func (n *node) versions() *protocol.Versions {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.identity == nil {
		return nil
	}
	return n.identity.Versions
}

// throttled is how long the broker does not read the lane's connection.
func (n *node) throttled(lane Lane) time.Duration {
	n.mu.Lock()
	open := n.link(lane).alive()
	n.mu.Unlock()
	if open == nil {
		return 0
	}
	return open.Throttled()
}

// kafka is the release that the broker was when last connected, or nothing.
func (n *node) kafka() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.identity == nil {
		return ""
	}
	return n.identity.Release
}

// readiness orders nodes for requests that any can answer: connected ones
// first, those that refused last.
func (n *node) readiness() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.link(Control).alive() != nil:
		return 0
	case n.failures == 0:
		return 1
	case time.Now().After(n.notUntil):
		return 2
	}
	return 3
}

// named puts the broker's ID into an error of a connection that was opened as a seed's,
// and says of a closed client that it is closed.
func (n *node) named(err error) error {
	if err == nil {
		return nil
	}
	broken, ok := err.(*conn.Error) //nolint:errorlint // only the outermost is ours to complete
	if !ok {
		return err
	}
	complete := *broken
	if complete.Broker < 0 {
		complete.Broker = n.id
	}
	if errors.Is(err, conn.ErrClosed) && n.c.ctx.Err() != nil {
		complete.Err = ErrClosed
	}
	return &complete
}

// failed is the error of a call that never left.
func (n *node) failed(err error) error {
	return &conn.Error{Broker: n.id, Addr: n.addr, Op: "connect", Err: err}
}

// do sends a request and waits for its answer.
func (n *node) do(ctx context.Context, lane Lane, call conn.Call) (protocol.Response, error) {
	open, err := n.reach(ctx, lane)
	if err != nil {
		return nil, err
	}
	defer n.release()
	resp, err := open.Do(ctx, call)
	return resp, n.named(err)
}
