package conn

import (
	"context"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/sasl"
)

// authenticate proves with the configured mechanism who we are. Tokens travel
// in SaslAuthenticate requests (KIP-152), or bare on brokers before 1.0.0.
func (c *Conn) authenticate(ctx context.Context) error {
	mechanism := c.cfg.SASL
	a := &authentication{c: c, mechanism: mechanism.Name()}
	version, err := c.pick(protocol.KeySaslHandshake, 0, AnyVersion)
	if err != nil {
		return a.fail(err, "", "authentication needs Kafka 0.10.0 or later")
	}
	a.version, err = c.pick(protocol.KeySaslAuthenticate, 0, AnyVersion)
	if err != nil {
		version = 0 // by which the broker knows that tokens come bare
	}
	a.bare = version == 0
	if err := a.handshake(ctx, version); err != nil {
		return err
	}
	session, token, err := mechanism.Start(ctx, hostOf(c.addr))
	if err != nil {
		return a.fail(err, "", "")
	}
	return a.run(ctx, session, token)
}

// authentication is one under way.
type authentication struct {
	c         *Conn
	mechanism string
	bare      bool  // tokens travel without a request around them
	version   int16 // of SaslAuthenticate
}

// handshake agrees with the broker on the mechanism.
func (a *authentication) handshake(ctx context.Context, version int16) error {
	req := &protocol.SaslHandshakeRequest{Mechanism: a.mechanism}
	resp := protocol.NewSaslHandshakeResponse()
	if _, err := a.c.ask(ctx, req, version, resp); err != nil {
		return err
	}
	switch err := kerr.FromCode(resp.ErrorCode); err {
	case nil:
		return nil
	case error(kerr.IllegalSaslState):
		return a.fail(err, "", "does this listener use SASL at all?")
	default:
		e := a.fail(err, "", "")
		e.Err.(*AuthError).Offered = resp.Mechanisms
		return e
	}
}

// run carries tokens between the session and the broker.
func (a *authentication) run(ctx context.Context, session sasl.Session, token []byte) error {
	for done := false; ; {
		if a.bare && done { // the last token, to which there is no answer
			return a.sendBare(ctx, token)
		}
		challenge, err := a.exchange(ctx, token)
		if err != nil || done {
			return err
		}
		token, done, err = session.Next(challenge)
		if err != nil {
			return a.fail(err, "", "")
		}
		if done && token == nil {
			return nil
		}
	}
}

// exchange sends a token and returns the broker's answer to it.
func (a *authentication) exchange(ctx context.Context, token []byte) ([]byte, error) {
	if a.bare {
		return a.exchangeBare(ctx, token)
	}
	resp := protocol.NewSaslAuthenticateResponse()
	if _, err := a.c.ask(ctx, &protocol.SaslAuthenticateRequest{AuthBytes: token}, a.version, resp); err != nil {
		return nil, err
	}
	if err := kerr.FromCode(resp.ErrorCode); err != nil {
		message := ""
		if resp.ErrorMessage != nil {
			message = *resp.ErrorMessage
		}
		return nil, a.fail(err, message, "")
	}
	a.c.sessionLifetime = time.Duration(resp.SessionLifetimeMs) * time.Millisecond
	return resp.AuthBytes, nil
}

// exchangeBare does so where tokens are frames of their own. Such a broker
// refuses by ending the connection.
func (a *authentication) exchangeBare(ctx context.Context, token []byte) ([]byte, error) {
	answer := new(saslToken)
	_, err := a.c.question(ctx, a.c.encodeToken(a.op(), token), answer)
	if endedByPeer(err) {
		return nil, a.fail(err.(*Error).Err, "", "brokers before 1.0.0 refuse credentials in this way")
	}
	return answer.b, err
}

func (a *authentication) sendBare(ctx context.Context, token []byte) error {
	p := a.c.encodeToken(a.op(), token)
	p.noResponse = true
	_, err := a.c.question(ctx, p, nil)
	return err
}

func (a *authentication) op() string { return "SASL " + a.mechanism }

func (a *authentication) fail(err error, message, hint string) *Error {
	return a.c.error(a.op(), &AuthError{Mechanism: a.mechanism, Message: message, Err: err, Hint: hint}, true)
}

// saslToken is what a broker sends in a bare frame.
type saslToken struct {
	b []byte
}

func (*saslToken) Key() protocol.APIKey                         { return protocol.KeySaslAuthenticate }
func (*saslToken) SetDefaults()                                 {}
func (*saslToken) AppendTo(dst []byte, _ int16) ([]byte, error) { return dst, nil }

// DecodeFrom takes all of src, whatever it is.
func (t *saslToken) DecodeFrom(src []byte, _ int16) error {
	t.b = src
	return nil
}

// String keeps tokens out of what is printed.
func (t *saslToken) String() string { return fmt.Sprintf("SASL token of %d bytes", len(t.b)) }
