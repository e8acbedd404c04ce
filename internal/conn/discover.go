package conn

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/kerr"
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
	if !ok {
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

// apiVersions asks for the versions that the broker speaks, in ever older
// forms of the question.
func (c *Conn) apiVersions(ctx context.Context, version int16) (*Identity, error) {
	for {
		answer := &versionsAnswer{APIVersionsResponse: protocol.NewAPIVersionsResponse()}
		if _, err := c.ask(ctx, c.versionsRequest(), version, answer); err != nil {
			return nil, err
		}
		next, err := answer.next(version)
		if err != nil {
			return nil, c.error(requestName(protocol.KeyAPIVersions, version), err, true)
		}
		if next == version {
			return answer.identity(), nil
		}
		version = next
	}
}

func (c *Conn) versionsRequest() *protocol.APIVersionsRequest {
	req := protocol.NewAPIVersionsRequest()
	req.ClientSoftwareName = c.cfg.SoftwareName
	req.ClientSoftwareVersion = c.cfg.SoftwareVersion
	return req
}

// versionsAnswer reads an ApiVersions answer in the form in which it comes: a
// broker that does not know the version asked for says so in version 0
// (KIP-511).
type versionsAnswer struct {
	*protocol.APIVersionsResponse
}

// DecodeFrom decodes src, at version 0 if it carries UNSUPPORTED_VERSION.
func (a *versionsAnswer) DecodeFrom(src []byte, version int16) error {
	if len(src) >= 2 && kerr.Error(int16(src[0])<<8|int16(src[1])) == kerr.UnsupportedVersion {
		version = 0
	}
	return a.APIVersionsResponse.DecodeFrom(src, version)
}

// next is the version to ask again in: the one asked in if the answer is good.
func (a *versionsAnswer) next(asked int16) (int16, error) {
	theirs, listed := a.common()
	code := kerr.FromCode(a.ErrorCode)
	switch {
	case code == nil && !listed && len(a.APIKeys) == 0:
		return 0, &ProtocolError{What: "the broker lists no request that it speaks"}
	case code == nil && listed && asked < 3 && theirs >= 3: // it was upgraded; features come with 3 (KIP-584)
		return theirs, nil
	case code == nil:
		return asked, nil
	case code != error(kerr.UnsupportedVersion):
		return 0, code
	case listed && theirs < asked: // from 2.4 on it says what it knows
		return theirs, nil
	case !listed && asked > 0:
		return 0, nil
	}
	return 0, fmt.Errorf("%w, though it was asked in version %d", code, asked)
}

// common is the highest version of ApiVersions that the answer lists and we
// have.
func (a *versionsAnswer) common() (version int16, listed bool) {
	api, _ := protocol.LookupAPI(protocol.KeyAPIVersions)
	for i := range a.APIKeys {
		if k := &a.APIKeys[i]; protocol.APIKey(k.APIKey) == protocol.KeyAPIVersions {
			return min(k.MaxVersion, api.MaxVersion), true
		}
	}
	return 0, false
}

// identity is what the answer says about the broker.
func (a *versionsAnswer) identity() *Identity {
	ranges := make(map[protocol.APIKey]protocol.VersionRange, len(a.APIKeys))
	for i := range a.APIKeys {
		k := &a.APIKeys[i]
		ranges[protocol.APIKey(k.APIKey)] = protocol.VersionRange{Min: k.MinVersion, Max: k.MaxVersion}
	}
	id := &Identity{Versions: protocol.NewVersions(ranges)}
	id.Release = guessRelease(id.Versions)
	for i := range a.SupportedFeatures {
		f := &a.SupportedFeatures[i]
		id.Features = append(id.Features, Feature{Name: f.Name, Min: f.MinVersion, Max: f.MaxVersion, Level: a.level(f.Name)})
	}
	return id
}

// level is the level of a feature that is in force in the cluster.
func (a *versionsAnswer) level(feature string) int16 {
	for i := range a.FinalizedFeatures {
		if f := &a.FinalizedFeatures[i]; f.Name == feature {
			return f.MaxVersionLevel
		}
	}
	return 0
}
