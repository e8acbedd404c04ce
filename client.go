package afkak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/protocol"
)

// Client knows one Kafka cluster: its brokers, what each of them speaks, which
// of them leads which partition and coordinates which group. Producers and
// consumers are made from it and share its connections: to each broker one for
// each purpose, opened when first needed.
//
// A Client is safe for concurrent use. It refreshes what it knows when a
// broker says that it was asked wrongly, for the topics concerned, and
// otherwise for the topics in use every [WithMetadataMaxAge].
type Client struct {
	cluster *cluster.Cluster
	logger  *slog.Logger
	done    <-chan struct{} // closed by Close

	requestTimeout time.Duration
	rack           string // empty: none

	fetchers fetcherSet // of all consumers of this client
}

// NewClient makes a client of the cluster that hosts belong to. A host is
// "name", "name:9092", "10.0.0.1:9092", "::1" or "[::1]:9092", without a port
// 9092, and an element may hold several with commas between. They are needed
// only to find the cluster, tried in random order, one after the other at
// once; the brokers' own addresses may be others. When no broker can be
// reached any more they are tried again, and their names resolved again.
//
// Nothing is dialled yet, so a wrong host shows with the first call. The error
// lists every bad host and every bad option.
func NewClient(hosts []string, opts ...ClientOption) (*Client, error) {
	config, problems := newClientConfig(opts)
	seeds, err := cluster.ParseSeeds(hosts)
	if err := errors.Join(err, problems); err != nil {
		return nil, fmt.Errorf("afkak: cannot make a client: %w", err)
	}
	config.Seeds = seeds
	c := &Client{cluster: cluster.New(config.Config), logger: config.Logger, requestTimeout: config.Conn.RequestTimeout, rack: config.rack}
	c.done = c.cluster.Done()
	c.fetchers = fetcherSet{cluster: c.cluster, requestTimeout: config.Conn.RequestTimeout, done: c.done}
	c.fetchers.budget.limit = config.fetchBuffer
	return c, nil
}

// Close ends all connections and waits until every goroutine of the client has
// ended. Calls that wait end with [ErrClosed]. Producers and consumers should
// be closed before it: what they have not sent is lost. It may be called again,
// which does nothing, and always returns nil.
func (c *Client) Close() error {
	c.cluster.Close()
	c.fetchers.close()
	return nil
}

// Do sends any request of the protocol to the broker that it belongs to:
// partitions to their leaders, groups and transactions to their coordinators,
// changes of the cluster to the controller, a broker's settings to that
// broker, and the rest to any. What belongs to several brokers is split, and
// their answers come back as one, in the order of the request; requests such
// as ListGroups, which every broker answers for itself, go to all of them.
//
// The version is the newest that client and broker share and that can carry
// what was filled in: a request that names topics is sent in a version that
// has names, one that has their IDs in a version that has IDs.
//
// Failures to reach a broker and error codes that say "not now" or "not here"
// are tried again, with backoff, until [WithRetryTimeout] or ctx ends; but what
// would not be the same if done twice, such as Produce, is never sent again
// once it may have been done.
//
// Error codes are in the answer for the caller to look at. The error says what
// got no answer: then the answer holds the rest, or is nil.
func (c *Client) Do(ctx context.Context, req protocol.Request) (protocol.Response, error) {
	resp, err := c.cluster.Do(ctx, req)
	if err != nil {
		return resp, fmt.Errorf("afkak: %w", err)
	}
	return resp, nil
}

// DoOn sends a request to one broker, by its node ID, without looking at what
// it is and without trying again.
func (c *Client) DoOn(ctx context.Context, broker int32, req protocol.Request) (protocol.Response, error) {
	resp, err := c.cluster.DoOn(ctx, broker, cluster.Control, cluster.Call{Request: req, MaxVersion: cluster.AnyVersion})
	if err != nil {
		return nil, fmt.Errorf("afkak: %w", err)
	}
	return resp, nil
}
