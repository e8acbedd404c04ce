package reliability

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/test/harness"
)

// deletion deletes the last topic and waits until its next use has made it again.
func deletion(s *stage) {
	s.t.Helper()
	topic := s.topics[len(s.topics)-1]
	before := s.firsts(topic)
	s.tell("topic %s is deleted", topic)
	s.load.history.nextEra(topic)
	harness.Eventually(s.t, "the topic is deleted", func(ctx context.Context) error { return s.deleteTopic(ctx, topic) })
	harness.Eventually(s.t, "the topic is there again", func(ctx context.Context) error {
		return s.isAnother(ctx, topic, before)
	})
	s.target.Settled(s.t, s.client, topic)
	s.load.history.nextEra(topic)
	s.tell("topic %s is there again", topic)
}

func (s *stage) deleteTopic(ctx context.Context, topic string) error {
	if !s.target.AtLeast("0.10.1") { // KIP-4
		_, err := s.target.Real.RunTool(ctx, "", "kafka.admin.TopicCommand", "--delete", "--topic", topic, "--zookeeper", s.target.Real.ZooKeeper().Addr())
		return err
	}
	req := &protocol.DeleteTopicsRequest{TimeoutMs: 30_000}
	if s.target.AtLeast("2.8") { // KIP-516
		req.Topics = []protocol.DeleteTopicsRequestTopic{{Name: &topic}}
	} else {
		req.TopicNames = []string{topic}
	}
	resp, err := s.client.Do(ctx, req)
	if err != nil {
		return err
	}
	err = kerr.FromCode(resp.(*protocol.DeleteTopicsResponse).Responses[0].ErrorCode)
	if errors.Is(err, kerr.UnknownTopicOrPartition) { // an earlier attempt did it
		return nil
	}
	return err
}

// firsts are the first records of a topic's partitions, which have some.
func (s *stage) firsts(topic string) map[int32]string {
	s.t.Helper()
	all := map[int32]string{}
	for partition := range int32(partitions) {
		harness.Eventually(s.t, "the first record is read", func(ctx context.Context) error {
			first, _, err := s.first(ctx, topic, partition)
			all[partition] = first
			return err
		})
	}
	return all
}

// isAnother says that every partition begins with another record, or is empty.
func (s *stage) isAnother(ctx context.Context, topic string, before map[int32]string) error {
	if err := harness.AskFor(ctx, s.client, topic); err != nil { // makes it
		return err
	}
	for partition := range maps.Keys(before) {
		switch first, empty, err := s.first(ctx, topic, partition); {
		case err != nil:
			return err
		case !empty && first == before[partition]:
			return fmt.Errorf("partition %d begins as before", partition)
		}
	}
	return nil
}

func (s *stage) first(ctx context.Context, topic string, partition int32) (value string, empty bool, err error) {
	results, err := s.client.Fetch(ctx, []afkak.FetchPayload{{Topic: topic, Partition: partition}}, afkak.WithFetchMaxWait(0))
	if err != nil {
		return "", false, err
	}
	switch r := results[0]; {
	case len(r.Records) > 0:
		return string(r.Records[0].Value), false, nil
	case r.HighWatermark > 0:
		return "", false, fmt.Errorf("partition %d: no record, high watermark %d", partition, r.HighWatermark)
	}
	return "", true, nil
}
