package realkafka

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

const (
	startTimeout  = 3 * time.Minute // of a start or restart whose context has no deadline
	startAttempts = 5               // with new ports, should another program take one meanwhile
	pollInterval  = 20 * time.Millisecond
)

// A Cluster is one or more real brokers, and what they need. All methods are
// safe for concurrent use.
type Cluster struct {
	cfg     Config
	dir     string
	log     *progress
	reaper  *reaper
	zk      *ZooKeeper // nil on KRaft
	brokers []*Broker  // by id - 1

	closing   chan struct{} // closed by Close: whatever waits for a process gives up
	closeOnce sync.Once
	closeErr  error
}

// Start starts a cluster and returns when every broker has seen every other.
// The caller must Close it. The jars are fetched first if they are not in the cache.
//
// A context without a deadline gets one of three minutes, which a fetch does not
// count against. The error of a broker that does not start ends with the last lines of its log.
func Start(ctx context.Context, cfg Config) (*Cluster, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, prefixed(err)
	}
	if _, err := java(); err != nil {
		return nil, prefixed(err)
	}
	log := newProgress(cfg.Log)
	if err := fetchCores(ctx, cfg.Versions, log); err != nil {
		return nil, prefixed(err)
	}
	ctx, cancel := withStartTimeout(ctx)
	defer cancel()
	for attempt := 1; ; attempt++ {
		c, err := startCluster(ctx, cfg, log)
		if err == nil {
			return c, nil
		}
		if !errors.Is(err, errPortTaken) || attempt == startAttempts || ctx.Err() != nil {
			return nil, fmt.Errorf("realkafka: start Kafka %s: %w", strings.Join(cfg.Versions, " + "), err)
		}
		log.printf("a port was taken by another program, starting again with others")
	}
}

func fetchCores(ctx context.Context, versions []string, log *progress) error {
	for _, version := range versions {
		r, err := findRelease(version)
		if err != nil {
			return err
		}
		if _, err := r.core().fetch(ctx, log); err != nil {
			return err
		}
	}
	return nil
}

func withStartTimeout(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, limited := ctx.Deadline(); limited {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, startTimeout)
}

func startCluster(ctx context.Context, cfg Config, log *progress) (c *Cluster, err error) {
	dir, err := os.MkdirTemp(cfg.Dir, "realkafka-"+cfg.Versions[0]+"-")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	c = &Cluster{cfg: cfg, dir: dir, log: log, closing: make(chan struct{})}
	defer func() {
		if err != nil {
			c.Close()
			c = nil
		}
	}()
	if c.reaper, err = startReaper(dir); err != nil {
		return c, err
	}
	if err := writeLogConfigs(dir); err != nil {
		return c, err
	}
	if err := c.layOut(); err != nil {
		return c, err
	}
	return c, c.bringUp(ctx)
}

// layOut makes the parts of the cluster and their folders, and holds their ports.
func (c *Cluster) layOut() error {
	kraft := c.kraft()
	for i, version := range c.cfg.Versions {
		b, err := newBroker(c, i+1, version, kraft)
		if err != nil {
			return err
		}
		c.brokers = append(c.brokers, b)
	}
	if kraft {
		return nil
	}
	zk, err := newZooKeeper(c)
	c.zk = zk
	return err
}

// bringUp starts ZooKeeper or formats the storage, then all brokers at once.
func (c *Cluster) bringUp(ctx context.Context) error {
	started := time.Now()
	if c.zk != nil {
		if err := c.zk.start(ctx); err != nil {
			return err
		}
	} else if err := c.format(ctx); err != nil {
		return err
	}
	for _, b := range c.brokers {
		if err := b.launch(); err != nil {
			return err
		}
	}
	for _, b := range c.brokers {
		if err := b.awaitStarted(ctx); err != nil {
			return err
		}
	}
	if err := c.awaitMembers(ctx); err != nil {
		return err
	}
	c.log.printf("Kafka %s is ready at %s after %v", strings.Join(c.cfg.Versions, " + "),
		strings.Join(c.Addrs(), ","), time.Since(started).Round(10*time.Millisecond))
	return nil
}

// kraft says how the cluster is coordinated; Config has been checked for mixtures.
func (c *Cluster) kraft() bool {
	r, err := findRelease(c.cfg.Versions[0])
	return err == nil && r.kraft
}

// Version is the release of the cluster, the oldest one of a mixed cluster.
func (c *Cluster) Version() string { return oldest(c.cfg.Versions) }

// Addrs lists the brokers' plain listeners, host:port, by broker id. A broker that is down is among them.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.brokers))
	for i, b := range c.brokers {
		addrs[i] = b.Addr()
	}
	return addrs
}

// ListenerAddrs lists the brokers' addresses of the named listener of
// Config.Listeners, by broker id; nil when there is none of that name.
func (c *Cluster) ListenerAddrs(name string) []string {
	var addrs []string
	for _, b := range c.brokers {
		if addr := b.ListenerAddr(name); addr != "" {
			addrs = append(addrs, addr)
		}
	}
	return addrs
}

// Broker returns the broker with the given id; ids count from 1. It panics when there is none.
func (c *Cluster) Broker(id int) *Broker { return c.brokers[id-1] }

// Brokers returns all brokers, by id.
func (c *Cluster) Brokers() []*Broker { return append([]*Broker(nil), c.brokers...) }

// ZooKeeper returns the cluster's ZooKeeper, nil for a KRaft cluster, which has none.
func (c *Cluster) ZooKeeper() *ZooKeeper { return c.zk }

// Dir is the cluster's temporary folder, with the logs, settings and data of all its
// processes. Close removes it.
func (c *Cluster) Dir() string { return c.dir }

// Close kills every process of the cluster, waits for their ends, and removes the
// folder. A Restart or a Stop that is waiting returns. It may be called again.
func (c *Cluster) Close() error {
	c.closeOnce.Do(func() { c.closeErr = c.close() })
	return c.closeErr
}

func (c *Cluster) close() error {
	close(c.closing)
	for _, b := range c.brokers {
		b.current().kill() // also what a Stop is waiting for
	}
	for _, b := range c.brokers {
		b.shutDown()
	}
	if c.zk != nil {
		c.zk.shutDown()
	}
	err := os.RemoveAll(c.dir)
	if c.reaper != nil {
		c.reaper.finish()
	}
	if err != nil {
		return fmt.Errorf("realkafka: remove the cluster's folder: %w", err)
	}
	return nil
}
