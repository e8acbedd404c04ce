package cluster

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/afkak-go/afkak/internal/metadata"
)

// Report is what one broker is, or why that could not be found out.
type Report struct {
	Broker   metadata.Broker // ID NoBroker: a bootstrap host; see AllVersions
	Addr     string
	Identity *Identity // nil when Err is not
	Err      error
}

// AllVersions connects to every broker of the cluster and tells what each is,
// by node ID. While the cluster names no broker (Kafka 0.8 without topics), the
// bootstrap hosts stand for them. The error says that the list of brokers could
// not be had.
func (c *Cluster) AllVersions(ctx context.Context) ([]Report, error) {
	if err := c.refreshBrokers(ctx); err != nil {
		return nil, err
	}
	picture := c.Picture()
	reports := make([]Report, len(picture.Brokers()))
	nodes := make([]*node, len(reports))
	for i, b := range picture.Brokers() {
		reports[i].Broker = b
		nodes[i] = c.node(b.ID)
	}
	if len(reports) == 0 {
		c.mu.Lock()
		nodes = append(nodes, c.seeds...)
		c.mu.Unlock()
		reports = make([]Report, len(nodes))
	}
	var wg sync.WaitGroup
	for i, n := range nodes {
		if n == nil { // gone within a moment
			reports[i].Err = c.unknown(reports[i].Broker.ID)
			continue
		}
		wg.Go(func() { reports[i].identify(ctx, n) })
	}
	wg.Wait()
	return reports, nil
}

func (r *Report) identify(ctx context.Context, n *node) {
	r.Addr, r.Broker.ID = n.addr, n.id
	open, err := n.reach(ctx, Control)
	if err != nil {
		r.Err = err
		return
	}
	defer n.release()
	r.Identity = open.Identity()
}

// Release is which Kafka answered last at an address, or nothing if none did
// or it is not known.
func (c *Cluster) Release(addr string) string {
	c.mu.Lock()
	nodes := slices.Concat(slices.Collect(maps.Values(c.nodes)), c.seeds)
	c.mu.Unlock()
	for _, n := range nodes {
		if n.addr != addr {
			continue
		}
		if release := n.kafka(); release != "" {
			return release
		}
	}
	return ""
}
