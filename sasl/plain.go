package sasl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Errors of [Mechanism.Start] for the mechanism PLAIN. They are found before
// anything is sent.
var (
	// ErrNoUser means that the user name is empty.
	ErrNoUser = errors.New("sasl: PLAIN: the user name is empty")
	// ErrNoPassword means that the password is empty, which no broker accepts.
	ErrNoPassword = errors.New("sasl: PLAIN: the password is empty")
	// ErrNUL means that the user name or the password has a zero byte, which
	// separates the two in the message.
	ErrNUL = errors.New("sasl: PLAIN: user name and password must not contain a zero byte")
)

// Plain returns the mechanism PLAIN (RFC 4616), which sends the user name and
// the password as they are: use it on TLS connections only. Brokers have it
// from Kafka 0.10.0 on.
//
// An empty user or password, or a zero byte in one, is an error when a
// connection is opened.
func Plain(user, password string) Mechanism {
	return &plain{user: user, password: password}
}

type plain struct {
	user, password string
}

func (p *plain) Name() string { return "PLAIN" }

func (p *plain) Start(context.Context, string) (Session, []byte, error) {
	switch {
	case p.user == "":
		return nil, nil, ErrNoUser
	case p.password == "":
		return nil, nil, ErrNoPassword
	case strings.ContainsRune(p.user, 0) || strings.ContainsRune(p.password, 0):
		return nil, nil, ErrNUL
	}
	// authorization identity (none: the user's own), user, password
	return plainSession{}, []byte("\x00" + p.user + "\x00" + p.password), nil
}

// String names the mechanism and the user, never the password.
func (p *plain) String() string { return fmt.Sprintf("PLAIN as %q", p.user) }

// Format prints String for every verb, so that none shows the password.
func (p *plain) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, p.String()) }

// plainSession has said everything in its first message: whatever the broker
// answers, there is nothing to add.
type plainSession struct{}

func (plainSession) Next([]byte) ([]byte, bool, error) { return nil, true, nil }
