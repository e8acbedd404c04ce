package conn

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
)

const (
	// readBufferBytes is read ahead at most: small answers come whole with one
	// system call, of a large one so much is copied.
	readBufferBytes = 8 << 10
	// firstBodyBytes is allocated for an answer on its announced length alone.
	firstBodyBytes = 256 << 10
)

// frameReader reads the frames of one connection, four bytes of length before
// each. It belongs to the reader goroutine.
type frameReader struct {
	r       *bufio.Reader
	limit   int // bytes of a frame at most
	trusted int // bytes that this peer has shown to deliver in one frame
	answers int // frames begun
}

func newFrameReader(r io.Reader, limit int) *frameReader {
	return &frameReader{r: bufio.NewReaderSize(r, readBufferBytes), limit: limit, trusted: firstBodyBytes}
}

// size reads the length of the next frame. io.EOF means that the peer closed
// between two frames.
func (f *frameReader) size() (int, error) {
	prefix, err := f.r.Peek(4)
	if err != nil {
		if err == io.EOF && f.r.Buffered() > 0 {
			err = io.ErrUnexpectedEOF
		}
		return 0, err
	}
	size := int(int32(binary.BigEndian.Uint32(prefix)))
	if err := f.check(size); err != nil {
		return 0, err
	}
	f.answers++
	_, err = f.r.Discard(4)
	return size, err
}

// check refuses a length that no broker sends. What cannot be Kafka's first
// answer is named even where the length would be allowed.
func (f *frameReader) check(size int) error {
	if size < 0 || size > f.limit || f.answers == 0 {
		seen, _ := f.r.Peek(f.r.Buffered())
		if hint := strangerHint(seen); hint != "" {
			return &ProtocolError{What: "what came is no Kafka answer", Hint: hint}
		}
	}
	switch {
	case size < 0:
		return announced(size, "this is not Kafka's protocol")
	case size > f.limit:
		return announced(size, fmt.Sprintf("at most %d are allowed: not Kafka's protocol, or a larger MaxResponseBytes is needed", f.limit))
	}
	return nil
}

func announced(size int, hint string) error {
	return &ProtocolError{What: fmt.Sprintf("an answer of %d bytes was announced", size), Hint: hint}
}

// correlation reads the four bytes that begin an answer.
func (f *frameReader) correlation() (int32, error) {
	b, err := f.r.Peek(4)
	if err != nil {
		return 0, cutShort(err)
	}
	id := int32(binary.BigEndian.Uint32(b))
	_, err = f.r.Discard(4)
	return id, err
}

// body reads n bytes into fresh memory, which grows as they arrive: a length
// alone is worth firstBodyBytes, or what the peer has delivered before.
func (f *frameReader) body(n int) ([]byte, error) {
	buf := make([]byte, min(n, f.trusted))
	for done := 0; ; {
		m, err := io.ReadFull(f.r, buf[done:])
		done += m
		if err != nil {
			return nil, cutShort(err)
		}
		if done == n {
			f.trusted = max(f.trusted, n)
			return buf, nil
		}
		grown := make([]byte, min(n, 2*done))
		copy(grown, buf)
		buf = grown
	}
}

// discard skips n bytes.
func (f *frameReader) discard(n int) error {
	_, err := f.r.Discard(n)
	return cutShort(err)
}

// cutShort names an end of the stream inside a frame.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
