package conn

import (
	"net"

	"github.com/afkak-go/afkak/internal/kbin"
)

const (
	// chunkBytes is how much a sink without vectored writes joins to one write.
	chunkBytes = 64 << 10
	// chunkMin is the size from which it writes a piece from where it lies.
	chunkMin = 16 << 10
)

// sink writes frames to a stream. It belongs to the writer goroutine.
type sink struct {
	stream net.Conn
	// vectored: the kernel takes many pieces with one call, and the counts of
	// the stream are exact. TLS may have sent a record of which it does not
	// know; wrapped connections may be anything.
	vectored bool
	pieces   net.Buffers
	chunk    []byte
}

func newSink(stream net.Conn) *sink {
	s := &sink{stream: stream}
	switch stream.(type) {
	case *net.TCPConn, *net.UnixConn:
		s.vectored = true
	}
	return s
}

// write writes b. reached is how many of its bytes may have left the process.
func (s *sink) write(b []byte) (reached int, err error) {
	n, err := s.stream.Write(b)
	if err != nil && !s.vectored {
		n = len(b)
	}
	return n, err
}

// writeVector writes buf with its cuts where they belong. reached is how many
// bytes may have left the process.
func (s *sink) writeVector(buf []byte, cuts []kbin.Cut) (reached int, err error) {
	if s.vectored {
		return s.writePieces(buf, cuts)
	}
	at := 0
	for _, cut := range cuts {
		if err := s.add(buf[at:cut.At], &reached); err != nil {
			return reached, err
		}
		if err := s.add(cut.Data, &reached); err != nil {
			return reached, err
		}
		at = cut.At
	}
	if err := s.add(buf[at:], &reached); err != nil {
		return reached, err
	}
	return reached, s.flush(&reached)
}

func (s *sink) writePieces(buf []byte, cuts []kbin.Cut) (int, error) {
	pieces := s.pieces[:0]
	at := 0
	for _, cut := range cuts {
		pieces = append(pieces, buf[at:cut.At], cut.Data)
		at = cut.At
	}
	pieces = append(pieces, buf[at:])
	s.pieces = pieces // WriteTo takes them out one by one
	n, err := s.pieces.WriteTo(s.stream)
	clear(pieces)
	s.pieces = pieces
	return int(n), err
}

// add writes b, or keeps a copy until there is more to write.
func (s *sink) add(b []byte, reached *int) error {
	if len(s.chunk)+len(b) > chunkBytes || len(b) >= chunkMin {
		if err := s.flush(reached); err != nil {
			return err
		}
	}
	if len(b) >= chunkMin {
		*reached += len(b)
		_, err := s.stream.Write(b)
		return err
	}
	s.chunk = append(s.chunk, b...)
	return nil
}

func (s *sink) flush(reached *int) error {
	if len(s.chunk) == 0 {
		return nil
	}
	*reached += len(s.chunk)
	_, err := s.stream.Write(s.chunk)
	s.chunk = s.chunk[:0]
	return err
}
