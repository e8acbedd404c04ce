package conn

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

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
		if k := &a.APIKeys[i]; protocol.APIKey(k.APIKey) == protocol.KeyAPIVersions && k.MaxVersion >= 0 {
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
	id := &Identity{Versions: protocol.NewVersions(taken(ranges))}
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

// taken corrects the one range that brokers are known to lie about: Kafka 4.0
// and later list Produce from version 0 on, for an old C client's sake
// (KAFKA-18659), and end the connection of whoever sends what is below 3
// (KIP-896). They show by Fetch, which begins with 4 there.
func taken(ranges map[protocol.APIKey]protocol.VersionRange) map[protocol.APIKey]protocol.VersionRange {
	const oldestProduce, oldestFetch = 3, 4
	produce, has := ranges[protocol.KeyProduce]
	if has && ranges[protocol.KeyFetch].Min >= oldestFetch && produce.Min < oldestProduce && produce.Max >= oldestProduce {
		produce.Min = oldestProduce
		ranges[protocol.KeyProduce] = produce
	}
	return ranges
}
