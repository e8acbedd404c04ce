package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/sasl"
)

// brokerFlags say which cluster to talk to, and how.
type brokerFlags struct {
	Brokers []string `short:"b" name:"brokers" required:"" env:"AFKAK_BROKERS" placeholder:"HOST:PORT" help:"Brokers to start from, with commas between them; the port is 9092 where none is given."`
	connectFlags
}

// connectFlags say how to connect to a broker.
type connectFlags struct {
	Timeout  time.Duration `default:"30s" help:"How long one request may take."`
	TLS      bool          `help:"Connect with TLS."`
	CA       string        `name:"tls-ca" type:"existingfile" placeholder:"FILE" help:"Certificates to trust instead of the system's (PEM). Implies --tls."`
	Cert     string        `name:"tls-cert" type:"existingfile" placeholder:"FILE" help:"The client's certificate and key in one file (PEM). Implies --tls."`
	User     string        `env:"AFKAK_USER" placeholder:"NAME" help:"User for SASL PLAIN."`
	Password string        `env:"AFKAK_PASSWORD" placeholder:"PASSWORD" help:"Its password; the environment hides it better than the command line."`
}

func (f *brokerFlags) client(opts ...afkak.ClientOption) (*afkak.Client, error) {
	return f.connect(f.Brokers, opts...)
}

func (f *connectFlags) connect(hosts []string, opts ...afkak.ClientOption) (*afkak.Client, error) {
	opts = append(opts, afkak.WithClientID("afkak"), afkak.WithRequestTimeout(f.Timeout))
	if f.TLS || f.CA != "" || f.Cert != "" {
		config, err := f.tlsConfig()
		if err != nil {
			return nil, err
		}
		opts = append(opts, afkak.WithTLS(config))
	}
	if f.User != "" {
		opts = append(opts, afkak.WithSASL(sasl.Plain(f.User, f.Password)))
	}
	client, err := afkak.NewClient(hosts, opts...)
	if err != nil {
		return nil, &usageError{err.Error()}
	}
	return client, nil
}

func (f *connectFlags) tlsConfig() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate in PEM form", f.CA)
		}
	}
	if f.Cert != "" {
		cert, err := tls.LoadX509KeyPair(f.Cert, f.Cert)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Cert, err)
		}
		config.Certificates = []tls.Certificate{cert}
	}
	return config, nil
}

// codecNames are the values of every -z flag.
var codecs = map[string]afkak.Codec{
	"none": afkak.None, "gzip": afkak.Gzip, "snappy": afkak.Snappy, "lz4": afkak.LZ4, "zstd": afkak.Zstd,
}

func codecByName(name string) afkak.Codec { return codecs[strings.ToLower(name)] }
