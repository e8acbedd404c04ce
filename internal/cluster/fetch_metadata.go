package cluster

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Versions of Metadata from which on something is so.
const (
	metadataNullIsAll = 1 // null asks for all topics, an empty list for none; before, empty asks for all
	metadataCreates   = 4 // creating topics can be declined (Kafka 0.11, KIP-204)
)

// fetchMetadata asks the first broker that answers, and takes the answer in.
// No names: the list of brokers alone.
func (c *Cluster) fetchMetadata(ctx context.Context, names []string, create bool) error {
	_, err := c.askMetadata(ctx, metadata.Asked{Names: names}, create)
	return err
}

// Look asks for topics, or for all that there are, and returns a picture of
// just these. It creates none. Names are learned; all topics are not, since
// nobody may want them again.
func (c *Cluster) Look(ctx context.Context, names ...string) (*metadata.Picture, error) {
	asked := metadata.Asked{Names: names, All: len(names) == 0}
	began := time.Now()
	for failures := 1; ; failures++ {
		picture, err := c.askMetadata(ctx, asked, false)
		if err == nil || time.Since(began) >= c.topicPatience(err, false) {
			return picture, err
		}
		if ended := c.wait(ctx, failures); ended != nil {
			return nil, fmt.Errorf("%w, waiting because of %w", ended, err)
		}
	}
}

func (c *Cluster) askMetadata(ctx context.Context, asked metadata.Asked, create bool) (*metadata.Picture, error) {
	unreachable := &UnreachableError{}
	for _, n := range c.candidates() {
		picture, err := c.askMetadataOf(ctx, n, asked, create)
		if err == nil {
			return picture, nil
		}
		if c.ctx.Err() != nil {
			return nil, ErrClosed
		}
		if ctx.Err() != nil {
			return nil, err
		}
		unreachable.Causes = append(unreachable.Causes, err)
	}
	return nil, unreachable
}

func (c *Cluster) askMetadataOf(ctx context.Context, n *node, asked metadata.Asked, create bool) (*metadata.Picture, error) {
	resp, version, err := n.metadata(ctx, asked, create, c.allKnown(asked.Names))
	if err != nil {
		return nil, err
	}
	if resp.ErrorCode != 0 { // REBOOTSTRAP_REQUIRED: this broker is not of our cluster any more (KIP-1102)
		return nil, n.failed(kerr.FromCode(resp.ErrorCode))
	}
	c.learn(resp, version, metadata.Asked{Names: asked.Names})
	return metadata.Empty().Next(resp, version, asked, time.Now()), nil
}

func (n *node) metadata(ctx context.Context, asked metadata.Asked, create, known bool) (*protocol.MetadataResponse, int16, error) {
	open, err := n.reach(ctx, Control)
	if err != nil {
		return nil, 0, err
	}
	defer n.release()
	version, err := open.Versions().Pick(protocol.KeyMetadata, 0, newest(protocol.KeyMetadata))
	if err != nil {
		return nil, 0, &ItemError{API: protocol.KeyMetadata, Item: theWhole, Broker: n.id, Addr: n.addr, Err: err}
	}
	resp, err := open.Do(ctx, conn.Call{
		Request: metadataRequest(version, asked, create, known), MinVersion: version, MaxVersion: version,
		Timeout: min(n.c.cfg.Conn.RequestTimeout, n.c.cfg.Conn.DialTimeout), // another broker may be quicker
	})
	if err != nil {
		return nil, 0, n.named(err)
	}
	return resp.(*protocol.MetadataResponse), version, nil
}

// allKnown tells whether the picture has all of these topics.
func (c *Cluster) allKnown(names []string) bool {
	picture := c.Picture()
	return !slices.ContainsFunc(names, func(name string) bool {
		topic, known := picture.Topic(name)
		return !known || topic.Err != nil
	})
}

// metadataRequest asks for topics by name. Brokers before 0.11 create what is
// asked for by name whether one wants it or not; so where topics must not be
// created and may not exist, all topics are asked for instead.
func metadataRequest(version int16, asked metadata.Asked, create, known bool) *protocol.MetadataRequest {
	req := &protocol.MetadataRequest{AllowAutoTopicCreation: create}
	all := asked.All
	if version < metadataCreates {
		req.AllowAutoTopicCreation = true // what these versions mean, and the only value that they can carry
		all = all || !create && !known
	}
	switch {
	case !all:
		req.Topics = make([]protocol.MetadataRequestTopic, len(asked.Names))
		for i := range asked.Names {
			req.Topics[i].Name = &asked.Names[i]
		}
	case version < metadataNullIsAll:
		req.Topics = []protocol.MetadataRequestTopic{}
	}
	return req
}

func newest(key protocol.APIKey) int16 {
	api, _ := protocol.LookupAPI(key)
	return api.MaxVersion
}

// candidates lists all brokers, the readiest first and equal ones in random
// order, and after them the bootstrap hosts, whose names are then resolved anew.
func (c *Cluster) candidates() []*node {
	c.mu.Lock()
	brokers := make([]*node, 0, len(c.nodes))
	for _, n := range c.nodes {
		brokers = append(brokers, n)
	}
	seeds := slices.Clone(c.seeds)
	c.mu.Unlock()
	return append(byReadiness(brokers), byReadiness(seeds)...)
}

func byReadiness(nodes []*node) []*node {
	rand.Shuffle(len(nodes), func(i, j int) { nodes[i], nodes[j] = nodes[j], nodes[i] })
	order := make(map[*node]int, len(nodes))
	for _, n := range nodes {
		order[n] = n.readiness()
	}
	slices.SortStableFunc(nodes, func(a, b *node) int { return order[a] - order[b] })
	return nodes
}
