package conn

import (
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// Conn is a connection to a broker, ready for requests. It is made by [Open]
// and safe for concurrent use.
type Conn struct {
	cfg    *Config // nothing left unsaid
	broker int32   // -1 where not known
	addr   string

	socket net.Conn // what was dialled; closing it ends every read and write
	sink   *sink    // the writer's
	frames *frameReader
	served bool // the reader's; more than ApiVersions was answered

	// Written while opening, read-only once Open has returned.
	identity        *Identity
	sessionLifetime time.Duration

	wake       chan struct{} // holds one: there may be something to write
	ending     chan struct{} // closed when cause is set
	writerDone chan struct{} // closed when the writer has ended
	done       chan struct{} // closed when the reader has ended, after it

	late    sync.WaitGroup // callbacks of calls that expire has taken
	waiters sync.Pool      // of *waiter; not shared, as simulated time wants it

	// mu is held for moments only: never over I/O, a callback or a decoder.
	mu          sync.Mutex
	answered    sync.Cond // on mu; the writer is done with a vector, or the end has come
	cause       *cause    // why the connection ended; nil while it lives
	correlation int32     // of the request handed over last
	queue       fifo      // handed over, the writer has not seen them
	queuedBytes int       // in queue
	flight      fifo      // taken by the writer, in the order of the wire
	unanswered  int       // in flight, the broker will answer
	lastAnswer  time.Time // when the broker answered last
	alarm       *time.Timer
	alarmAt     time.Time   // when alarm goes off; zero: not set
	mutedUntil  time.Time   // the broker does not read before (KIP-219); zero: it does
	unmute      *time.Timer // kicks the writer then; nil: it was never muted
}

// cause is why a connection ended.
type cause struct {
	correlation int32  // of the call that it ended with, 0 for none
	op          string // that call, or what was being done
	err         error
}

// newConn starts a connection on a socket. stream is the socket, or TLS on it.
func newConn(cfg *Config, broker int32, addr string, socket, stream net.Conn) *Conn {
	c := &Conn{
		cfg:        cfg,
		broker:     broker,
		addr:       addr,
		socket:     socket,
		sink:       newSink(stream),
		frames:     newFrameReader(stream, cfg.MaxResponseBytes),
		wake:       make(chan struct{}, 1),
		ending:     make(chan struct{}),
		writerDone: make(chan struct{}),
		done:       make(chan struct{}),
	}
	c.correlation = firstCorrelation - 1
	c.answered.L = &c.mu
	c.waiters.New = newWaiter
	c.alarm = time.AfterFunc(time.Hour, c.expire)
	c.alarm.Stop()
	go c.write() // until the connection ends; the reader waits for it
	go c.read()  // until the connection ends; Done tells
	return c
}

// Versions returns what the broker speaks.
func (c *Conn) Versions() *protocol.Versions { return c.identity.Versions }

// Identity returns what the broker was found to be.
func (c *Conn) Identity() *Identity { return c.identity }

// Addr returns the address that was dialled.
func (c *Conn) Addr() string { return c.addr }

// SessionLifetime returns for how long after [Open] the broker accepts
// requests without another authentication (KIP-368), 0 for ever.
func (c *Conn) SessionLifetime() time.Duration { return c.sessionLifetime }

// Close ends the connection. Calls that wait end with [ErrClosed]; Done tells
// when they have. It does not wait and may be called any number of times, from
// callbacks too.
func (c *Conn) Close() { c.end(cause{op: "connection", err: ErrClosed}) }

// Done returns a channel that is closed when the connection has ended and
// every callback was called.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns why the connection ended, an [*Error], or nil while it lives.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cause == nil {
		return nil
	}
	return c.error(c.cause.op, c.cause.err, false)
}

// end ends the connection, unless it has ended before. The reader does the
// rest.
func (c *Conn) end(why cause) {
	c.mu.Lock()
	first := c.cause == nil
	if first {
		c.cause = &why
		c.alarm.Stop()
		if c.unmute != nil {
			c.unmute.Stop()
		}
		c.mutedUntil = time.Time{}
		c.answered.Broadcast()
		close(c.ending)
	}
	c.mu.Unlock()
	if first {
		_ = c.socket.Close()
		c.cfg.Logger.Debug("connection ended", slog.Int("broker", int(c.broker)), slog.String("addr", c.addr), slog.Any("err", why.err))
	}
}

// finish fails what still waits. The writer has ended and nothing can be
// handed over any more.
func (c *Conn) finish() {
	<-c.writerDone
	c.mu.Lock()
	left := append(c.flight.all(), c.queue.all()...)
	c.flight, c.queue = fifo{}, fifo{}
	c.mu.Unlock()
	for _, p := range left {
		if done := p.settle(); done != nil { // nobody else knows p now
			done(nil, c.ended(p))
		}
	}
	c.late.Wait()
	close(c.done)
}

// ended is the error of a call for which the connection ended too early.
// c.mu is held, or nobody else is left.
func (c *Conn) ended(p *pending) error {
	err := c.cause.err
	if c.cause.correlation != 0 && c.cause.correlation != p.correlation {
		err = &EndedError{Op: c.cause.op, Err: err}
	}
	return c.error(p.name(), err, p.sent)
}

func (c *Conn) error(op string, err error, sent bool) *Error {
	return &Error{Broker: c.broker, Addr: c.addr, Op: op, Err: err, Sent: sent}
}
