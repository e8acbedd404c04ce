package conn_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
)

// authority makes one self-signed certificate for 127.0.0.1.
var authority = sync.OnceValues(func() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "afkak test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, err
})

func serverTLS(t testing.TB) *tls.Config {
	t.Helper()
	cert, err := authority()
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
}

func clientTLS(t testing.TB) *tls.Config {
	t.Helper()
	cert, err := x509.ParseCertificate(serverTLS(t).Certificates[0].Certificate[0])
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(cert)
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
}

// listenTLS is listen behind TLS.
func (p *peer) listenTLS(t testing.TB) string {
	serve, cfg := p.serve, serverTLS(t)
	p.serve = func(s *session) {
		secure := tls.Server(s.Conn, cfg)
		defer func() { _ = secure.Close() }()
		s.Conn = secure
		s.r.Reset(secure)
		serve(s)
	}
	return p.listen()
}

func TestTheServerNameIsThatOfTheAddressAndTheUsersSettingsStay(t *testing.T) {
	p := newPeer(t, modern(echo))
	addr := p.listenTLS(t)
	cfg := clientTLS(t)
	c, err := conn.Open(t.Context(), &conn.Config{TLS: cfg}, addr, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	<-c.Done()
	if cfg.ServerName != "" {
		t.Errorf("ServerName of the user's settings has become %q", cfg.ServerName)
	}
}

func TestTLSThatFailsSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		situation string
		serve     func(*session)
		secure    bool
		client    func(*tls.Config)
		hint      string
	}{
		{"unknown authority", modern(echo), true, func(cfg *tls.Config) { cfg.RootCAs = x509.NewCertPool() }, "RootCAs"},
		{"another name", modern(echo), true, func(cfg *tls.Config) { cfg.ServerName = "other" }, "ServerName"},
		{"plaintext listener that ends", func(s *session) { _, _ = s.r.Peek(1) }, false, nil, "plaintext listener"},
		{"plaintext listener that answers", answering("\x00\x00\x00\x04\x00\x00\x00\x01"), false, nil, "plaintext listener"},
		{"HTTP server", answering("HTTP/1.1 400 Bad Request\r\n\r\n"), false, nil, "HTTP server"},
	} {
		t.Run(c.situation, func(t *testing.T) {
			p := newPeer(t, c.serve)
			var addr string
			if c.secure {
				addr = p.listenTLS(t)
			} else {
				addr = p.listen()
			}
			cfg := clientTLS(t)
			if c.client != nil {
				c.client(cfg)
			}
			_, err := conn.Open(t.Context(), &conn.Config{TLS: cfg, DialTimeout: 5 * time.Second}, addr, nil)
			e := asError(t, err)
			if e.Op != "TLS handshake" || !strings.Contains(e.Error(), c.hint) || e.Sent {
				t.Errorf("got %v", e)
			}
			if retriable := c.situation == "plaintext listener that ends"; e.Retriable() != retriable {
				t.Errorf("Retriable %v: %v", e.Retriable(), e)
			}
		})
	}
}

func TestAClientWithoutTheCertificateThatIsWantedIsToldSo(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} { // in 1.3 the client's handshake is through by then
		p := newPeer(t, nil)
		p.serve = func(s *session) {
			cfg := serverTLS(t)
			cfg.ClientAuth, cfg.MaxVersion = tls.RequireAnyClientCert, version
			_ = tls.Server(s.Conn, cfg).Handshake()
		}
		_, err := conn.Open(t.Context(), &conn.Config{TLS: clientTLS(t)}, p.listen(), nil)
		if e := asError(t, err); !strings.Contains(e.Error(), "client certificate") || e.Retriable() {
			t.Errorf("TLS %x: got %v, Retriable %v", version, e, e.Retriable())
		}
	}
}

// answering is a peer that reads something, answers b and ends.
func answering(b string) func(*session) {
	return func(s *session) {
		_, _ = s.r.Peek(1)
		_, _ = s.Write([]byte(b))
		s.gone()
	}
}
