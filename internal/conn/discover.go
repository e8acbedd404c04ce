package conn

import (
	"context"
	"errors"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// quietTime is for how long an ApiVersions request may go unanswered before
// the broker is taken for one that might be of release 0.9.0.
const quietTime = 400 * time.Millisecond

// discover makes a connection and finds out what the broker speaks.
//
// From 0.10.0 on it says so itself, when asked with ApiVersions (KIP-35).
// Releases 0.8 end the connection on that question. Release 0.9.0 leaves it
// unanswered, but so does a newer broker that is stalled: what an old broker
// is has to be proved by what it answers, see probe.
func (o *opener) discover(ctx context.Context, known *Identity) (*Conn, *Identity, error) {
	if known != nil && known.Probed {
		c, identity, err := o.probe(ctx)
		if err == nil || !reached(err) {
			return c, identity, err
		}
	}
	version := firstAPIVersions(known)
	c, identity, err := o.askVersions(ctx, version)
	if version > 0 && endedByPeer(err) {
		// It may be only the version that it cannot stand.
		c, identity, err = o.askVersions(ctx, 0)
	}
	if endedByPeer(err) {
		return o.probeUnwelcome(ctx, err)
	}
	return c, identity, err
}

// probeUnwelcome probes a peer that has answered ApiVersions with the end of
// the connection, which was err.
func (o *opener) probeUnwelcome(ctx context.Context, err error) (*Conn, *Identity, error) {
	c, identity, probeErr := o.probe(ctx)
	switch {
	case endedByPeer(probeErr):
		return nil, nil, o.unwelcome(err)
	case errors.Is(probeErr, errNotOld): // it was going down, or coming up
		return nil, nil, err
	}
	return c, identity, probeErr
}

// firstAPIVersions is the version to ask for versions in: the newest, or what
// the broker is known to understand, which saves a downgrade.
func firstAPIVersions(known *Identity) int16 {
	api, _ := protocol.LookupAPI(protocol.KeyAPIVersions)
	if known == nil {
		return api.MaxVersion
	}
	r, ok := known.Versions.Range(protocol.KeyAPIVersions)
	if !ok || r.Max < 0 { // it lied, and may have been mended
		return api.MaxVersion
	}
	return min(api.MaxVersion, r.Max)
}

// reached reports that an error came after a connection was there.
func reached(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Op != opConnect && e.Op != opTLS
}

// endedByPeer reports that the broker ended the connection instead of
// answering.
func endedByPeer(err error) bool {
	return reached(err) && isClosed(err)
}

// unwelcome is the error for a peer that ended every connection without ever
// answering.
func (o *opener) unwelcome(err error) error {
	e := *err.(*Error)
	e.Err = &NetworkError{Err: e.Err, Hint: o.unwelcomeHint()}
	return &e
}

func (o *opener) unwelcomeHint() string {
	switch {
	case o.cfg.TLS == nil && o.cfg.SASL == nil:
		return "it answers nothing: does this listener want TLS or SASL?"
	case o.cfg.TLS == nil:
		return "it answers nothing: does this listener want TLS?"
	}
	return "it answers nothing: is this a Kafka listener?"
}

// askVersions makes a connection and asks with ApiVersions, beginning with the
// given version. If nothing comes for quietTime it probes for an old broker as
// well.
func (o *opener) askVersions(ctx context.Context, version int16) (*Conn, *Identity, error) {
	c, err := o.connect(ctx)
	if err != nil {
		return nil, nil, err
	}
	asked := make(chan found, 1)
	go func() { // ends with ctx or c; waited for by every return below
		identity, err := c.apiVersions(ctx, version)
		asked <- found{c, identity, err}
	}()
	quiet := time.NewTimer(quietTime)
	defer quiet.Stop()
	select {
	case f := <-asked:
		return f.result()
	case <-quiet.C:
	}
	return o.askAndProbe(ctx, c, asked)
}

// found is what one way of asking has come to.
type found struct {
	c        *Conn
	identity *Identity
	err      error
}

// result keeps the connection if something was found on it.
func (f found) result() (*Conn, *Identity, error) {
	if f.err != nil {
		f.drop()
		return nil, nil, f.err
	}
	return f.c, f.identity, nil
}

func (f found) drop() {
	if f.c != nil {
		f.c.abort()
	}
}

// askAndProbe probes for an old broker while ApiVersions stays unanswered on c.
// Whichever finds something first has it; a stalled broker answers neither, and
// then ctx ends.
func (o *opener) askAndProbe(ctx context.Context, c *Conn, asked <-chan found) (*Conn, *Identity, error) {
	probing, stop := context.WithCancel(ctx)
	defer stop()
	probed := make(chan found, 1)
	go func() { // ends with probing; waited for by every return below
		c, identity, err := o.probe(probing)
		probed <- found{c, identity, err}
	}()
	select {
	case f := <-asked:
		stop()
		(<-probed).drop()
		return f.result()
	case f := <-probed:
		if f.err != nil { // it is no old broker, or nothing can be said
			return (<-asked).result()
		}
		c.abort()
		(<-asked).drop()
		return f.result()
	}
}
