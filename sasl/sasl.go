// Package sasl holds the mechanisms by which a client proves to a Kafka broker
// who it is: small state machines that turn the broker's challenges into
// responses. They do no I/O and start no goroutine; the connection carries the
// bytes, in SaslAuthenticate requests from Kafka 1.0.0 on (KIP-152) and as
// bare frames before.
//
// A [Mechanism] belongs to a client and is shared by its connections. Each
// authentication, the first of a connection and every later one (KIP-368),
// begins a [Session] of its own, so a mechanism that fetches tokens has its
// place to do so in [Mechanism.Start].
//
// No secret is in an error, in a String method or in what package fmt prints.
package sasl

import "context"

// Mechanism is one way of authenticating. It is safe for concurrent use.
//
// Implementations of this package are made by [Plain]. Others may be written
// outside it: a connection uses nothing but these methods.
type Mechanism interface {
	// Name is the mechanism's registered name, such as "PLAIN". The broker
	// lists it in sasl.enabled.mechanisms.
	Name() string

	// Start begins one authentication with the broker at host, its name or
	// address without the port, and returns the bytes to send first. It may
	// wait for something outside, a token for example, as long as ctx allows.
	Start(ctx context.Context, host string) (Session, []byte, error)
}

// Session is one authentication under way. It is used by one goroutine and
// ends with the first error.
type Session interface {
	// Next takes what the broker answered to the bytes sent last, which may be
	// empty, and returns the bytes to send now.
	//
	// done means that the mechanism expects nothing further of the broker. A
	// non-nil response returned with it is sent, and the broker's acceptance
	// of it is the end of the exchange. Whether the broker has accepted is the
	// connection's to find out: done speaks for the client's side only.
	//
	// An error means that the broker did not prove what the mechanism asks of
	// it, or that challenge makes no sense.
	//
	// challenge is the caller's again when Next returns.
	Next(challenge []byte) (response []byte, done bool, err error)
}
