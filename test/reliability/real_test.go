package reliability

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/test/harness"
)

// The topics of a real stage, by their place in stage.topics. Each has three replicas and min.insync.replicas=2.
const (
	ordinary = iota
	strict   // min.insync.replicas=3: cannot be written to while any broker is away
	moved    // its partitions are reassigned
	deleted  // and made again: the last one, see deletion
	topicCount
)

func TestRealKafkaUnderFaults(t *testing.T) {
	if os.Getenv(harness.VersionEnv) == "" {
		if realkafka.Required() {
			t.Fatalf("real Kafka is required, and %s names no release of it", harness.VersionEnv)
		}
		t.Skipf("not covered: real Kafka, whose releases %s names", harness.VersionEnv)
	}
	versions, err := harness.Versions()
	if err != nil {
		t.Fatal(err)
	}
	for _, version := range versions {
		t.Run(version, func(t *testing.T) {
			cluster := harness.StartCluster(t, harness.ThreeConfig(version))
			target := harness.Target{Version: version, Addrs: cluster.Addrs(), Real: cluster}
			t.Cleanup(func() {
				if t.Failed() {
					harness.TellOfFailure(t, cluster)
				}
			})
			client := target.Logged(t)
			var topics []string
			for range topicCount {
				topics = append(topics, target.Created(t, client))
			}
			target.Configure(t, client, topics[strict], "min.insync.replicas", "3")
			s := newStage(t, target, realLimits, client, topics...)
			s.suffer(durationOf(t, 20*time.Second), []fault{
				{"restart", restart},
				{"killed leader", killLeader},
				{"paused leader", pauseLeader},
				{"cuts", cuts},
				{"stranded connections", strand},
				{"too few in sync", shrink},
				{"reassignment", reassign},
				{"deletion", deletion},
			})
			s.settleUp()
		})
	}
}

// settled waits until all topics have all their replicas.
func (s *stage) settled() {
	s.t.Helper()
	for _, topic := range s.topics {
		s.target.Settled(s.t, s.client, topic)
	}
}

// leading is the broker that leads a partition.
func (s *stage) leading(at place) *realkafka.Broker {
	s.t.Helper()
	var found *realkafka.Broker
	harness.Eventually(s.t, fmt.Sprintf("%s/%d has a leader", at.topic, at.partition), func(ctx context.Context) error {
		resp, err := s.client.Metadata(ctx, at.topic)
		if err != nil {
			return err
		}
		leader := resp.Topics[0].Partitions[at.partition].Leader
		if leader < 0 {
			return fmt.Errorf("leader %d", leader)
		}
		found = s.target.Real.Broker(int(leader))
		return nil
	})
	return found
}

func (s *stage) restarted(broker *realkafka.Broker) {
	s.t.Helper()
	if err := broker.Restart(harness.Context(s.t)); err != nil {
		s.t.Fatal(err)
	}
	s.settled()
}

// cutsMeanwhile has the next produce requests or answers cut, now and then: two faults at a time.
func (s *stage) cutsMeanwhile() {
	s.t.Helper()
	if s.random.IntN(2) == 0 {
		return
	}
	s.proxy.CutRequest(protocol.KeyProduce)
	s.proxy.CutAnswer(protocol.KeyProduce)
	s.tell("meanwhile a produce request and an answer are cut")
}

// restart restarts all brokers in order, one after the other, each when all replicas are in sync and all records flow again.
func restart(s *stage) {
	s.t.Helper()
	for _, broker := range s.target.Real.Brokers() {
		s.tell("broker %d is restarted", broker.ID())
		s.cutsMeanwhile()
		s.restarted(broker)
		s.flows(time.Now())
	}
}

// killLeader has a leader crash, and start again at once or later than the cluster notices.
func killLeader(s *stage) {
	s.t.Helper()
	at := s.somewhere()
	broker, lasts := s.leading(at), s.lasts(0, 10*time.Second)
	s.tell("broker %d, which leads %s/%d, is killed, for %v", broker.ID(), at.topic, at.partition, lasts)
	s.cutsMeanwhile()
	broker.Kill()
	s.wait(lasts)
	s.restarted(broker)
}

// pauseLeader holds a leader for longer than a produce request may take, sometimes for so long that another leads.
func pauseLeader(s *stage) {
	s.t.Helper()
	at := s.somewhere()
	broker, lasts := s.leading(at), s.lasts(s.limits.request, 4*s.limits.request)
	s.tell("broker %d, which leads %s/%d, is paused for %v", broker.ID(), at.topic, at.partition, lasts)
	s.cutsMeanwhile()
	if err := broker.Pause(); err != nil {
		s.t.Fatal(err)
	}
	s.wait(lasts)
	if err := broker.Resume(); err != nil {
		s.t.Fatal(err)
	}
	s.settled()
}

// shrink takes a follower of the strict topic away until its leader knows that too few are in sync.
func shrink(s *stage) {
	s.t.Helper()
	topic := s.topics[strict]
	leader := s.leading(place{topic, 0})
	broker := s.target.Real.Broker(leader.ID()%len(s.target.Real.Brokers()) + 1)
	s.tell("broker %d is killed until %s/0 has too few replicas in sync", broker.ID(), topic)
	broker.Kill()
	harness.Eventually(s.t, "too few replicas are in sync", func(ctx context.Context) error {
		resp, err := s.client.Metadata(ctx, topic)
		if err != nil {
			return err
		}
		if inSync := resp.Topics[0].Partitions[0].ISR; len(inSync) > 2 {
			return fmt.Errorf("in sync are %v", inSync)
		}
		return nil
	})
	lasts := s.lasts(0, 2*s.limits.request)
	s.tell("too few are in sync, for %v", lasts)
	s.wait(lasts)
	s.restarted(broker)
}

// reassign moves each partition of a topic to two or three replicas at random.
func reassign(s *stage) {
	s.t.Helper()
	topic := s.topics[moved]
	var to [partitions][]int32
	for partition := range to {
		to[partition] = someBrokers(s.random)
	}
	s.tell("the partitions of %s are moved to %v", topic, to)
	s.cutsMeanwhile()
	if s.target.AtLeast("2.4") { // KIP-455
		harness.Eventually(s.t, "the reassignment is accepted", func(ctx context.Context) error { return s.askReassign(ctx, topic, to) })
	} else {
		s.toolReassign(topic, to)
	}
	harness.Eventually(s.t, "the partitions are where they belong", func(ctx context.Context) error {
		resp, err := s.client.Metadata(ctx, topic)
		if err != nil {
			return err
		}
		for partition, want := range to {
			p := resp.Topics[0].Partitions[partition]
			if !slices.Equal(slices.Sorted(slices.Values(p.Replicas)), slices.Sorted(slices.Values(want))) || !slices.Contains(want, p.Leader) {
				return fmt.Errorf("partition %d: leader %d, replicas %v, want %v", partition, p.Leader, p.Replicas, want)
			}
		}
		return nil
	})
	s.settled()
}

// someBrokers are two or three of the three, in any order.
func someBrokers(random *rand.Rand) []int32 {
	all := []int32{1, 2, 3}
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all[:2+random.IntN(2)]
}

func (s *stage) askReassign(ctx context.Context, topic string, to [partitions][]int32) error {
	req := protocol.NewAlterPartitionReassignmentsRequest()
	asked := protocol.AlterPartitionReassignmentsRequestTopic{Name: topic}
	for partition, replicas := range to {
		asked.Partitions = append(asked.Partitions, protocol.AlterPartitionReassignmentsRequestTopicPartition{
			PartitionIndex: int32(partition), Replicas: replicas,
		})
	}
	req.Topics = append(req.Topics, asked)
	answer, err := s.client.Do(ctx, req)
	if err != nil {
		return err
	}
	resp := answer.(*protocol.AlterPartitionReassignmentsResponse)
	if err := kerr.FromCode(resp.ErrorCode); err != nil {
		return err
	}
	for _, p := range resp.Responses[0].Partitions {
		if err := kerr.FromCode(p.ErrorCode); err != nil {
			return err
		}
	}
	return nil
}

// toolReassign has Kafka's own tool write the plan into ZooKeeper.
func (s *stage) toolReassign(topic string, to [partitions][]int32) {
	s.t.Helper()
	var plan []string
	for partition, replicas := range to {
		text := strings.ReplaceAll(fmt.Sprint(replicas), " ", ",")
		plan = append(plan, fmt.Sprintf(`{"topic":%q,"partition":%d,"replicas":%s}`, topic, partition, text))
	}
	file := filepath.Join(s.t.TempDir(), "plan.json")
	if err := os.WriteFile(file, fmt.Appendf(nil, `{"version":1,"partitions":[%s]}`, strings.Join(plan, ",")), 0o600); err != nil {
		s.t.Fatal(err)
	}
	_, err := s.target.Real.RunTool(harness.Context(s.t), "", "kafka.admin.ReassignPartitionsCommand",
		"--zookeeper", s.target.Real.ZooKeeper().Addr(), "--reassignment-json-file", file, "--execute")
	if err != nil {
		s.t.Fatal(err)
	}
}
