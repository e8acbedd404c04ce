package broker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"io"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestGarbageEndsItsConnectionAndNoOther(t *testing.T) {
	b := start(t, broker.Config{MaxRequestBytes: 1 << 20})
	healthy := dial(t, b)
	for name, garbage := range map[string]string{
		"HTTP":              "GET / HTTP/1.1\r\n\r\n",
		"TLS":               "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03aaaaaaaaaaaa",
		"negative length":   "\xff\xff\xff\xff",
		"too large":         "\x00\x20\x00\x00",
		"empty frame":       "\x00\x00\x00\x00",
		"unknown API":       "\x00\x00\x00\x0a\x03\xe7\x00\x00\x00\x00\x00\x07\xff\xff",
		"version":           "\x00\x00\x00\x0a\x00\x03\x00\x63\x00\x00\x00\x07\xff\xff",
		"half a body":       "\x00\x00\x00\x0b\x00\x03\x00\x01\x00\x00\x00\x07\xff\xff\x00",
		"two billion items": "\x00\x00\x00\x0e\x00\x03\x00\x01\x00\x00\x00\x07\xff\xff\x7f\xff\xff\xff",
	} {
		w := dial(t, b)
		if _, err := io.WriteString(w.nc, garbage); err != nil {
			t.Fatal(err)
		}
		t.Log(name)
		w.wantClosed()
	}
	healthy.do(&protocol.APIVersionsRequest{}, 0)
}

func TestRequestsOfAConnectionAreAnsweredInOrder(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(t, b)
	poll := fetchRequest("orders", 0)
	poll.MaxWaitMs = 50
	versions := &protocol.APIVersionsRequest{}
	w.send(poll, 12)
	w.send(versions, 0)
	w.receive(poll, 12)
	w.receive(versions, 0)
}

func TestIdleConnectionsAreClosed(t *testing.T) {
	b := start(t, broker.Config{IdleTimeout: 20 * time.Millisecond})
	dial(t, b).wantClosed()
}

func TestTLS(t *testing.T) {
	cert, pool := certificate(t)
	b := start(t, broker.Config{TLS: &tls.Config{Certificates: []tls.Certificate{cert}}, Topics: []broker.Topic{{Name: "orders"}}})
	nc, err := tls.Dial("tcp", b.Addr(), &tls.Config{RootCAs: pool, ServerName: "localhost"})
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	w := &wire{t: t, nc: nc}
	w.produce("orders", 0, batch(t, plain, string(make([]byte, 5000))))
	got := w.fetch(fetchRequest("orders", 0)).Responses[0].Partitions[0]
	if all := records(t, got.Records); len(all[0]) != 5000 {
		t.Errorf("got a value of %d bytes", len(all[0]))
	}
}

// certificate makes one for localhost that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestSASL(t *testing.T) {
	b := start(t, broker.Config{Users: map[string]string{"alice": "secret"}})
	handshake := func(mechanism string) (*wire, int16) {
		w := dial(t, b)
		w.do(&protocol.APIVersionsRequest{}, 0)
		return w, w.do(&protocol.SaslHandshakeRequest{Mechanism: mechanism}, 1).(*protocol.SaslHandshakeResponse).ErrorCode
	}
	authenticate := func(w *wire, token string) int16 {
		return w.do(&protocol.SaslAuthenticateRequest{AuthBytes: []byte(token)}, 2).(*protocol.SaslAuthenticateResponse).ErrorCode
	}

	t.Run("the right password opens the connection", func(t *testing.T) {
		w, code := handshake("PLAIN")
		if code != 0 {
			t.Fatal(kerr.Error(code))
		}
		if code := authenticate(w, "\x00alice\x00secret"); code != 0 {
			t.Fatal(kerr.Error(code))
		}
		w.do(&protocol.MetadataRequest{}, 9)
	})
	for name, token := range map[string]string{
		"wrong password": "\x00alice\x00wrong", "unknown user": "\x00bob\x00secret", "user without a password": "\x00bob\x00",
		"in another's name": "bob\x00alice\x00secret", "no token": "", "garbage": "alice:secret",
	} {
		t.Run(name+" closes the connection", func(t *testing.T) {
			w, _ := handshake("PLAIN")
			if code := authenticate(w, token); code != kerr.SaslAuthenticationFailed.Code() {
				t.Errorf("got %v", kerr.Error(code))
			}
			w.wantClosed()
		})
	}
	t.Run("another mechanism is refused", func(t *testing.T) {
		w, code := handshake("SCRAM-SHA-256")
		if code != kerr.UnsupportedSaslMechanism.Code() {
			t.Errorf("got %v", kerr.Error(code))
		}
		w.wantClosed()
	})
	t.Run("nothing else may come first", func(t *testing.T) {
		w := dial(t, b)
		w.send(&protocol.MetadataRequest{}, 9)
		w.wantClosed()
	})
	t.Run("bare tokens follow handshake v0", func(t *testing.T) {
		for token, ok := range map[string]bool{"\x00alice\x00secret": true, "\x00alice\x00wrong": false} {
			w := dial(t, b)
			w.do(&protocol.SaslHandshakeRequest{Mechanism: "PLAIN"}, 0)
			w.nc.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...))
			if !ok {
				w.wantClosed()
				continue
			}
			if frame, err := w.frame(); err != nil || len(frame) != 0 {
				t.Fatalf("got % x, %v, want an empty frame", frame, err)
			}
			w.do(&protocol.MetadataRequest{}, 9)
		}
	})
}

func TestAListenerInMemoryServes(t *testing.T) {
	l := &memoryListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	start(t, broker.Config{Listener: l})
	client, server := net.Pipe()
	l.conns <- server
	defer client.Close()
	w := &wire{t: t, nc: client}
	if resp := w.do(&protocol.APIVersionsRequest{}, 0).(*protocol.APIVersionsResponse); resp.ErrorCode != 0 {
		t.Errorf("got %+v", resp)
	}
}

type memoryListener struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (l *memoryListener) Accept() (net.Conn, error) {
	select {
	case nc := <-l.conns:
		return nc, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *memoryListener) Close() error   { close(l.closed); return nil }
func (l *memoryListener) Addr() net.Addr { return memoryAddr{} }

type memoryAddr struct{}

func (memoryAddr) Network() string { return "memory" }
func (memoryAddr) String() string  { return "memory" }
