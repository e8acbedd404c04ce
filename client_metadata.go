package afkak

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/metadata"
)

// Broker is one broker as the cluster advertises it.
type Broker = metadata.Broker

// TopicMetadata is what the cluster says of one topic. It must not be changed.
type TopicMetadata = metadata.Topic

// PartitionMetadata is what the cluster says of one partition.
type PartitionMetadata = metadata.Partition

// ClusterMetadata is what the cluster says of itself and some topics.
type ClusterMetadata struct {
	ClusterID    string   // empty before Kafka 0.10.1
	ControllerID int32    // -1 before Kafka 0.10; with KRaft, any broker
	Brokers      []Broker // by ID; none on Kafka 0.8 while it has no topic
	Topics       []*TopicMetadata
}

// Metadata asks for topics, or for all that there are when none is named. The
// topics come in the order of the names, or sorted; what is wrong with one is
// in its Err. Nothing is created by asking.
//
// The error is an [UnreachableError] or ctx's.
func (c *Client) Metadata(ctx context.Context, topics ...string) (*ClusterMetadata, error) {
	picture, err := c.cluster.Look(ctx, topics...)
	if err != nil {
		return nil, fmt.Errorf("afkak: metadata: %w", err)
	}
	if len(topics) == 0 {
		topics = picture.Topics()
	}
	m := &ClusterMetadata{ClusterID: picture.ClusterID, ControllerID: picture.ControllerID, Brokers: picture.Brokers()}
	for _, name := range topics {
		if topic, ok := picture.Topic(name); ok {
			m.Topics = append(m.Topics, topic)
		}
	}
	return m, nil
}

// Coordinator finds the broker that keeps a group's offsets and members. On
// Kafka 0.8.0 and 0.8.1, which have none, its ID is -1: any broker serves.
func (c *Client) Coordinator(ctx context.Context, group string) (Broker, error) {
	broker, err := c.cluster.Coordinator(ctx, cluster.GroupKey, group)
	if err != nil {
		return broker, fmt.Errorf("afkak: coordinator of group %s: %w", group, err)
	}
	return broker, nil
}

// ResetTopics forgets what is known of these topics, so that whoever needs
// them next asks anew. Without names it forgets all.
func (c *Client) ResetTopics(topics ...string) { c.cluster.Forget(topics...) }

// ResetGroups forgets the coordinators of these groups; without names, of all
// groups and transactions.
func (c *Client) ResetGroups(groups ...string) {
	if len(groups) == 0 {
		c.cluster.ForgetCoordinators()
	}
	for _, group := range groups {
		c.cluster.ForgetCoordinator(cluster.GroupKey, group)
	}
}

// ResetAll forgets all topics and coordinators.
func (c *Client) ResetAll() {
	c.ResetTopics()
	c.ResetGroups()
}
