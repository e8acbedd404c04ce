package sasl_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/sasl"
)

func ExamplePlain() {
	mechanism := sasl.Plain("alice", "secret")
	session, first, err := mechanism.Start(context.Background(), "localhost")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s sends %q\n", mechanism.Name(), first)

	_, done, err := session.Next(nil) // what the broker answered
	fmt.Println(done, err)
	// Output:
	// PLAIN sends "\x00alice\x00secret"
	// true <nil>
}

func TestPlainEndsWithTheFirstAnswerWhateverItIs(t *testing.T) {
	for _, challenge := range [][]byte{nil, {}, []byte("welcome")} {
		session, _, err := sasl.Plain("alice", "secret").Start(t.Context(), "b1")
		if err != nil {
			t.Fatal(err)
		}
		response, done, err := session.Next(challenge)
		if response != nil || !done || err != nil {
			t.Errorf("Next(%q) = %q, %v, %v; want nil, true, nil", challenge, response, done, err)
		}
	}
}

func TestPlainRefusesWhatNoBrokerCouldRead(t *testing.T) {
	for _, c := range []struct {
		situation, user, password string
		want                      error
	}{
		{"no user", "", "secret", sasl.ErrNoUser},
		{"no password", "alice", "", sasl.ErrNoPassword},
		{"a zero byte in the user", "al\x00ice", "secret", sasl.ErrNUL},
		{"a zero byte in the password", "alice", "sec\x00ret", sasl.ErrNUL},
	} {
		_, first, err := sasl.Plain(c.user, c.password).Start(t.Context(), "b1")
		if !errors.Is(err, c.want) || first != nil {
			t.Errorf("%s: Start = %q, %v; want %v", c.situation, first, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the password is in the error %q", c.situation, err)
		}
	}
}

func TestPlainIsNeverPrintedWithItsPassword(t *testing.T) {
	mechanism := sasl.Plain("alice", "hunter2")
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+"\n", mechanism)
		fmt.Fprintf(&out, verb+"\n", struct{ SASL sasl.Mechanism }{mechanism})
	}
	log := &slog.HandlerOptions{Level: slog.LevelDebug}
	slog.New(slog.NewTextHandler(&out, log)).Info("open", "sasl", mechanism)
	slog.New(slog.NewJSONHandler(&out, log)).Info("open", "sasl", mechanism)

	if s := out.String(); strings.Contains(s, "hunter2") || strings.Contains(s, fmt.Sprintf("%x", "hunter2")) {
		t.Errorf("the password is in what was printed:\n%s", s)
	}
}
