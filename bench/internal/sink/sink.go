// Package sink is a broker that keeps nothing: it answers a produce request as
// soon as it has read it, and forgets the records. Against it the client is
// what limits the speed.
//
// It is one node that leads every partition, and counts for each the records
// and bytes that came, so that whoever runs a benchmark can ask afterwards, with
// the requests that a real broker answers too. Nothing is validated.
package sink

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"

	"github.com/afkak-go/afkak/protocol"
)

// Sink is a running sink.
type Sink struct {
	listener net.Listener
	wg       sync.WaitGroup // the accepting goroutine, and one for each connection

	mu     sync.Mutex
	closed bool
	conns  map[net.Conn]struct{}
	topics map[string]*topic
	nextID int64 // of a producer
}

type topic struct {
	id         protocol.UUID
	name       string
	partitions []partition
}

// partition is what came of it.
type partition struct {
	records int64 // the offset of the next one
	bytes   int64
}

// Start starts a sink on a free loopback port. Close ends it.
func Start() (*Sink, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Sink{listener: listener, conns: make(map[net.Conn]struct{}), topics: make(map[string]*topic)}
	s.wg.Go(s.accept) // ends when Close closes the listener, and Close waits for it
	return s, nil
}

// Addr is where it listens, host:port.
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Close ends it and waits for its goroutines.
func (s *Sink) Close() error {
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	err := s.listener.Close()
	s.wg.Wait()
	return err
}

func (s *Sink) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.conns[conn] = struct{}{}
		s.wg.Go(func() { // ends with its connection, which Close closes
			_ = s.serve(conn) // whoever sent what could not be read notices by the end
			_ = conn.Close()
			s.mu.Lock()
			delete(s.conns, conn)
			s.mu.Unlock()
		})
		s.mu.Unlock()
	}
}

// maxFrame is the largest request that is read, as with Kafka.
const maxFrame = 100 << 20

// serve answers one request after the other, until one cannot be read.
func (s *Sink) serve(conn net.Conn) error {
	in := bufio.NewReader(conn)
	var frame, out []byte
	for {
		var size [4]byte
		if _, err := io.ReadFull(in, size[:]); err != nil {
			return err
		}
		n := int(binary.BigEndian.Uint32(size[:]))
		if n < 8 || n > maxFrame {
			return fmt.Errorf("a request of %d bytes", n)
		}
		if cap(frame) < n {
			frame = make([]byte, n)
		}
		frame = frame[:n]
		if _, err := io.ReadFull(in, frame); err != nil {
			return err
		}
		var err error
		if out, err = s.answer(out[:0], frame); err != nil {
			return err
		}
		if len(out) == 0 { // acks 0
			continue
		}
		if _, err := conn.Write(out); err != nil {
			return err
		}
	}
}

// answer appends the answer to a request, with its length in front.
func (s *Sink) answer(out, frame []byte) ([]byte, error) {
	key := protocol.APIKey(binary.BigEndian.Uint16(frame))
	version := int16(binary.BigEndian.Uint16(frame[2:]))
	served, ok := ranges[key]
	if key == protocol.KeyAPIVersions && (!ok || version > served.Max) {
		return s.downgrade(out, frame)
	}
	if !ok || version < served.Min || version > served.Max {
		return out, fmt.Errorf("%v version %d is not served", key, version)
	}
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(frame, key.RequestHeaderVersion(version))
	if err != nil {
		return out, err
	}
	req := protocol.NewRequest(key)
	if err := req.DecodeFrom(frame[n:], version); err != nil {
		return out, err
	}
	resp := s.respond(req)
	if resp == nil {
		return out, nil
	}
	return appendAnswer(out, header.CorrelationID, resp, version)
}

// downgrade says in version 0 which versions of ApiVersions there are (KIP-511).
func (s *Sink) downgrade(out, frame []byte) ([]byte, error) {
	resp := apiVersions()
	resp.ErrorCode = 35 // UNSUPPORTED_VERSION
	return appendAnswer(out, int32(binary.BigEndian.Uint32(frame[4:])), resp, 0)
}

func appendAnswer(out []byte, correlationID int32, resp protocol.Response, version int16) ([]byte, error) {
	out = append(out, 0, 0, 0, 0)
	header := protocol.ResponseHeader{CorrelationID: correlationID}
	out, err := header.AppendTo(out, resp.Key().ResponseHeaderVersion(version))
	if err != nil {
		return out, err
	}
	if out, err = resp.AppendTo(out, version); err != nil {
		return out, err
	}
	binary.BigEndian.PutUint32(out, uint32(len(out)-4))
	return out, nil
}

func (s *Sink) hostPort() (string, int32) {
	host, port, _ := net.SplitHostPort(s.Addr()) // it is what net.Listen gave
	n, _ := strconv.Atoi(port)
	return host, int32(n)
}
