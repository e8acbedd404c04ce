package broker

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// readBufferBytes is what is read from a socket at once; larger frames are
// read straight into their own buffer.
const readBufferBytes = 32 << 10

// conn serves one connection. Only its own goroutine uses it.
type conn struct {
	broker *Broker
	nc     net.Conn
	logger *slog.Logger
	frames frameReader
	out    frameWriter
	auth   authentication
}

// serve handles the requests of a connection until it ends, one after
// another: an answer is written before the next request is read.
func (b *Broker) serve(nc net.Conn) {
	if b.cfg.TLS != nil {
		nc = tls.Server(nc, b.cfg.TLS)
		defer nc.Close() // says goodbye, which closing what is below does not
	}
	c := &conn{
		broker: b,
		nc:     nc,
		logger: b.logger.With("client", nc.RemoteAddr()),
		frames: frameReader{r: bufio.NewReaderSize(nc, readBufferBytes), limit: b.cfg.MaxRequestBytes},
		auth:   newAuthentication(b.cfg.Users),
	}
	c.logger.Debug("connection opened")
	c.logEnd(c.loop())
}

func (c *conn) loop() error {
	for {
		if err := c.nc.SetReadDeadline(time.Now().Add(c.broker.cfg.IdleTimeout)); err != nil {
			return err
		}
		frame, err := c.frames.next()
		if err != nil {
			return err
		}
		if err := c.handle(frame); err != nil {
			return err
		}
	}
}

// handle answers one request. An error ends the connection.
func (c *conn) handle(frame []byte) error {
	if c.auth.expectsToken() { // SaslHandshake v0: bare tokens follow
		return c.handleToken(frame)
	}
	req, err := c.parseRequest(frame)
	if err != nil {
		return err
	}
	if !c.auth.allows(req.key) {
		return fmt.Errorf("%s v%d before SASL authentication is complete", req.key, req.version)
	}
	resp, err := c.answer(req)
	if err != nil || resp == nil {
		return err
	}
	if err := c.out.response(c.nc, req, resp); err != nil {
		return fmt.Errorf("answer %s v%d: %w", req.key, req.version, err)
	}
	return c.auth.failure()
}

// answer returns the response to a request, nil for a request that has none.
func (c *conn) answer(req *request) (protocol.Response, error) {
	api, ok := c.broker.apis[req.key]
	if !ok {
		return nil, fmt.Errorf("%s (API key %d) is not supported by this broker", req.key, int16(req.key))
	}
	if req.version < api.min || req.version > api.max {
		if req.key == protocol.KeyAPIVersions {
			return c.broker.downgrade(req), nil
		}
		return nil, fmt.Errorf("%s v%d is not supported, v%d to v%d are", req.key, req.version, api.min, api.max)
	}
	message := protocol.NewRequest(req.key)
	if err := message.DecodeFrom(req.body, req.version); err != nil {
		return nil, fmt.Errorf("%s v%d: %w", req.key, req.version, err)
	}
	return api.handle(c.broker, req, message)
}

// logEnd says why a connection ended: nothing for a peer that closed it, or
// for Close.
func (c *conn) logEnd(err error) {
	select {
	case <-c.broker.closing:
		return
	default:
	}
	switch {
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
		c.logger.Debug("connection closed by the client")
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.logger.Debug("connection closed: no request", "idle", c.broker.cfg.IdleTimeout)
	default:
		c.logger.Warn("connection closed", "err", err)
	}
}
