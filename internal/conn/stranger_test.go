package conn_test

import (
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

func TestAStrangerIsNamed(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	ssh := newPeer(t, func(s *session) { _, _ = io.WriteString(s, "SSH-2.0-OpenSSH_9.6\r\n"); s.gone() }).listen()
	alert := newPeer(t, answering("\x15\x03\x03\x00\x02\x02\x50")).listen()
	garbage := newPeer(t, answering("\xff\xfe\xfd\xfc garbage")).listen()

	for _, c := range []struct{ situation, addr, hint string }{
		{"HTTP server", web.Listener.Addr().String(), "HTTP server"},
		{"SSH server", ssh, `"SSH-2.0-OpenSSH_9.6"`},
		{"TLS listener that says so", alert, "wants TLS"},
		{"negative length", garbage, "not Kafka's protocol"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			_, err := conn.Open(t.Context(), &conn.Config{DialTimeout: 5 * time.Second}, c.addr, nil)
			e := asError(t, err)
			var broken *conn.ProtocolError
			if !errors.As(e, &broken) || !strings.Contains(strings.ToLower(e.Error()), strings.ToLower(c.hint)) || e.Retriable() || e.Addr != c.addr {
				t.Errorf("got %v", e)
			}
		})
	}
}

func TestAPeerThatOnlyEndsConnectionsIsTakenForNoRelease(t *testing.T) {
	secure := newPeer(t, func(s *session) { // as Go's and Java's servers do on a request in plaintext
		_ = tls.Server(s.Conn, serverTLS(t)).Handshake()
	}).listen()
	_, err := conn.Open(t.Context(), nil, secure, nil)
	e := asError(t, err)
	var network *conn.NetworkError
	if !errors.As(e, &network) || !strings.Contains(e.Error(), "does this listener want TLS or SASL?") || !e.Retriable() {
		t.Errorf("got %v", e)
	}
}

func TestNobodyThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	_, err = conn.OpenBroker(t.Context(), nil, 7, addr, nil)
	e := asError(t, err)
	if e.Op != "connect" || e.Broker != 7 || e.Sent || !e.Retriable() || !strings.Contains(e.Error(), "connection refused: is a broker running") {
		t.Errorf("got %v", e)
	}
}

func TestBrokenAnswersEndTheCallAndTheConnection(t *testing.T) {
	frame := func(size int32, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(size)), rest...)
	}
	answer := func(r request, rest ...byte) []byte {
		return append(binary.BigEndian.AppendUint32(frame(int32(4+len(rest))), uint32(r.correlation)), rest...)
	}
	for _, c := range []struct {
		situation string
		answer    func(req request) []byte
		want      string
	}{
		{"another request's number", func(r request) []byte { return frame(6, 0, 0, 0, 99, 0, 0) }, "number 99"},
		{"too short for a number", func(r request) []byte { return frame(3, 0, 0, 0) }, "3 bytes"},
		{"negative length", func(r request) []byte { return frame(-1, 0, 0, 0) }, "-1 bytes"},
		{"more than is allowed", func(r request) []byte { return frame(5000, 0, 0, 0) }, "MaxResponseBytes"},
		{"undecodable body", func(r request) []byte { return answer(r, 0, 1, 2) }, "cannot be decoded"},
		{"undecodable tags", func(r request) []byte { return answer(r, 9) }, "cannot be decoded"},
		{"bytes left over", func(r request) []byte {
			return answer(r, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3)
		}, "cannot be decoded"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPeer(t, modern(func(s *session, req request) bool {
					_, _ = s.Write(c.answer(req))
					s.gone()
					return false
				}))
				nc := p.open(conn.Config{MaxResponseBytes: 4000})
				first, second := start(nc, heartbeat()), start(nc, heartbeat())
				e := asError(t, (<-first).err)
				var broken *conn.ProtocolError
				if !errors.As(e, &broken) || !strings.Contains(e.Error(), c.want) || e.Op != "Heartbeat v4" || !e.Sent || e.Retriable() {
					t.Errorf("the first call: %v, Op %q", e, e.Op)
				}
				var ended *conn.EndedError
				if e := asError(t, (<-second).err); !errors.As(e, &ended) || !errors.As(e, &broken) {
					t.Errorf("the second call: %v", e)
				}
				<-nc.Done()
				p.alive.Wait()
			})
		})
	}
}

func TestAnAnswerToNothingEndsTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			s.reply(req, everything())
			s.replyRaw(77, nil)
			s.gone()
		})
		c := p.open(conn.Config{})
		<-c.Done()
		var broken *conn.ProtocolError
		if !errors.As(c.Err(), &broken) {
			t.Errorf("Err() = %v", c.Err())
		}
		p.alive.Wait()
	})
}

func TestALyingLengthCostsNoMemory(t *testing.T) {
	p := newPeer(t, modern(func(s *session, req request) bool {
		_, _ = s.Write(binary.BigEndian.AppendUint32(nil, 2<<30-1))
		_, _ = s.Write(binary.BigEndian.AppendUint32(nil, uint32(req.correlation)))
		_, _ = s.Write(make([]byte, 1000))
		return false
	}))
	c := p.open(conn.Config{MaxResponseBytes: 2<<30 - 1})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Do(t.Context(), heartbeat())
	runtime.ReadMemStats(&after)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were allocated for 1000 that came", grown)
	}
	p.close(c)
}

func TestALargeAnswerThatComesInPiecesIsWhole(t *testing.T) {
	want := randomBytes(3 << 20)
	p := newPeer(t, modern(func(s *session, req request) bool {
		resp := protocol.NewFetchResponse()
		resp.Responses = []protocol.FetchResponseResponse{{Partitions: []protocol.FetchResponseResponsePartition{{Records: want}}}}
		s.reply(req, resp)
		return true
	}))
	c := p.open(conn.Config{})
	for range 2 { // the second finds the connection trusting
		resp, err := c.Do(t.Context(), conn.Call{Request: protocol.NewFetchRequest(), MaxVersion: 12})
		if err != nil {
			t.Fatal(err)
		}
		if got := resp.(*protocol.FetchResponse).Responses[0].Partitions[0].Records; string(got) != string(want) {
			t.Errorf("%d bytes came, other than the %d sent", len(got), len(want))
		}
	}
	p.close(c)
}

func TestOnlyWhatWasWrittenBeforeTheEndMayHaveReachedTheBroker(t *testing.T) {
	p := newPeer(t, modern(func(*session, request) bool { return false })) // ends with the first request
	addr := p.listen()
	c, err := conn.Open(t.Context(), &conn.Config{MaxInFlight: 1}, addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	written := start(c, heartbeat())
	waiting := start(c, heartbeat()) // behind MaxInFlight
	if e := asError(t, (<-written).err); !e.Sent {
		t.Errorf("the written call: %v, Sent %v", e, e.Sent)
	}
	if e := asError(t, (<-waiting).err); e.Sent || e.MaybeStored() {
		t.Errorf("the waiting call: %v, Sent %v", e, e.Sent)
	}
	<-c.Done()
}
