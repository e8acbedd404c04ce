package realkafka

import (
	"context"
	"fmt"
)

// RestartAs is Restart with another release, with the broker's data and on its port: a step
// of a rolling upgrade. The broker goes on speaking to the others as the cluster's first release does, and
// with KRaft the cluster keeps that release's features, so that going back is possible.
// The cluster's own Version does not change, and its tools remain those of that release.
//
// A cluster with ZooKeeper cannot become one with KRaft this way.
func (b *Broker) RestartAs(ctx context.Context, version string) error {
	b.op.Lock()
	defer b.op.Unlock()
	r, err := findRelease(version)
	if err != nil {
		return prefixed(err)
	}
	if r.kraft != b.runs.Load().kraft {
		return fmt.Errorf("realkafka: restart broker %d (%s) as %s: one has KRaft here and the other ZooKeeper", b.id, b.Version(), version)
	}
	if err := fetchCores(ctx, []string{version}, b.cluster.log); err != nil {
		return prefixed(err)
	}
	ctx, cancel := withStartTimeout(ctx)
	defer cancel()
	if err := b.stop(ctx); err != nil {
		return prefixed(err)
	}
	b.mu.Lock()
	b.runs.Store(&r)
	b.mu.Unlock()
	return prefixed(b.restart(ctx, nil))
}
