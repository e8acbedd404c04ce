package conn

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// encode makes the frame of a request, the correlation id still 0.
func (c *Conn) encode(req protocol.Request, version int16) (*pending, error) {
	p := pendings.Get().(*pending)
	p.key, p.version, p.timeout = req.Key(), version, c.cfg.RequestTimeout
	var err error
	p.buf = c.appendHeader(p.buf[:0], p.key, version)
	if vector, ok := req.(protocol.VectorAppender); ok {
		p.buf, p.cuts, err = vector.AppendVector(p.buf, version, p.cuts[:0])
	} else {
		p.buf, err = req.AppendTo(p.buf, version)
	}
	if err == nil {
		err = p.frame()
	}
	if err != nil {
		err = c.error(p.name(), fmt.Errorf("encode the request: %w", err), false)
		recycle(p)
		return nil, err
	}
	return p, nil
}

// Where the fields of a request's frame are that are filled in last.
const (
	lengthAt      = 0
	correlationAt = 8
)

// appendHeader appends room for the length and the request header.
func (c *Conn) appendHeader(dst []byte, key protocol.APIKey, version int16) []byte {
	dst = kbin.AppendInt32(dst, 0) // the length
	dst = kbin.AppendInt16(dst, int16(key))
	dst = kbin.AppendInt16(dst, version)
	dst = kbin.AppendInt32(dst, 0) // the correlation id
	header := key.RequestHeaderVersion(version)
	if header >= 1 {
		dst = kbin.AppendString(dst, c.cfg.ClientID)
	}
	if header >= 2 { // flexible (KIP-482): no tagged fields
		dst = kbin.AppendUvarint(dst, 0)
	}
	return dst
}

// frame fills in the length of an encoded request.
func (p *pending) frame() error {
	p.size = len(p.buf) + kbin.CutsLen(p.cuts)
	if p.size > math.MaxInt32 {
		return fmt.Errorf("it has %d bytes, no request can have more than %d", p.size, math.MaxInt32)
	}
	binary.BigEndian.PutUint32(p.buf[lengthAt:], uint32(p.size-4))
	return nil
}

// encodeToken makes the bare frame of a SASL token.
func (c *Conn) encodeToken(op string, token []byte) *pending {
	p := pendings.Get().(*pending)
	p.op, p.bare, p.timeout = op, true, c.cfg.RequestTimeout
	p.buf = kbin.AppendInt32(p.buf[:0], int32(len(token)))
	p.buf = append(p.buf, token...)
	p.size = len(p.buf)
	return p
}
