package harness

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Replicated creates a topic with a name of its own and three replicas.
func (target Target) Replicated(t testing.TB, client *afkak.Client, partitions int) string {
	t.Helper()
	name := Name("topic")
	ctx := Context(t)
	if !target.AtLeast("0.10.1") { // KIP-4
		if err := target.Real.CreateTopic(ctx, name, partitions, 3); err != nil {
			t.Fatal(err)
		}
		return name
	}
	resp, err := client.Do(ctx, &protocol.CreateTopicsRequest{
		Topics:    []protocol.CreateTopicsRequestTopic{{Name: name, NumPartitions: int32(partitions), ReplicationFactor: 3}},
		TimeoutMs: 30_000,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.FromCode(resp.(*protocol.CreateTopicsResponse).Topics[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
	return name
}

// Configure changes one config of a topic.
func (target Target) Configure(t testing.TB, client *afkak.Client, topic, name, value string) {
	t.Helper()
	ctx := Context(t)
	if !target.AtLeast("0.11") { // KIP-133
		_, err := target.Real.RunTool(ctx, "", "kafka.admin.ConfigCommand", "--zookeeper", target.Real.ZooKeeper().Addr(),
			"--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", name+"="+value)
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	const ofTopic = 2
	resp, err := client.Do(ctx, &protocol.AlterConfigsRequest{Resources: []protocol.AlterConfigsRequestResource{{
		ResourceType: ofTopic, ResourceName: topic, Configs: []protocol.AlterConfigsRequestResourceConfig{{Name: name, Value: &value}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.FromCode(resp.(*protocol.AlterConfigsResponse).Responses[0].ErrorCode); err != nil {
		t.Fatalf("topic %s, %s=%s: %v", topic, name, value, err)
	}
}

// Settled waits until each partition of the topic has a leader and all its replicas again.
func (target Target) Settled(t testing.TB, client *afkak.Client, topic string) {
	t.Helper()
	Eventually(t, "topic "+topic+" has all its replicas", func(ctx context.Context) error {
		if target.Real != nil && !target.AtLeast("0.9") {
			return target.settledInZooKeeper(ctx, topic)
		}
		return settled(ctx, client, topic)
	})
}

var inSync = regexp.MustCompile(`(?i)\breplicas:\s*([\d,]+)\s+isr:\s*([\d,]*)`)

// settledInZooKeeper asks Kafka's own tool: before 0.9 brokers do not hear of replicas that
// have caught up, and go on answering that they have not.
func (target Target) settledInZooKeeper(ctx context.Context, topic string) error {
	class, args := "kafka.admin.TopicCommand", []string{"--describe"}
	if !target.AtLeast("0.8.1") {
		class, args = "kafka.admin.ListTopicCommand", nil
	}
	text, err := target.Real.RunTool(ctx, "", class, append(args, "--topic", topic, "--zookeeper", target.Real.ZooKeeper().Addr())...)
	if err != nil {
		return err
	}
	lines := inSync.FindAllStringSubmatch(text, -1)
	if len(lines) == 0 {
		return fmt.Errorf("the tool does not tell of replicas: %s", text)
	}
	for _, found := range lines {
		if strings.Count(found[1], ",") != strings.Count(found[2], ",") {
			return fmt.Errorf("replicas %s, in sync %s", found[1], found[2])
		}
	}
	return nil
}
