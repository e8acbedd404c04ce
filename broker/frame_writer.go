package broker

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// frameWriter writes the responses of one connection. It reuses its buffers.
type frameWriter struct {
	buf    []byte
	cuts   []kbin.Cut
	pieces net.Buffers
}

// response encodes and writes one response. Record batches go out from where
// the log holds them.
func (f *frameWriter) response(w io.Writer, req *request, resp protocol.Response) error {
	buf := append(f.buf[:0], 0, 0, 0, 0)
	header := protocol.ResponseHeader{CorrelationID: req.correlationID}
	buf, err := header.AppendTo(buf, req.key.ResponseHeaderVersion(req.version))
	if err != nil {
		return err
	}
	f.cuts = f.cuts[:0]
	if vector, ok := resp.(protocol.VectorAppender); ok {
		buf, f.cuts, err = vector.AppendVector(buf, req.version, f.cuts)
	} else {
		buf, err = resp.AppendTo(buf, req.version)
	}
	if err != nil {
		return err
	}
	return f.write(w, buf)
}

// write fills in the length and writes buf with the cuts in their places.
func (f *frameWriter) write(w io.Writer, buf []byte) error {
	size := len(buf) - 4
	for _, cut := range f.cuts {
		size += len(cut.Data)
	}
	if size > math.MaxInt32 {
		return fmt.Errorf("response of %d bytes does not fit into a frame", size)
	}
	binary.BigEndian.PutUint32(buf, uint32(size))
	if f.buf = buf; cap(buf) > keptFrameBytes {
		f.buf = nil
	}
	if len(f.cuts) == 0 {
		_, err := w.Write(buf)
		return err
	}
	pieces := f.pieces[:0]
	done := 0
	for _, cut := range f.cuts {
		pieces = append(pieces, buf[done:cut.At], cut.Data)
		done = cut.At
	}
	f.pieces = append(pieces, buf[done:])
	rest := f.pieces // WriteTo consumes the slice that it is called on
	_, err := rest.WriteTo(w)
	clear(f.pieces)
	clear(f.cuts)
	return err
}
