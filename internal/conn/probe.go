package conn

import (
	"context"
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// errNotOld says that a broker has shown to be of 0.10.0 or later.
var errNotOld = errors.New("the broker is of release 0.10.0 or later")

// probe makes a connection to a broker before 0.10.0 and finds out its
// release. The questions change nothing on the broker:
//
//	                           0.8.0   0.8.1   0.8.2   0.9.0   0.10.0 and later
//	Metadata v1, no topics     in v0's form, all of them       in v1's form
//	ListGroups v0              ends    ends    ends    answers
//	OffsetCommit v2, no topics ends    answers ends
//	OffsetFetch v0, no topics  ends            answers
//
// The first answer proves that the broker is old: these releases do not look
// at the version. So neither a stalled broker nor one that is going down, nor
// a stranger that ends every connection, can be taken for one. The connection
// that is returned is the last one that answered.
func (o *opener) probe(ctx context.Context) (*Conn, *Identity, error) {
	c, err := o.connectOld(ctx)
	if err != nil {
		return nil, nil, err
	}
	answers, err := c.answers(ctx, protocol.NewListGroupsRequest(), 0)
	if err != nil || answers {
		return c.old("0.9.0", err)
	}
	for _, q := range []struct {
		release string
		req     protocol.Request
		version int16
	}{
		{"0.8.1", protocol.NewOffsetCommitRequest(), 2},
		{"0.8.2", &protocol.OffsetFetchRequest{Topics: []protocol.OffsetFetchRequestTopic{}}, 0},
	} {
		if c, err = o.connect(ctx); err != nil {
			return nil, nil, err
		}
		answers, err := c.answers(ctx, q.req, q.version)
		if err != nil || answers {
			return c.old(q.release, err)
		}
	}
	// Nothing has told it from a broker that went down meanwhile.
	if c, err = o.connectOld(ctx); err != nil {
		return nil, nil, err
	}
	return c.old("0.8.0", nil)
}

// old ends a probe: with the identity of a release, or with an error, for
// which the connection is given up.
func (c *Conn) old(release string, err error) (*Conn, *Identity, error) {
	versions, ok := protocol.ReleaseVersions(release)
	if err == nil && !ok {
		err = c.error("probe", fmt.Errorf("no versions are known of release %s", release), false)
	}
	if err != nil {
		c.abort()
		return nil, nil, err
	}
	return c, &Identity{Release: release, Probed: true, Versions: versions}, nil
}

// connectOld makes a connection to a broker that proves on it to be older than
// 0.10.0.
func (o *opener) connectOld(ctx context.Context) (*Conn, error) {
	c, err := o.connect(ctx)
	if err != nil {
		return nil, err
	}
	// In version 1 an empty list asks for no topics; in version 0, for all.
	form := &metadataForm{MetadataResponse: protocol.NewMetadataResponse()}
	req := protocol.NewMetadataRequest()
	req.Topics = []protocol.MetadataRequestTopic{}
	if _, err := c.ask(ctx, req, 1, form); err != nil {
		c.abort()
		return nil, err
	}
	if !form.old {
		c.abort()
		return nil, c.error(requestName(protocol.KeyMetadata, 1), errNotOld, true)
	}
	return c, nil
}

// metadataForm tells in which version's form a Metadata answer is. The form of
// version 1 has more fields, so that no answer fits both.
type metadataForm struct {
	*protocol.MetadataResponse
	old bool
}

// DecodeFrom finds the form of src.
func (f *metadataForm) DecodeFrom(src []byte, version int16) error {
	err := f.MetadataResponse.DecodeFrom(src, version)
	if err != nil && f.MetadataResponse.DecodeFrom(src, 0) == nil {
		f.old = true
		return nil
	}
	return err
}

// answers asks a question that some releases answer and others end the
// connection on, which is then gone.
func (c *Conn) answers(ctx context.Context, req protocol.Request, version int16) (bool, error) {
	_, err := c.ask(ctx, req, version, &anyAnswer{key: req.Key()})
	if endedByPeer(err) {
		c.abort()
		return false, nil
	}
	return err == nil, err
}

// anyAnswer is a response of which only matters that it came.
type anyAnswer struct {
	key protocol.APIKey
}

func (a *anyAnswer) Key() protocol.APIKey                       { return a.key }
func (*anyAnswer) SetDefaults()                                 {}
func (*anyAnswer) AppendTo(dst []byte, _ int16) ([]byte, error) { return dst, nil }

// DecodeFrom takes anything that is as long as the shortest answer.
func (*anyAnswer) DecodeFrom(src []byte, _ int16) error {
	r := kbin.NewReader(src)
	r.Int32()
	return r.Err()
}
