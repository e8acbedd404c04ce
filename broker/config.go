package broker

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// Config says how a Broker runs. The zero value is a broker on a free loopback
// port without topics, which creates none by itself.
type Config struct {
	// Listen is the TCP address to listen on, as for [net.Listen]. An address
	// that is not a loopback one is an error without AllowRemote.
	// Default: "127.0.0.1:0", a free port.
	Listen string

	// AllowRemote permits a Listen address that other machines can reach.
	// There is no authorisation: whoever connects can do everything.
	// Default: false.
	AllowRemote bool

	// Listener, when set, is used instead of listening on Listen. The Broker
	// closes it. With a listener in memory a broker runs inside a
	// testing/synctest bubble.
	Listener net.Listener

	// Advertise is the host:port that clients are told to connect to.
	// It is required when Listen names no particular address ("0.0.0.0:9092").
	// Default: the address listened on.
	Advertise string

	// TLS, when set, is what every connection is served with.
	// Default: plain text.
	TLS *tls.Config

	// Users are the names and passwords of SASL PLAIN. When there are any, a
	// connection has to authenticate before it may send anything else.
	// Default: none, no authentication.
	Users map[string]string

	// NodeID is the broker's id in the cluster; it may not be negative.
	// Default: 1 (0 means the default).
	NodeID int32

	// ClusterID is the id that the cluster goes by. Default: a random one.
	ClusterID string

	// Topics exist from the beginning.
	Topics []Topic

	// AutoCreateTopics creates a topic when metadata of it is asked for by a
	// client that allows it. As with Kafka, the request that causes it is still
	// answered with UNKNOWN_TOPIC_OR_PARTITION, and the next one finds the topic.
	// Default: false.
	AutoCreateTopics bool

	// DefaultPartitions is the number of partitions of a topic that was created
	// without one (num.partitions). Default: 1.
	DefaultPartitions int32

	// MaxMessageBytes is the largest record batch that is stored, for topics
	// without a max.message.bytes of their own (message.max.bytes).
	// Default: 1,048,588, Kafka's.
	MaxMessageBytes int

	// MaxRequestBytes is the largest request that is read; a larger one ends
	// its connection (socket.request.max.bytes). Default: 100 MiB.
	MaxRequestBytes int

	// MaxFetchBytes bounds the records in one answer to a fetch, whatever the
	// client allows (fetch.max.bytes). Default: 55 MiB.
	MaxFetchBytes int

	// IdleTimeout ends a connection on which no request arrived for so long
	// (connections.max.idle.ms). Default: 10 minutes.
	IdleTimeout time.Duration

	// GroupInitialRebalanceDelay is how long a consumer group without members
	// waits for more of them after the first (group.initial.rebalance.delay.ms).
	// Default: 0, where Kafka's is 3 seconds: tests are not made to wait.
	GroupInitialRebalanceDelay time.Duration

	// GroupMinSessionTimeout and GroupMaxSessionTimeout bound the session
	// timeouts that members of groups may ask for (group.min.session.timeout.ms,
	// group.max.session.timeout.ms). Default: 6 seconds and 30 minutes, Kafka's.
	GroupMinSessionTimeout, GroupMaxSessionTimeout time.Duration

	// GroupMaxSize is how many members a group may have (group.max.size).
	// Default: 0, any number.
	GroupMaxSize int

	// ProduceFault, when set, is asked about each batch that is fit to be
	// stored, from the goroutine of the connection that it came by: a full disk, a
	// lost replica. Default: nothing fails.
	ProduceFault func(topic string, partition int32) ProduceFault

	// Logger receives what the broker does. Default: nothing is logged.
	Logger *slog.Logger
}

// ProduceFault is what goes wrong with one batch. The zero value is nothing.
type ProduceFault struct {
	// Code is the answer for the batch's partition: [kerr.KafkaStorageError] is
	// what Kafka says when a disk fails.
	Code kerr.Error
	// Stored: the batch is appended to the log all the same, as when a broker
	// fails between that and its answer.
	Stored bool
}

// Topic is a topic to create.
type Topic struct {
	// Name of the topic: 1 to 249 of the characters a-z A-Z 0-9 . _ -
	Name string
	// Partitions is their number. Default: Config.DefaultPartitions.
	Partitions int32
	// Configs are topic configs such as "message.timestamp.type", as Kafka
	// names them. Unknown names and impossible values are an error.
	Configs map[string]string
}

// withDefaults returns the config with every zero setting filled in, or all
// that is wrong with it.
func (c Config) withDefaults() (Config, error) {
	setDefault(&c.Listen, "127.0.0.1:0")
	setDefault(&c.NodeID, 1)
	setDefault(&c.DefaultPartitions, 1)
	setDefault(&c.MaxMessageBytes, 1<<20+12)
	setDefault(&c.MaxRequestBytes, 100<<20)
	setDefault(&c.MaxFetchBytes, 55<<20)
	setDefault(&c.IdleTimeout, 10*time.Minute)
	setDefault(&c.GroupMinSessionTimeout, 6*time.Second)
	setDefault(&c.GroupMaxSessionTimeout, 30*time.Minute)
	setDefault(&c.Logger, slog.New(slog.DiscardHandler))
	if c.ClusterID == "" {
		c.ClusterID = randomID().String()
	}
	return c, errors.Join(
		positive("Config.NodeID", int(c.NodeID)),
		positive("Config.DefaultPartitions", int(c.DefaultPartitions)),
		positive("Config.MaxMessageBytes", c.MaxMessageBytes),
		positive("Config.MaxRequestBytes", c.MaxRequestBytes),
		positive("Config.MaxFetchBytes", c.MaxFetchBytes),
		positive("Config.IdleTimeout", int(c.IdleTimeout)),
		positive("Config.GroupMinSessionTimeout", int(c.GroupMinSessionTimeout)),
		positive("Config.GroupMaxSessionTimeout", int(c.GroupMaxSessionTimeout)),
		notNegative("Config.GroupInitialRebalanceDelay", int(c.GroupInitialRebalanceDelay)),
		notNegative("Config.GroupMaxSize", c.GroupMaxSize),
		c.checkSessions(),
		c.checkListen(),
		c.checkAdvertise(),
	)
}

func setDefault[T comparable](setting *T, value T) {
	if *setting == *new(T) {
		*setting = value
	}
}

func positive(name string, value int) error {
	if value > 0 {
		return nil
	}
	return fmt.Errorf("broker: %s is %d, it must be positive", name, value)
}

func notNegative(name string, value int) error {
	if value >= 0 {
		return nil
	}
	return fmt.Errorf("broker: %s is %d, it must not be negative", name, value)
}

// checkSessions refuses bounds that no session timeout is within.
func (c Config) checkSessions() error {
	if c.GroupMinSessionTimeout <= c.GroupMaxSessionTimeout {
		return nil
	}
	return fmt.Errorf("broker: Config.GroupMinSessionTimeout is %v, more than Config.GroupMaxSessionTimeout, %v: nobody could join a group",
		c.GroupMinSessionTimeout, c.GroupMaxSessionTimeout)
}

// checkListen refuses addresses that other machines can reach, unless they
// were asked for.
func (c Config) checkListen() error {
	if c.Listener != nil || c.AllowRemote {
		return nil
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("broker: Config.Listen: %w", err)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("broker: Config.Listen is %q, which other machines may reach, and this broker has no authorisation: "+
		"use a loopback address (127.0.0.1, ::1 or localhost), or set Config.AllowRemote", c.Listen)
}

func (c Config) checkAdvertise() error {
	if c.Advertise == "" {
		return nil
	}
	if _, _, err := splitHostPort(c.Advertise); err != nil {
		return fmt.Errorf("broker: Config.Advertise: %w", err)
	}
	return nil
}

// advertised returns the host and port that clients are told.
func (c Config) advertised(bound net.Addr) (string, int32, error) {
	if c.Advertise != "" {
		return splitHostPort(c.Advertise)
	}
	host, port, err := splitHostPort(bound.String())
	if err != nil {
		// A listener in memory may have any address: clients dial it anyway.
		return bound.String(), 9092, nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		return "", 0, fmt.Errorf("broker: listening on %s, which is no address to connect to: set Config.Advertise to the host:port that clients use", bound)
	}
	return host, port, nil
}

func splitHostPort(addr string) (string, int32, error) {
	host, text, err := net.SplitHostPort(addr)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return "", 0, fmt.Errorf("port %q of %q is not a number up to 65535", text, addr)
	}
	return host, int32(port), nil
}
