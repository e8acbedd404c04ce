package broker

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// plain is the only mechanism here.
const plain = "PLAIN"

// errAuthentication is all that a client is told of why it was refused.
var errAuthentication = errors.New("unknown user or wrong password")

// authentication is how far one connection has come with SASL.
type authentication struct {
	users map[string]string
	state authState
}

type authState int8

const (
	authOpen      authState = iota // no authentication is asked for
	authNone                       // nothing yet
	authHandshake                  // SaslHandshake v1 went well, SaslAuthenticate follows
	authToken                      // SaslHandshake v0 went well, a bare token follows
	authDone
	authFailed // the failure was answered, the connection ends
)

func newAuthentication(users map[string]string) authentication {
	if len(users) == 0 {
		return authentication{}
	}
	return authentication{users: users, state: authNone}
}

// allows says whether a request may come now.
func (a *authentication) allows(key protocol.APIKey) bool {
	switch a.state {
	case authOpen, authDone:
		return true
	case authNone:
		return key == protocol.KeyAPIVersions || key == protocol.KeySaslHandshake
	case authHandshake:
		return key == protocol.KeySaslAuthenticate
	}
	return false
}

// expectsToken says that the next frame is a bare token and not a request.
func (a *authentication) expectsToken() bool { return a.state == authToken }

// failure ends the connection once a refusal was answered.
func (a *authentication) failure() error {
	if a.state == authFailed {
		return errAuthentication
	}
	return nil
}

// verify checks a PLAIN token (RFC 4616): authorisation id, user and password
// with a zero byte between them.
func (a *authentication) verify(token []byte) error {
	parts := strings.Split(string(token), "\x00")
	if len(parts) != 3 {
		a.state = authFailed
		return fmt.Errorf("a SASL PLAIN token has 3 parts, this one %d", len(parts))
	}
	password, known := a.users[parts[1]]
	// Digests have one length, so that comparing them tells nothing of it.
	want, got := sha256.Sum256([]byte(password)), sha256.Sum256([]byte(parts[2]))
	same := subtle.ConstantTimeCompare(want[:], got[:]) == 1
	if !known || !same || parts[0] != "" && parts[0] != parts[1] {
		a.state = authFailed
		return errAuthentication
	}
	a.state = authDone
	return nil
}

func (b *Broker) handleSaslHandshake(req *request, message *protocol.SaslHandshakeRequest) (protocol.Response, error) {
	auth := &req.conn.auth
	if auth.state != authNone {
		return &protocol.SaslHandshakeResponse{ErrorCode: kerr.IllegalSaslState.Code()}, nil
	}
	resp := &protocol.SaslHandshakeResponse{Mechanisms: []string{plain}}
	switch {
	case message.Mechanism != plain:
		auth.state = authFailed
		resp.ErrorCode = kerr.UnsupportedSaslMechanism.Code()
	case req.version == 0:
		auth.state = authToken
	default:
		auth.state = authHandshake
	}
	return resp, nil
}

func (b *Broker) handleSaslAuthenticate(req *request, message *protocol.SaslAuthenticateRequest) (protocol.Response, error) {
	if req.conn.auth.state != authHandshake {
		return &protocol.SaslAuthenticateResponse{
			ErrorCode:    kerr.IllegalSaslState.Code(),
			ErrorMessage: text("no SASL handshake came before, or it is over"),
			AuthBytes:    []byte{},
		}, nil
	}
	resp := &protocol.SaslAuthenticateResponse{AuthBytes: []byte{}}
	if err := req.conn.auth.verify(message.AuthBytes); err != nil {
		resp.ErrorCode, resp.ErrorMessage = kerr.SaslAuthenticationFailed.Code(), text(err.Error())
	}
	return resp, nil
}

// handleToken takes a token that came after SaslHandshake v0. Success is
// answered with an empty frame, failure with the end of the connection.
func (c *conn) handleToken(token []byte) error {
	if err := c.auth.verify(token); err != nil {
		return err
	}
	_, err := c.nc.Write(binary.BigEndian.AppendUint32(nil, 0))
	return err
}
