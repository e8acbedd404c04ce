package realkafka

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// certificateLife is how long throw-away certificates are valid.
const certificateLife = 24 * time.Hour

// Certificates are a throw-away authority, and a server's and a client's certificate
// signed by it, as PEM files: what TLS tests need. Kafka reads PEM from 2.7 (KIP-651).
//
//	certs, err := realkafka.NewCertificates(t.TempDir())
//	…
//	realkafka.Config{
//		Listeners:  []realkafka.Listener{{Name: "SSL"}},
//		Properties: certs.Properties(),
//	}
type Certificates struct {
	CAFile     string // the authority's certificate
	ServerFile string // the server's key, certificate and the authority's certificate
	ClientFile string // the same of the client

	authority *x509.CertPool
	client    tls.Certificate
}

// NewCertificates makes them in the folder dir. The server's certificate is for
// localhost, 127.0.0.1 and ::1; the client's common name is "client". They are valid for a day.
func NewCertificates(dir string) (*Certificates, error) {
	c, err := newCertificates(dir)
	if err != nil {
		return nil, fmt.Errorf("realkafka: make throw-away certificates: %w", err)
	}
	return c, nil
}

// Properties are a broker's settings for listeners with TLS: its key, and the
// authority that clients' certificates must be from. It asks clients for none; that is
// the setting ssl.client.auth=required.
func (c *Certificates) Properties() map[string]string {
	return map[string]string{
		"ssl.keystore.type":       "PEM",
		"ssl.keystore.location":   c.ServerFile,
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": c.CAFile,
		"ssl.client.auth":         "none",
	}
}

// ClientTLS is a new configuration for a client: it trusts the authority, and shows
// the client's certificate if it is asked for one.
func (c *Certificates) ClientTLS() *tls.Config {
	return &tls.Config{RootCAs: c.authority, Certificates: []tls.Certificate{c.client}, MinVersion: tls.VersionTLS12}
}

func newCertificates(dir string) (*Certificates, error) {
	caKey, ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	c := &Certificates{
		CAFile:     filepath.Join(dir, "ca.pem"),
		ServerFile: filepath.Join(dir, "server.pem"),
		ClientFile: filepath.Join(dir, "client.pem"),
		authority:  x509.NewCertPool(),
	}
	c.authority.AddCert(ca)
	caPEM := pemBlock("CERTIFICATE", ca.Raw)
	if err := os.WriteFile(c.CAFile, caPEM, 0o644); err != nil {
		return nil, err
	}
	for i, file := range []string{c.ServerFile, c.ClientFile} {
		name := []string{"server", "client"}[i]
		keyPEM, certPEM, err := newLeaf(name, int64(i)+2, ca, caKey)
		if err != nil {
			return nil, err
		}
		chain := append(bytes.Clone(certPEM), caPEM...)
		if err := os.WriteFile(file, append(bytes.Clone(keyPEM), chain...), 0o600); err != nil {
			return nil, err
		}
		if name == "client" {
			if c.client, err = tls.X509KeyPair(chain, keyPEM); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

func newAuthority() (crypto.Signer, *x509.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificateTemplate("realkafka test authority", 1)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	cert, err := x509.ParseCertificate(der)
	return key, cert, err
}

// newLeaf makes a key in PKCS #8, the form that Kafka wants, and its certificate.
func newLeaf(name string, serial int64, ca *x509.Certificate, caKey crypto.Signer) (keyPEM, certPEM []byte, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := certificateTemplate(name, serial)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	template.DNSNames = []string{"localhost"}
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	der, err := x509.CreateCertificate(rand.Reader, template, ca, key.Public(), caKey)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pemBlock("PRIVATE KEY", pkcs8), pemBlock("CERTIFICATE", der), nil
}

func certificateTemplate(name string, serial int64) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour), // for clocks that differ
		NotAfter:     now.Add(certificateLife),
	}
}

func pemBlock(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
