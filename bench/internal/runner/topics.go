package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Target is a broker that runs are made against: a real Kafka, the embedded
// broker or the sink.
type Target struct {
	Addr   string
	client *afkak.Client
}

// leaderTimeout is how long the partitions of a new topic may take to get
// their leaders: on a busy machine a thousand of them take more than the
// client's usual half minute.
const leaderTimeout = 3 * time.Minute

// NewTarget makes a Target. Close it.
func NewTarget(addr string) (*Target, error) {
	client, err := afkak.NewClient([]string{addr}, afkak.WithRetryTimeout(leaderTimeout))
	return &Target{Addr: addr, client: client}, err
}

// Close ends the connections, not the broker.
func (t *Target) Close() error { return t.client.Close() }

// Create makes a topic and returns when every partition has a leader.
func (t *Target) Create(ctx context.Context, topic string, partitions int) error {
	req := protocol.NewCreateTopicsRequest()
	req.Topics = []protocol.CreateTopicsRequestTopic{{
		Name: topic, NumPartitions: int32(partitions), ReplicationFactor: 1,
	}}
	resp, err := t.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("create topic %s: %w", topic, err)
	}
	for _, made := range resp.(*protocol.CreateTopicsResponse).Topics {
		if err := kerr.FromCode(made.ErrorCode); err != nil {
			return fmt.Errorf("create topic %s: %w", topic, err)
		}
	}
	_, err = t.Ends(ctx, topic, partitions) // asks again while there are no leaders
	return err
}

// Delete removes a topic.
func (t *Target) Delete(ctx context.Context, topic string) error {
	req := protocol.NewDeleteTopicsRequest()
	req.Topics = []protocol.DeleteTopicsRequestTopic{{Name: &topic}}
	req.TopicNames = []string{topic}
	req.TimeoutMs = 30_000
	resp, err := t.client.Do(ctx, req)
	if err != nil {
		return fmt.Errorf("delete topic %s: %w", topic, err)
	}
	for _, gone := range resp.(*protocol.DeleteTopicsResponse).Responses {
		if err := kerr.FromCode(gone.ErrorCode); err != nil {
			return fmt.Errorf("delete topic %s: %w", topic, err)
		}
	}
	return nil
}

// Ends returns the partitions' end offsets.
func (t *Target) Ends(ctx context.Context, topic string, partitions int) ([]int64, error) {
	payloads := make([]afkak.ListOffsetsPayload, partitions)
	for i := range payloads {
		payloads[i] = afkak.ListOffsetsPayload{Topic: topic, Partition: int32(i), At: afkak.Latest}
	}
	results, err := t.client.ListOffsets(ctx, payloads)
	if err != nil {
		return nil, fmt.Errorf("ask for the end of %s: %w", topic, err)
	}
	ends := make([]int64, partitions)
	var errs []error
	for _, res := range results {
		if res.Err != nil {
			errs = append(errs, res.Err)
			continue
		}
		ends[res.Partition] = res.Offset
	}
	return ends, errors.Join(errs...)
}

// Stock is what a topic holds.
type Stock struct {
	Records int64
	Bytes   int64 // on the broker's disk
}

// Stock asks for what a topic holds.
func (t *Target) Stock(ctx context.Context, topic string, partitions int) (s Stock, err error) {
	ends, err := t.Ends(ctx, topic, partitions)
	if err != nil {
		return s, err
	}
	for _, end := range ends {
		s.Records += end
	}
	s.Bytes, err = t.logBytes(ctx, topic)
	return s, err
}

// logBytes returns what a topic takes on the broker's disk.
func (t *Target) logBytes(ctx context.Context, topic string) (int64, error) {
	resp, err := t.client.Do(ctx, &protocol.DescribeLogDirsRequest{})
	if err != nil {
		return 0, fmt.Errorf("ask for the size of %s: %w", topic, err)
	}
	var size int64
	for _, dir := range resp.(*protocol.DescribeLogDirsResponse).Results {
		if err := kerr.FromCode(dir.ErrorCode); err != nil {
			return 0, fmt.Errorf("ask for the size of %s: %w", topic, err)
		}
		for _, found := range dir.Topics {
			for _, p := range found.Partitions {
				if found.Name == topic {
					size += p.PartitionSize
				}
			}
		}
	}
	return size, nil
}
