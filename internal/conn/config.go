package conn

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"time"

	"github.com/afkak-go/afkak/sasl"
)

// Config is how connections are opened and what they may use. It must not be
// changed after it was first given to [Open]; connections may share it.
type Config struct {
	// ClientID names the client in the broker's logs, metrics and quotas.
	// Default "afkak".
	ClientID string

	// Dial makes the network connection; it must return when ctx ends.
	// Default a [net.Dialer].
	Dial func(ctx context.Context, network, addr string) (net.Conn, error)

	// TLS, when not nil, is used for every connection. It is cloned; an empty
	// ServerName becomes the host of the address. Default nil: plaintext.
	TLS *tls.Config

	// SASL, when not nil, authenticates every connection. Default nil: none.
	SASL sasl.Mechanism

	// RequestTimeout bounds a call that brings no timeout of its own, from its
	// hand-off to its answer. Default 30 s.
	RequestTimeout time.Duration

	// DialTimeout bounds the whole of [Open]: dialling, TLS, version discovery
	// and SASL together. Default 10 s.
	DialTimeout time.Duration

	// MaxResponseBytes is the largest answer that is accepted; a broker that
	// announces a larger one loses the connection. Default 128 MiB.
	MaxResponseBytes int

	// MaxInFlight bounds the requests that were written and not yet answered.
	// Further ones wait in the queue. Default 128.
	MaxInFlight int

	// MaxQueuedBytes bounds the requests that were handed over and not yet
	// written. A call beyond it fails with [ErrQueueFull], unless the queue is
	// empty. Default 128 MiB.
	MaxQueuedBytes int

	// SoftwareName and SoftwareVersion are told to brokers from Kafka 2.4 on
	// (KIP-511). Characters that Kafka does not take become '-'. Default
	// "afkak-go" and the version of the module in the running program.
	SoftwareName, SoftwareVersion string

	// Logger is told of connections opened and lost, at debug level. Default
	// none.
	Logger *slog.Logger
}

const (
	defaultRequestTimeout   = 30 * time.Second
	defaultDialTimeout      = 10 * time.Second
	defaultMaxResponseBytes = 128 << 20
	defaultMaxInFlight      = 128
	defaultMaxQueuedBytes   = 128 << 20
)

// withDefaults returns a copy in which nothing is left unsaid.
func (cfg *Config) withDefaults() *Config {
	out := Config{}
	if cfg != nil {
		out = *cfg
	}
	setDefault(&out.ClientID, "afkak")
	setDefault(&out.RequestTimeout, defaultRequestTimeout)
	setDefault(&out.DialTimeout, defaultDialTimeout)
	setDefault(&out.MaxResponseBytes, defaultMaxResponseBytes)
	setDefault(&out.MaxInFlight, defaultMaxInFlight)
	setDefault(&out.MaxQueuedBytes, defaultMaxQueuedBytes)
	setDefault(&out.SoftwareName, softwareName)
	setDefault(&out.SoftwareVersion, moduleVersion())
	out.SoftwareName = softwareToken(out.SoftwareName)
	out.SoftwareVersion = softwareToken(out.SoftwareVersion)
	if out.Dial == nil {
		out.Dial = new(net.Dialer).DialContext
	}
	if out.Logger == nil {
		out.Logger = slog.New(slog.DiscardHandler)
	}
	return &out
}

// setDefault gives *v the value def if it is zero or, being a number, less.
func setDefault[T int | time.Duration | string](v *T, def T) {
	var zero T
	if *v <= zero {
		*v = def
	}
}
