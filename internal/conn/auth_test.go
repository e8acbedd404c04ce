package conn_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/sasl"
)

// guarded serves connections as a broker with SASL: the tokens in requests,
// or bare on one before 1.0.0. check answers a token; ok is false to refuse.
type guarded struct {
	bare  bool
	check func(token string) (challenge string, ok bool)
}

func (g guarded) serve(s *session) {
	for {
		req, ok := s.next()
		if !ok {
			return
		}
		switch req.key {
		case protocol.KeyAPIVersions:
			s.reply(req, g.versions())
		case protocol.KeySaslHandshake:
			m := new(protocol.SaslHandshakeRequest)
			_ = m.DecodeFrom(req.body, req.version)
			resp := &protocol.SaslHandshakeResponse{Mechanisms: []string{"PLAIN", "STEPS"}}
			if m.Mechanism != "PLAIN" && m.Mechanism != "STEPS" {
				resp.ErrorCode = int16(kerr.UnsupportedSaslMechanism)
			}
			s.reply(req, resp)
			if g.bare && !g.tokens(s) {
				return
			}
		case protocol.KeySaslAuthenticate:
			m := new(protocol.SaslAuthenticateRequest)
			_ = m.DecodeFrom(req.body, req.version)
			resp := protocol.NewSaslAuthenticateResponse()
			challenge, ok := g.check(string(m.AuthBytes))
			resp.AuthBytes, resp.SessionLifetimeMs = []byte(challenge), 60_000
			if !ok {
				message := "Authentication failed: Invalid username or password"
				resp.ErrorCode, resp.ErrorMessage = int16(kerr.SaslAuthenticationFailed), &message
			}
			s.reply(req, resp)
		default:
			echo(s, req)
		}
	}
}

// tokens reads bare tokens until check has answered one with nothing.
func (g guarded) tokens(s *session) bool {
	for {
		token, ok := s.frame()
		if !ok {
			return false
		}
		challenge, ok := g.check(string(token))
		if !ok {
			return false
		}
		if challenge == "silence" {
			return true
		}
		_, _ = s.Write(append([]byte{0, 0, 0, byte(len(challenge))}, challenge...))
		if challenge == "" {
			return true
		}
	}
}

func (g guarded) versions() *protocol.APIVersionsResponse {
	resp := everything()
	if g.bare {
		for i, k := range resp.APIKeys {
			if k.APIKey == int16(protocol.KeySaslAuthenticate) {
				resp.APIKeys = append(resp.APIKeys[:i], resp.APIKeys[i+1:]...)
				break
			}
		}
	}
	return resp
}

func plainOnly(token string) (string, bool) { return "", token == "\x00alice\x00secret" }

// steps is a mechanism with a challenge in between and a last word of the
// client's.
type steps struct{ hosts *[]string }

func (steps) Name() string { return "STEPS" }
func (m steps) Start(_ context.Context, host string) (sasl.Session, []byte, error) {
	*m.hosts = append(*m.hosts, host)
	return &stepsSession{}, []byte("first"), nil
}

type stepsSession struct{ n int }

func (s *stepsSession) Next(challenge []byte) ([]byte, bool, error) {
	s.n++
	if want := fmt.Sprint("challenge ", s.n); string(challenge) != want {
		return nil, false, fmt.Errorf("got %q, want %q", challenge, want)
	}
	if s.n == 1 {
		return []byte("second"), false, nil
	}
	return []byte("last"), true, nil
}

func stepsOnly(token string) (string, bool) {
	switch token {
	case "first":
		return "challenge 1", true
	case "second":
		return "challenge 2", true
	case "last":
		return "silence", true
	}
	return "", false
}

func TestAuthenticationComesBeforeTheFirstCall(t *testing.T) {
	var hosts []string
	for _, c := range []struct {
		situation string
		broker    guarded
		mechanism sasl.Mechanism
		lifetime  time.Duration
	}{
		{"PLAIN", guarded{false, plainOnly}, sasl.Plain("alice", "secret"), time.Minute},
		{"PLAIN before 1.0.0", guarded{true, plainOnly}, sasl.Plain("alice", "secret"), 0},
		{"several steps", guarded{false, stepsOnly}, steps{&hosts}, time.Minute},
		{"several steps before 1.0.0", guarded{true, stepsOnly}, steps{&hosts}, 0},
	} {
		t.Run(c.situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeer(t, c.broker.serve)
				nc := p.open(conn.Config{SASL: c.mechanism})
				defer p.close(nc)
				if _, err := nc.Do(t.Context(), heartbeat()); err != nil {
					t.Error(err)
				}
				if got := nc.SessionLifetime(); got != c.lifetime {
					t.Errorf("SessionLifetime %v, want %v", got, c.lifetime)
				}
			})
		})
	}
	if want := []string{"b2", "b2"}; fmt.Sprint(hosts) != fmt.Sprint(want) {
		t.Errorf("mechanisms were told of the hosts %v, want %v", hosts, want)
	}
}

func TestRefusedCredentialsSayWhyAndNeverWhatTheyWere(t *testing.T) {
	for _, c := range []struct {
		situation string
		serve     func(*session)
		mechanism sasl.Mechanism
		want      error
		text      string
	}{
		{"wrong password", guarded{false, plainOnly}.serve, sasl.Plain("alice", "hunter2"), kerr.SaslAuthenticationFailed, "Invalid username or password"},
		{"wrong password before 1.0.0", guarded{true, plainOnly}.serve, sasl.Plain("alice", "hunter2"), nil, "refuse credentials in this way"},
		{"mechanism that is not enabled", guarded{false, plainOnly}.serve, named{sasl.Plain("alice", "hunter2"), "SCRAM-SHA-256"}, kerr.UnsupportedSaslMechanism, "the broker offers PLAIN, STEPS"},
		{"no user", guarded{false, plainOnly}.serve, sasl.Plain("", "hunter2"), sasl.ErrNoUser, ""},
		{"listener without SASL", modern(func(s *session, req request) bool {
			s.reply(req, &protocol.SaslHandshakeResponse{ErrorCode: int16(kerr.IllegalSaslState)})
			return true
		}), sasl.Plain("alice", "hunter2"), kerr.IllegalSaslState, "does this listener use SASL"},
		{"broker older than SASL", old("0.8.2"), sasl.Plain("alice", "hunter2"), nil, "0.10.0"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeer(t, c.serve)
				_, err := conn.OpenBroker(t.Context(), &conn.Config{Dial: p.dial, SASL: c.mechanism}, 2, "b2:9092", nil)
				e := asError(t, err)
				var refused *conn.AuthError
				if !errors.As(e, &refused) || e.Retriable() || e.Op != "SASL "+c.mechanism.Name() {
					t.Errorf("got %v, Retriable %v", e, e.Retriable())
				}
				if c.want != nil && !errors.Is(err, c.want) {
					t.Errorf("got %v, want %v", err, c.want)
				}
				if text := fmt.Sprintf("%v %+v %#v", err, err, refused); !strings.Contains(text, c.text) || strings.Contains(text, "hunter2") {
					t.Errorf("the error reads %q", text)
				}
				p.alive.Wait()
			})
		})
	}
}

// named is a mechanism under another name.
type named struct {
	sasl.Mechanism
	name string
}

func (n named) Name() string { return n.name }
