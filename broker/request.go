package broker

import (
	"fmt"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// request is one request as it came in. Its body aliases the connection's
// buffer and is valid until the next request is read.
type request struct {
	conn          *conn
	key           protocol.APIKey
	version       int16
	correlationID int32
	clientID      string // "" for none
	body          []byte
}

// parseRequest reads the header of a request.
func (c *conn) parseRequest(frame []byte) (*request, error) {
	r := kbin.NewReader(frame)
	req := &request{
		conn:          c,
		key:           protocol.APIKey(r.Int16()),
		version:       r.Int16(),
		correlationID: r.Int32(),
	}
	if r.Err() != nil {
		return nil, fmt.Errorf("request of %d bytes is too short for a header: not Kafka's protocol?", len(frame))
	}
	api, ok := c.broker.apis[req.key]
	if !ok || req.version < api.min || req.version > api.max {
		// What follows may be of a form from the future. It is not looked at.
		return req, nil
	}
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(frame, req.key.RequestHeaderVersion(req.version))
	if err != nil {
		return nil, fmt.Errorf("%s v%d: %w", req.key, req.version, err)
	}
	if header.ClientID != nil {
		req.clientID = *header.ClientID
	}
	req.body = frame[n:]
	return req, nil
}
