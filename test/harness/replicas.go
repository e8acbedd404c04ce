package harness

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
)

// Replicated creates a topic with a name of its own and three replicas.
func (target Target) Replicated(t testing.TB, client *afkak.Client, partitions int) string {
	t.Helper()
	name := Name("topic")
	ctx := Context(t)
	var err error
	if target.AtLeast("0.10.1") { // KIP-4
		err = request(ctx, client, name, partitions)
	} else {
		err = target.Real.CreateTopic(ctx, name, partitions, 3)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// JustCreated creates a topic of one partition and three replicas, with a name of its own, and does not wait for it: by a
// request, or, before there was one, as Kafka's tool does, which leaves the brokers a note in ZooKeeper.
func (target Target) JustCreated(t testing.TB, client *afkak.Client) string {
	t.Helper()
	name := Name("topic")
	ctx := Context(t)
	var err error
	if target.AtLeast("0.10.1") { // KIP-4
		err = request(ctx, client, name, 1)
	} else {
		err = target.announce(ctx, name)
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

func request(ctx context.Context, client *afkak.Client, topic string, partitions int) error {
	resp, err := client.Do(ctx, &protocol.CreateTopicsRequest{
		Topics:    []protocol.CreateTopicsRequestTopic{{Name: topic, NumPartitions: int32(partitions), ReplicationFactor: 3}},
		TimeoutMs: 30_000,
	})
	if err != nil {
		return err
	}
	return kerr.FromCode(resp.(*protocol.CreateTopicsResponse).Topics[0].ErrorCode)
}

// announce leaves the note. Another broker leads each time.
func (target Target) announce(ctx context.Context, topic string) error {
	var replicas []string
	for _, b := range target.Real.Brokers() {
		replicas = append(replicas, strconv.Itoa(b.ID()))
	}
	leader := int(names.Load()) % len(replicas)
	replicas = append(replicas[leader:], replicas[:leader]...)
	first := node{"/config/topics/" + topic, `{"version":1,"config":{}}`}
	if !target.AtLeast("0.8.1") { // topics have no settings, and the first of them all has no place yet
		first = node{"/brokers/topics", ""}
	}
	partitions := `{"version":1,"partitions":{"0":[` + strings.Join(replicas, ",") + `]}}`
	return create(ctx, target.Real.ZooKeeper().Addr(), first, node{"/brokers/topics/" + topic, partitions})
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

// Settled waits until each partition of the topic has a leader and all its replicas again. Where a release is known not to
// come back by itself, it does after a while what the operator would have to.
func (target Target) Settled(t testing.TB, client *afkak.Client, topic string) {
	t.Helper()
	ask := settled
	if target.Real != nil && !target.AtLeast("0.9") {
		ask = target.settledInZooKeeper
	}
	help, began := target.remedy(), time.Now()
	Eventually(t, "topic "+topic+" has all its replicas", func(ctx context.Context) error {
		err := ask(ctx, client, topic)
		if err != nil && help != nil && time.Since(began) > patience {
			help(ctx, t, client, topic)
			help = nil
		}
		return err
	})
}

// patience is how long a cluster gets to come back by itself. Brokers wait for as much as 30 s for a controller that is gone.
const patience = 40 * time.Second

// remedy is what helps clusters of the target's release that do not come back, nil if they do.
func (target Target) remedy() func(ctx context.Context, t testing.TB, client *afkak.Client, topic string) {
	switch {
	case target.Real == nil:
		return nil
	case !target.AtLeast("1.1"):
		return target.readmit
	case target.AtLeast("2.7") && !target.AtLeast("3.0"):
		return target.relead
	}
	return nil
}

// readmit restarts brokers that the cluster does not know any more: before 1.1 one whose session with ZooKeeper has
// ended may believe for ever that it leads, and nobody follows it (KAFKA-2729).
func (target Target) readmit(ctx context.Context, t testing.TB, _ *afkak.Client, _ string) {
	t.Helper()
	for _, b := range target.Real.Brokers() {
		if text, err := endOfLog(b); err != nil || !bytes.Contains(text, []byte("not equal to that in zookeeper, skip updating ISR")) {
			continue
		}
		t.Logf("broker %d has fallen out of the cluster and does not see it: it is restarted", b.ID())
		b.Kill() // asked to end, it asks the cluster first
		if err := b.Restart(ctx); err != nil {
			t.Error(err)
		}
	}
}

// relead restarts the leaders of partitions that lack replicas. In 2.7 and 2.8 a leader asks the controller for each change of
// the replicas in sync; where it asked one that was replaced before it answered, it may believe for ever that a change is under
// way, and take no replica back. It leads on and takes records meanwhile.
func (target Target) relead(ctx context.Context, t testing.TB, client *afkak.Client, topic string) {
	t.Helper()
	resp, err := metadata(ctx, client, topic)
	if err != nil {
		t.Error(err)
		return
	}
	restarted := map[int32]bool{}
	for _, p := range resp.Topics[0].Partitions {
		if p.LeaderID < 0 || len(p.IsrNodes) == len(p.ReplicaNodes) || restarted[p.LeaderID] {
			continue
		}
		restarted[p.LeaderID] = true
		t.Logf("broker %d keeps replicas %v of %s/%d at %v: it is restarted", p.LeaderID, p.ReplicaNodes, topic, p.PartitionIndex, p.IsrNodes)
		if err := target.Real.Broker(int(p.LeaderID)).Restart(ctx); err != nil {
			t.Error(err)
		}
	}
}

// endOfLog returns the last 4 KiB.
func endOfLog(b *realkafka.Broker) ([]byte, error) {
	text, err := os.ReadFile(b.LogFile())
	return text[max(0, len(text)-4<<10):], err
}

var inSync = regexp.MustCompile(`(?i)\breplicas:\s*([\d,]+)\s+isr:\s*([\d,]*)`)

// settledInZooKeeper asks Kafka's own tool: before 0.9 brokers do not hear of replicas that
// have caught up, and go on answering that they have not.
func (target Target) settledInZooKeeper(ctx context.Context, _ *afkak.Client, topic string) error {
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
