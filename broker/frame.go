package broker

import (
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// firstFrameBytes is what is allocated for a frame before any of it arrived.
	firstFrameBytes = 64 << 10
	// keptFrameBytes is the largest buffer that a connection keeps between requests.
	keptFrameBytes = 4 << 20
)

// frameReader reads the frames of one connection: four bytes of length, then
// so many bytes. It reuses its buffer.
type frameReader struct {
	r     io.Reader
	limit int // bytes in a frame at most
	buf   []byte
}

// next returns the next frame, valid until the following call. io.EOF means
// that the peer closed between two frames.
func (f *frameReader) next() ([]byte, error) {
	if cap(f.buf) > keptFrameBytes {
		f.buf = nil
	}
	var prefix [4]byte
	if _, err := io.ReadFull(f.r, prefix[:]); err != nil {
		return nil, err
	}
	size := int(int32(binary.BigEndian.Uint32(prefix[:])))
	if size < 0 || size > f.limit {
		return nil, fmt.Errorf("request of %d bytes announced (% x), %d are allowed: not Kafka's protocol, or a larger Config.MaxRequestBytes is needed", size, prefix, f.limit)
	}
	return f.read(size)
}

// read reads size bytes. The buffer grows as they arrive, so that a length
// alone costs nothing.
func (f *frameReader) read(size int) ([]byte, error) {
	if cap(f.buf) < min(size, firstFrameBytes) {
		f.buf = make([]byte, min(size, firstFrameBytes))
	}
	for done := 0; ; {
		f.buf = f.buf[:min(size, cap(f.buf))]
		n, err := io.ReadFull(f.r, f.buf[done:])
		done += n
		if err == io.EOF && size > 0 {
			err = io.ErrUnexpectedEOF
		}
		if err != nil || done == size {
			return f.buf, err
		}
		grown := make([]byte, min(size, 2*done))
		copy(grown, f.buf)
		f.buf = grown
	}
}
