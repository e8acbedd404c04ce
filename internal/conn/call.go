package conn

import (
	"context"
	"math"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// AnyVersion as the MaxVersion of a [Call] sets no bound.
const AnyVersion int16 = -1

// Call is a request and how to make it.
type Call struct {
	// Request is encoded before Start or Do goes on. Payloads of 1 KiB and
	// more in its records fields are read later: they must not change until
	// the call is done or, where the context of Do ended the wait, ever.
	Request protocol.Request

	// MinVersion and MaxVersion bound the version besides what this client and
	// the broker speak; the highest that all allow is used. MaxVersion is
	// [AnyVersion] for no bound. Zero means version 0.
	MinVersion, MaxVersion int16

	// Timeout bounds the call, from its hand-off to its answer. Default
	// [Config.RequestTimeout].
	Timeout time.Duration

	// ThrottleAside says that the time for which the broker does not read the
	// connection, because the client went over a quota (KIP-219), does not count
	// against Timeout.
	ThrottleAside bool

	// NoResponse says that the broker will not answer, as to a produce request
	// with acks 0. The call is done when it was written, with a nil response.
	NoResponse bool
}

// Do makes a call and waits for the answer. ctx ends the wait, never the
// connection: the call then fails with an [*Error] around ctx.Err(), whose
// Sent tells whether it may have reached the broker all the same.
//
// Errors are an [*Error], also if the request cannot be encoded or the broker
// speaks no fitting version of it. Error codes in the answer are the caller's
// to read.
func (c *Conn) Do(ctx context.Context, call Call) (protocol.Response, error) {
	p, err := c.prepare(call)
	if err != nil {
		return nil, err
	}
	return c.wait(ctx, p)
}

// Start makes a call and returns at once: it never waits for the network. done
// is called exactly once, with the answer or an [*Error] as of Do, by a
// goroutine of the connection: it must be short, must not wait for this
// connection, and may use it.
func (c *Conn) Start(call Call, done func(protocol.Response, error)) {
	p, err := c.prepare(call)
	if err == nil {
		p.done = done
		_, err = c.handOver(p)
	}
	if err != nil {
		go done(nil, err) // the caller may hold locks that done takes
	}
}

// prepare encodes a call at the version that suits all.
func (c *Conn) prepare(call Call) (*pending, error) {
	key := call.Request.Key()
	version, err := c.pick(key, call.MinVersion, call.MaxVersion)
	if err != nil {
		return nil, c.error("choose a version", err, false)
	}
	p, err := c.encode(call.Request, version)
	if err != nil {
		return nil, err
	}
	if p.noResponse = call.NoResponse; !p.noResponse {
		p.response = call.Request.NewResponse()
	}
	if call.Timeout > 0 {
		p.timeout = call.Timeout
	}
	p.throttleAside = call.ThrottleAside
	return p, nil
}

// pick returns the highest version within the bounds that we and the broker
// speak.
func (c *Conn) pick(key protocol.APIKey, low, high int16) (int16, error) {
	if high == AnyVersion {
		high = math.MaxInt16
	}
	return c.identity.Versions.Pick(key, low, high)
}
