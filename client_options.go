package afkak

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/sasl"
)

// ClientOption changes a setting of [NewClient].
type ClientOption func(*clientConfig)

type clientConfig struct {
	cluster.Config
	fetchBuffer int64
	rack        string
	problems    []error
}

// bad notes what is wrong with an option.
func (c *clientConfig) bad(format string, args ...any) {
	c.problems = append(c.problems, fmt.Errorf(format, args...))
}

func newClientConfig(opts []ClientOption) (clientConfig, error) {
	c := clientConfig{fetchBuffer: 256 << 20, Config: cluster.Config{
		Conn: cluster.ConnConfig{
			ClientID:         "afkak",
			Dial:             new(net.Dialer).DialContext,
			RequestTimeout:   30 * time.Second,
			DialTimeout:      10 * time.Second,
			MaxResponseBytes: 128 << 20,
		},
		RetryBackoff:     cluster.Backoff{Min: 100 * time.Millisecond, Max: time.Second},
		ReconnectBackoff: cluster.Backoff{Min: 50 * time.Millisecond, Max: time.Second},
		RetryTimeout:     30 * time.Second,
		MetadataMaxAge:   5 * time.Minute,
		Logger:           slog.New(slog.DiscardHandler),
	}}
	for _, opt := range opts {
		opt(&c)
	}
	c.Conn.Logger = c.Logger
	return c, errors.Join(c.problems...)
}

// positive notes a duration that is not.
func (c *clientConfig) positive(option string, d time.Duration) time.Duration {
	if d <= 0 {
		c.bad("%s: %v is not more than zero", option, d)
	}
	return d
}

// span notes a pair that is no minimum and maximum.
func (c *clientConfig) span(option string, least, most time.Duration) cluster.Backoff {
	if least <= 0 || most < least {
		c.bad("%s: %v to %v: the first must be more than zero and the second not less than the first", option, least, most)
	}
	return cluster.Backoff{Min: least, Max: most}
}

// WithClientID names the client in the brokers' logs, metrics and quotas.
// Default "afkak".
func WithClientID(id string) ClientOption {
	return func(c *clientConfig) {
		if id == "" {
			c.bad("WithClientID: the ID is empty")
		}
		c.Conn.ClientID = id
	}
}

// WithRack names the rack, or the availability zone, that the client runs in,
// spelt as in the brokers' setting broker.rack. Producers go by it if they are
// told so: [WithRackAware]. Default none.
func WithRack(rack string) ClientOption {
	return func(c *clientConfig) {
		if rack == "" {
			c.bad("WithRack: the rack is empty")
		}
		c.rack = rack
	}
}

// WithTLS encrypts every connection. The configuration is not changed; without
// a ServerName, each broker's certificate must be for the host that is dialled.
// Default none: plaintext.
func WithTLS(config *tls.Config) ClientOption {
	return func(c *clientConfig) {
		if config == nil {
			c.bad("WithTLS: the configuration is nil")
		}
		c.Conn.TLS = config
	}
}

// WithSASL authenticates every connection. A mechanism that sends a password
// as it is, such as PLAIN, should be used with [WithTLS] only. Default none.
func WithSASL(mechanism sasl.Mechanism) ClientOption {
	return func(c *clientConfig) {
		if mechanism == nil {
			c.bad("WithSASL: the mechanism is nil")
		}
		c.Conn.SASL = mechanism
	}
}

// WithDialer makes the network connections; network is "tcp" and addr
// host:port. It must return when ctx ends. TLS comes on top, see [WithTLS].
// Default a [net.Dialer].
func WithDialer(dial func(ctx context.Context, network, addr string) (net.Conn, error)) ClientOption {
	return func(c *clientConfig) {
		if dial == nil {
			c.bad("WithDialer: the function is nil")
		}
		c.Conn.Dial = dial
	}
}

// WithLogger is told what happens: warnings of what will be tried again, at
// debug level every decision. Errors that are returned are not logged as well.
// Default none.
func WithLogger(logger *slog.Logger) ClientOption {
	return func(c *clientConfig) {
		if logger == nil {
			c.bad("WithLogger: the logger is nil")
			return
		}
		c.Logger = logger
	}
}

// WithRequestTimeout bounds how long one answer of a broker may take, for
// requests that ask the broker to wait (a fetch, a join) at least until some
// seconds after that. A broker that takes longer counts as lost.
// Default 30 s.
func WithRequestTimeout(d time.Duration) ClientOption {
	return func(c *clientConfig) { c.Conn.RequestTimeout = c.positive("WithRequestTimeout", d) }
}

// WithDialTimeout bounds connecting to a broker, TLS, finding out its versions
// and SASL together. Default 10 s.
func WithDialTimeout(d time.Duration) ClientOption {
	return func(c *clientConfig) { c.Conn.DialTimeout = c.positive("WithDialTimeout", d) }
}

// WithRetryBackoff is how long to wait before trying again what failed: least
// after the first failure, twice as long after each further one up to most,
// each time a fifth longer or shorter at random. Default 100 ms to 1 s.
func WithRetryBackoff(least, most time.Duration) ClientOption {
	return func(c *clientConfig) { c.RetryBackoff = c.span("WithRetryBackoff", least, most) }
}

// WithReconnectBackoff is how long a broker that could not be reached is left
// alone, growing as with [WithRetryBackoff]. Calls for it fail meanwhile, and
// those that any broker can answer go to another. Default 50 ms to 1 s.
func WithReconnectBackoff(least, most time.Duration) ClientOption {
	return func(c *clientConfig) { c.ReconnectBackoff = c.span("WithReconnectBackoff", least, most) }
}

// WithRetryTimeout bounds how long the client's own calls, such as
// [Client.Do], go on trying. A cluster that has never answered is given up
// after two seconds: its address is probably wrong. Default 30 s.
func WithRetryTimeout(d time.Duration) ClientOption {
	return func(c *clientConfig) { c.RetryTimeout = c.positive("WithRetryTimeout", d) }
}

// WithMetadataMaxAge is after how long the topics in use are looked up again
// even if nothing went wrong, which is how new partitions are noticed.
// Default 5 min.
func WithMetadataMaxAge(d time.Duration) ClientOption {
	return func(c *clientConfig) { c.MetadataMaxAge = c.positive("WithMetadataMaxAge", d) }
}

// WithMaxResponseBytes is the largest answer that is accepted; a broker that
// announces a larger one loses the connection. It must hold the largest fetch.
// Default 128 MiB.
func WithMaxResponseBytes(n int) ClientOption {
	return func(c *clientConfig) {
		if n < 1024 {
			c.bad("WithMaxResponseBytes: %d is less than 1024", n)
		}
		c.Conn.MaxResponseBytes = n
	}
}

// WithFetchBufferBytes bounds what the consumers of the client hold together:
// what was fetched and not read, and the batch that each has decompressed at
// the moment. While that is used up nothing is fetched ahead; consumers that
// hold nothing still ask, so that none waits for another, and the bound may be
// exceeded by what the answers bring them. Each consumer's own bound is
// [WithPrefetchBytes]. Default 256 MiB.
func WithFetchBufferBytes(n int) ClientOption {
	return func(c *clientConfig) {
		if n < 1 {
			c.bad("WithFetchBufferBytes: %d is less than 1", n)
		}
		c.fetchBuffer = int64(n)
	}
}
