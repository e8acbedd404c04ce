package cluster

import (
	"context"
	"math/rand/v2"
	"slices"

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
	unreachable := &UnreachableError{}
	for _, n := range c.candidates() {
		err := c.fetchMetadataFrom(ctx, n, names, create)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return err
		}
		unreachable.Causes = append(unreachable.Causes, err)
	}
	return unreachable
}

func (c *Cluster) fetchMetadataFrom(ctx context.Context, n *node, names []string, create bool) error {
	open, err := n.reach(ctx, Control)
	if err != nil {
		return err
	}
	n.release()
	version, err := open.Versions().Pick(protocol.KeyMetadata, 0, newest(protocol.KeyMetadata))
	if err != nil {
		return err
	}
	req := metadataRequest(version, names, create, c.allKnown(names))
	resp, err := n.do(ctx, Control, conn.Call{
		Request: req, MinVersion: version, MaxVersion: version,
		Timeout: min(c.cfg.Conn.RequestTimeout, c.cfg.Conn.DialTimeout), // another broker may be quicker
	})
	if err != nil {
		return err
	}
	answer := resp.(*protocol.MetadataResponse)
	if answer.ErrorCode != 0 { // REBOOTSTRAP_REQUIRED: this broker is not of our cluster any more (KIP-1102)
		return n.failed(kerr.FromCode(answer.ErrorCode))
	}
	c.learn(answer, version, metadata.Asked{Names: names})
	return nil
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
func metadataRequest(version int16, names []string, create, known bool) *protocol.MetadataRequest {
	req := &protocol.MetadataRequest{AllowAutoTopicCreation: create}
	if version < metadataCreates {
		req.AllowAutoTopicCreation = true // what these versions mean, and the only value that they can carry
		if !create && !known {
			if version < metadataNullIsAll {
				req.Topics = []protocol.MetadataRequestTopic{}
			}
			return req
		}
	}
	req.Topics = make([]protocol.MetadataRequestTopic, len(names))
	for i := range names {
		req.Topics[i].Name = &names[i]
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
