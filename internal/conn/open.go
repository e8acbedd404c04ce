package conn

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"

	"github.com/afkak-go/afkak/protocol"
)

// Open makes a connection to the broker at addr ("host:port") whose node id is
// not known yet. See [OpenBroker].
func Open(ctx context.Context, cfg *Config, addr string, known *Identity) (*Conn, error) {
	return OpenBroker(ctx, cfg, -1, addr, known)
}

// OpenBroker makes a connection to the broker with the given node id, which
// errors name: it dials, shakes hands with TLS, finds out what the broker
// speaks, and authenticates, in this order. ctx and [Config.DialTimeout] bound
// all of it together. On failure nothing is left behind.
//
// known is what an earlier connection to the same broker found, or nil. It
// saves questions, never the proof: a broker may have been upgraded since. One
// from 0.10 on tells its versions on every connection, and is asked in the
// version that it understood before. One that was older is asked for the
// fingerprint of its release first, which takes a round trip or a few and no
// waiting; if that does not fit, discovery starts anew. So callers may pass
// whatever they found last, however old.
//
// Errors are an [*Error]. Without known, a broker of release 0.9.0 takes 400 ms
// longer than others, because it leaves the question unanswered.
func OpenBroker(ctx context.Context, cfg *Config, broker int32, addr string, known *Identity) (*Conn, error) {
	o := &opener{cfg: cfg.withDefaults(), broker: broker, addr: addr}
	ctx, cancel := context.WithTimeoutCause(ctx, o.cfg.DialTimeout, &TimeoutError{After: o.cfg.DialTimeout})
	defer cancel()

	c, identity, err := o.discover(ctx, known)
	if err != nil {
		return nil, err
	}
	c.identity = identity
	if o.cfg.SASL != nil {
		if err := c.authenticate(ctx); err != nil {
			c.abort()
			return nil, err
		}
	}
	o.cfg.Logger.Debug("connection opened", slog.Int("broker", int(broker)), slog.String("addr", addr), slog.String("release", identity.Release))
	return c, nil
}

// The steps of opening that are no request, as errors name them.
const (
	opConnect = "connect"
	opTLS     = "TLS handshake"
)

// opener opens the connections that one OpenBroker needs.
type opener struct {
	cfg    *Config
	broker int32
	addr   string
}

// connect dials and shakes hands with TLS. The connection does not know yet
// what the broker speaks.
func (o *opener) connect(ctx context.Context) (*Conn, error) {
	socket, err := o.cfg.Dial(ctx, "tcp", o.addr)
	if err != nil {
		return nil, o.stepError(ctx, opConnect, dialError(err))
	}
	stream := socket
	if o.cfg.TLS != nil {
		secure := tls.Client(socket, o.tlsConfig())
		if err := secure.HandshakeContext(ctx); err != nil {
			_ = socket.Close()
			return nil, o.stepError(ctx, opTLS, tlsError(err))
		}
		stream = secure
	}
	return newConn(o.cfg, o.broker, o.addr, socket, stream), nil
}

// tlsConfig is the user's, for this broker's host.
func (o *opener) tlsConfig() *tls.Config {
	cfg := o.cfg.TLS.Clone()
	if cfg.ServerName == "" {
		cfg.ServerName = hostOf(o.addr)
	}
	return cfg
}

// hostOf is the host of an address, the whole of it if there is no port.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}

// stepError is the error of a step of opening. If ctx has ended, that is why.
func (o *opener) stepError(ctx context.Context, op string, err error) *Error {
	if ctx.Err() != nil {
		err = endOf(ctx)
	}
	return &Error{Broker: o.broker, Addr: o.addr, Op: op, Err: err}
}

// endOf is why ctx has ended: our own [*TimeoutError] or the caller's end.
func endOf(ctx context.Context) error {
	if timeout, ok := context.Cause(ctx).(*TimeoutError); ok {
		return timeout
	}
	return ctx.Err()
}

// abort ends a connection that nobody was given and waits for its goroutines.
func (c *Conn) abort() {
	c.Close()
	<-c.done
}

// ask makes a call in a version that need not have been found out. It is for
// opening: ctx has a deadline, which bounds the call.
func (c *Conn) ask(ctx context.Context, req protocol.Request, version int16, resp protocol.Response) (protocol.Response, error) {
	p, err := c.encode(req, version)
	if err != nil {
		return nil, err
	}
	return c.question(ctx, p, resp)
}

// question hands p over and waits for its answer, to be decoded into resp.
func (c *Conn) question(ctx context.Context, p *pending, resp protocol.Response) (protocol.Response, error) {
	p.response, p.timeout = resp, c.cfg.DialTimeout
	answer, err := c.wait(ctx, p)
	if e, ok := err.(*Error); ok && ctx.Err() != nil && e.Err == ctx.Err() {
		e.Err = endOf(ctx)
	}
	return answer, err
}
