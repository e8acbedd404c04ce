package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// adminTimeoutMs is how long a broker may take to carry a change out.
const adminTimeoutMs = 30_000

// createTopic creates a topic; created is false where it is there already.
func createTopic(ctx context.Context, client *afkak.Client, name string, partitions int32, replicas int16) (created bool, err error) {
	req := protocol.NewCreateTopicsRequest()
	req.TimeoutMs = adminTimeoutMs
	topic := protocol.CreateTopicsRequestTopic{Name: name, NumPartitions: partitions, ReplicationFactor: replicas}
	req.Topics = []protocol.CreateTopicsRequestTopic{topic}
	resp, err := client.Do(ctx, req)
	if err != nil {
		return false, adminError(err, "create topics", "Let a producer create it, or use Kafka's own script")
	}
	for _, t := range resp.(*protocol.CreateTopicsResponse).Topics {
		switch err := kerr.FromCode(t.ErrorCode); {
		case errors.Is(err, kerr.TopicAlreadyExists):
			return false, nil
		case err != nil:
			return false, fmt.Errorf("create topic %s: %w", name, withMessage(err, t.ErrorMessage))
		}
	}
	return true, nil
}

func deleteTopic(ctx context.Context, client *afkak.Client, name string) error {
	req := protocol.NewDeleteTopicsRequest()
	req.TimeoutMs = adminTimeoutMs
	req.TopicNames = []string{name}
	resp, err := client.Do(ctx, req)
	if err != nil {
		return adminError(err, "delete topics", "Use Kafka's own script")
	}
	for _, t := range resp.(*protocol.DeleteTopicsResponse).Responses {
		if err := kerr.FromCode(t.ErrorCode); err != nil {
			return fmt.Errorf("delete topic %s: %w", name, withMessage(err, t.ErrorMessage))
		}
	}
	return nil
}

// adminError says what else can be done where the brokers are too old for a request.
func adminError(err error, what, instead string) error {
	var version *protocol.VersionError
	if errors.As(err, &version) {
		return fmt.Errorf("this broker is too old to %s for a client (Kafka 0.10.1 is the first that can). %s: %w", what, instead, version)
	}
	return err
}

// autoCreateTopic makes a cluster that cannot create topics for a client
// create this one by itself, with as many partitions as its settings say.
func autoCreateTopic(ctx context.Context, client *afkak.Client, name string) error {
	ctx, cancel := context.WithTimeout(ctx, adminTimeoutMs*time.Millisecond)
	defer cancel()
	for {
		req := protocol.NewMetadataRequest() // asking for it is what creates it
		req.Topics = []protocol.MetadataRequestTopic{{Name: &name}}
		if _, err := client.Do(ctx, req); err != nil {
			return err
		}
		if _, err := partitionsOf(ctx, client, name); err == nil || !afkak.Retriable(err) {
			return err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("create topic %s by asking for it: %w", name, ctx.Err())
		}
	}
}

// withMessage adds what the broker said in words, where it said more than the code.
func withMessage(err error, message *string) error {
	if message == nil || *message == "" {
		return err
	}
	return fmt.Errorf("%w (%s)", err, *message)
}

// describeTopics returns the named topics, or all, by name.
func describeTopics(ctx context.Context, client *afkak.Client, names ...string) ([]topicInfo, error) {
	cluster, err := client.Metadata(ctx, names...)
	if err != nil {
		return nil, err
	}
	var topics []topicInfo
	for _, topic := range cluster.Topics {
		if topic.Err != nil {
			return nil, fmt.Errorf("describe topic %s: %w", topic.Name, topic.Err)
		}
		topics = append(topics, newTopicInfo(topic))
	}
	return topics, nil
}

func newTopicInfo(topic *afkak.TopicMetadata) topicInfo {
	info := topicInfo{Name: topic.Name, Internal: topic.Internal, Partitions: []partitionInfo{}}
	for _, p := range topic.Partitions {
		row := partitionInfo{Topic: topic.Name, Partition: p.ID, Leader: p.Leader, Replicas: p.Replicas, ISR: p.ISR}
		if p.Err != nil {
			row.Error = p.Err.Error()
		}
		info.Partitions = append(info.Partitions, row)
	}
	return info
}

// partitionsOf returns the numbers of a topic's partitions, in order.
func partitionsOf(ctx context.Context, client *afkak.Client, topic string) ([]int32, error) {
	topics, err := describeTopics(ctx, client, topic)
	if err != nil {
		return nil, err
	}
	var partitions []int32
	for _, t := range topics {
		for _, p := range t.Partitions {
			partitions = append(partitions, p.Partition)
		}
	}
	return partitions, nil
}

// listOffsets returns the offset that a position stands for in each of the partitions.
func listOffsets(ctx context.Context, client *afkak.Client, topic string, partitions []int32, at afkak.Position) ([]int64, error) {
	payloads := make([]afkak.ListOffsetsPayload, len(partitions))
	for i, partition := range partitions {
		payloads[i] = afkak.ListOffsetsPayload{Topic: topic, Partition: partition, At: at}
	}
	results, err := client.ListOffsets(ctx, payloads)
	if err != nil {
		return nil, err
	}
	offsets := make([]int64, len(results))
	for i, result := range results {
		offsets[i] = result.Offset
	}
	return offsets, nil
}
