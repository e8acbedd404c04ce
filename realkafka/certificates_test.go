package realkafka

import (
	"crypto/tls"
	"net"
	"os"
	"testing"
	"time"
)

func TestServerAndClientTrustEachOtherByTheThrowAwayAuthority(t *testing.T) {
	certs, err := NewCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(certs.ServerFile, certs.ServerFile)
	if err != nil {
		t.Fatal(err)
	}
	client := certs.ClientTLS()
	client.ServerName = "127.0.0.1"
	server := &tls.Config{
		Certificates: []tls.Certificate{pair}, ClientCAs: client.RootCAs, ClientAuth: tls.RequireAndVerifyClientCert,
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	a.SetDeadline(time.Now().Add(10 * time.Second))
	serverSide := tls.Server(a, server)
	result := make(chan error, 1)
	go func() { result <- serverSide.Handshake() }()
	clientSide := tls.Client(b, client)
	if err := clientSide.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	if got := serverSide.ConnectionState().PeerCertificates[0].Subject.CommonName; got != "client" {
		t.Errorf("the client's common name is %q, want client", got)
	}
}

func TestCertificateFilesAreNamedInTheBrokersProperties(t *testing.T) {
	certs, err := NewCertificates(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := certs.Properties()
	for _, name := range []string{"ssl.keystore.location", "ssl.truststore.location"} {
		if _, err := os.Stat(p[name]); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCertificatesSayWhereTheyCouldNotBeWritten(t *testing.T) {
	if _, err := NewCertificates("/nonexistent/folder"); err == nil {
		t.Error("no error")
	}
}
