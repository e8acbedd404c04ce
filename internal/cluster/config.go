package cluster

import (
	"log/slog"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
)

// Names of internal/conn that this package's callers need.
type (
	// Call is one request to one broker.
	Call = conn.Call
	// Identity is which Kafka a broker is, as far as it can be found out.
	Identity = conn.Identity
	// BrokerError is a failure on the way to a broker or back.
	BrokerError = conn.Error
	// ConnConfig is how connections are opened.
	ConnConfig = conn.Config
)

// AnyVersion as a Call's MaxVersion sets no bound.
const AnyVersion = conn.AnyVersion

// Lane is what a connection is for. A broker works on one request of a
// connection at a time, so what waits long there (a fetch, a join) must not
// share a connection with what should not wait. Each lane of each broker is
// opened when first used.
type Lane int

// The lanes.
const (
	Control Lane = iota // metadata, coordinators, administration
	Produce
	Fetch
	Group // heartbeats, and what else groups ask that is answered soon
	lanes // the first of those that OwnLane hands out
)

// Config is what a Cluster needs to know. All fields must be set.
type Config struct {
	Seeds []string // as ParseSeeds returns them
	Conn  ConnConfig

	RetryBackoff     Backoff       // between two tries of a request or a refresh
	ReconnectBackoff Backoff       // between two attempts to connect to one broker
	RetryTimeout     time.Duration // how long Do tries again, counted from its start
	MetadataMaxAge   time.Duration // after which the topics in use are asked for again
	Logger           *slog.Logger
}
