package conn_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is a scripted broker. Its dialer makes connections in memory, so that
// it works on simulated time; serve runs it on a real one.
type peer struct {
	t     testing.TB
	serve func(s *session) // one per connection; nil: end it at once

	mu    sync.Mutex
	dials int
	alive sync.WaitGroup
}

// newPeer returns a peer that is waited for at the end of the test.
func newPeer(t testing.TB, serve func(s *session)) *peer {
	return &peer{t: t, serve: serve}
}

// dial is a conn.Config's Dial.
func (p *peer) dial(context.Context, string, string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	p.accept(theirs)
	return ours, nil
}

// accept serves one connection.
func (p *peer) accept(nc net.Conn) {
	p.mu.Lock()
	p.dials++
	n := p.dials
	p.mu.Unlock()
	p.alive.Go(func() {
		defer func() { _ = nc.Close() }()
		p.serve(&session{Conn: nc, r: bufio.NewReader(nc), number: n})
	})
}

// listen serves real connections until the test ends and returns the address.
func (p *peer) listen() string {
	p.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		p.t.Fatal(err)
	}
	p.alive.Go(func() {
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			p.accept(nc)
		}
	})
	p.t.Cleanup(func() {
		_ = l.Close()
		p.alive.Wait()
	})
	return l.Addr().String()
}

// session is the peer's end of a connection.
type session struct {
	net.Conn
	r      *bufio.Reader
	number int // of the connection, from 1
}

// request is one that the peer has read.
type request struct {
	key         protocol.APIKey
	version     int16
	correlation int32
	body        []byte
}

// next reads a request; ok is false when the client is gone.
func (s *session) next() (req request, ok bool) {
	frame, ok := s.frame()
	if !ok || len(frame) < 10 {
		return request{}, false
	}
	req.key = protocol.APIKey(binary.BigEndian.Uint16(frame))
	req.version = int16(binary.BigEndian.Uint16(frame[2:]))
	req.correlation = int32(binary.BigEndian.Uint32(frame[4:]))
	rest := frame[10+int(binary.BigEndian.Uint16(frame[8:])):] // the client id
	if req.key.RequestHeaderVersion(req.version) >= 2 {
		rest = rest[1:] // no tagged fields
	}
	req.body = rest
	return req, true
}

// frame reads whatever comes with a length before it.
func (s *session) frame() (b []byte, ok bool) {
	var length [4]byte
	if _, err := io.ReadFull(s.r, length[:]); err != nil {
		return nil, false
	}
	b = make([]byte, binary.BigEndian.Uint32(length[:]))
	_, err := io.ReadFull(s.r, b)
	return b, err == nil
}

// reply answers req with a message.
func (s *session) reply(req request, resp protocol.Response) {
	s.replyIn(req, resp, req.version)
}

// replyIn does so in another version's form.
func (s *session) replyIn(req request, resp protocol.Response, version int16) {
	body, err := resp.AppendTo(nil, version)
	if err != nil {
		panic(err)
	}
	var header []byte
	if req.key.ResponseHeaderVersion(req.version) >= 1 {
		header = []byte{0}
	}
	s.replyRaw(req.correlation, append(header, body...))
}

// replyRaw answers with a correlation id and the bytes behind it.
func (s *session) replyRaw(correlation int32, rest []byte) {
	b := binary.BigEndian.AppendUint32(nil, uint32(4+len(rest)))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	_, _ = s.Write(append(b, rest...))
}

// gone waits until the client has ended the connection.
func (s *session) gone() { _, _ = io.Copy(io.Discard, s.r) }

// modern serves connections as a broker that speaks everything we do; after
// the ApiVersions request each further one goes to handle, which returns false
// to end the connection.
func modern(handle func(s *session, req request) bool) func(*session) {
	return func(s *session) {
		for {
			req, ok := s.next()
			if !ok {
				return
			}
			if req.key == protocol.KeyAPIVersions {
				s.reply(req, everything())
			} else if !handle(s, req) {
				return
			}
		}
	}
}

// everything is the answer of a broker that speaks everything we do.
func everything() *protocol.APIVersionsResponse {
	resp := protocol.NewAPIVersionsResponse()
	for _, api := range protocol.APIs() {
		resp.APIKeys = append(resp.APIKeys, protocol.APIVersionsResponseAPIKey{
			APIKey: int16(api.Key), MinVersion: api.MinVersion, MaxVersion: api.MaxVersion,
		})
	}
	return resp
}

// echo answers every request with an empty response of its kind.
func echo(s *session, req request) bool {
	r := protocol.NewResponse(req.key)
	r.SetDefaults()
	s.reply(req, r)
	return true
}

// open opens a connection to the peer, closed at the end of the test.
func (p *peer) open(cfg conn.Config) *conn.Conn {
	p.t.Helper()
	cfg.Dial = p.dial
	c, err := conn.OpenBroker(p.t.Context(), &cfg, 2, "b2:9092", nil)
	if err != nil {
		p.t.Fatalf("open: %v", err)
	}
	return c
}

// close ends a connection and waits for it and for the peer, as a bubble of
// simulated time wants it before the test returns.
func (p *peer) close(c *conn.Conn) {
	c.Close()
	<-c.Done()
	p.alive.Wait()
}

func heartbeat() conn.Call {
	return conn.Call{Request: protocol.NewHeartbeatRequest(), MaxVersion: conn.AnyVersion}
}

func within(timeout time.Duration, call conn.Call) conn.Call {
	call.Timeout = timeout
	return call
}

// asError returns err as the *conn.Error that every failure must be.
func asError(t testing.TB, err error) *conn.Error {
	t.Helper()
	var e *conn.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v (%T), want a *conn.Error", err, err)
	}
	return e
}

// outcome is how a started call ended.
type outcome struct {
	resp protocol.Response
	err  error
}

// start starts a call and returns where its outcome will be.
func start(c *conn.Conn, call conn.Call) <-chan outcome {
	ended := make(chan outcome, 2) // a second one would be a bug: see once
	c.Start(call, func(resp protocol.Response, err error) { ended <- outcome{resp, err} })
	return ended
}
