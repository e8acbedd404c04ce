package afkak

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// CommitPayload is an offset of one partition to keep for a group: by Kafka's
// convention the next one to read, not the last one that was.
type CommitPayload struct {
	Topic     string
	Partition int32
	Offset    int64
	Metadata  string // kept beside the offset, but not by Kafka 0.8.1; brokers take up to 4 KiB
}

// CommitResult is what became of one payload.
type CommitResult struct {
	Topic     string
	Partition int32
	Broker    int32 // that answered; -1: none, or one whose ID is not known
	// Err is nil or a *[OffsetError].
	Err error
}

// CommitOffsets keeps offsets for a group that has no members at the moment;
// members of a group commit as such. From Kafka 0.8.2 on the group's
// coordinator keeps them. Kafka 0.8.1 keeps them in ZooKeeper, for any broker;
// Kafka 0.8.0 keeps none, which is an [OffsetsUnsupportedError].
//
// The results are in the order of the payloads, and always complete; if any
// failed, the error is a *[PayloadsError].
func (c *Client) CommitOffsets(ctx context.Context, group string, payloads []CommitPayload) ([]CommitResult, error) {
	return c.commitOffsets(ctx, group, nil, payloads)
}

// memberOf is who commits for a group that has members: brokers refuse it once
// the member has lost its place.
type memberOf struct {
	id         string
	instanceID string // empty: none
	generation int32
}

// commitOffsets commits as a member; nil: of a group that has none.
func (c *Client) commitOffsets(ctx context.Context, group string, as *memberOf, payloads []CommitPayload) ([]CommitResult, error) {
	req := protocol.NewOffsetCommitRequest()
	req.GroupID = group
	if as != nil {
		req.MemberID, req.GenerationIDOrMemberEpoch = as.id, as.generation
		if as.instanceID != "" {
			req.GroupInstanceID = &as.instanceID
		}
	}
	req.Topics = make([]protocol.OffsetCommitRequestTopic, len(payloads))
	for i := range payloads { // a topic of its own each, so that items count as payloads do
		var part protocol.OffsetCommitRequestTopicPartition
		part.SetDefaults()
		part.PartitionIndex = payloads[i].Partition
		part.CommittedOffset = payloads[i].Offset
		part.CommittedMetadata = &payloads[i].Metadata
		req.Topics[i].Name = payloads[i].Topic
		req.Topics[i].Partitions = []protocol.OffsetCommitRequestTopicPartition{part}
	}
	outcomes, err := c.cluster.Each(ctx, cluster.Job{Request: req})
	if err != nil {
		return nil, err
	}
	results := make([]CommitResult, len(payloads))
	failures := failures{payloads: len(payloads)}
	for i := range payloads {
		p, o := &payloads[i], &outcomes[i]
		results[i] = CommitResult{Topic: p.Topic, Partition: p.Partition, Broker: o.Broker}
		if o.Err != nil {
			results[i].Err = &OffsetError{
				Op: "commit", Group: group, Topic: p.Topic, Partition: p.Partition,
				Broker: o.Broker, Addr: o.Addr, Err: c.offsetsSupported(o),
			}
		}
		failures.add(i, results[i].Err)
	}
	return results, failures.err()
}

// CommittedPayload asks for the offset that a group has committed of one
// partition.
type CommittedPayload struct {
	Topic     string
	Partition int32
}

// CommittedResult is the answer to one payload.
type CommittedResult struct {
	Topic     string
	Partition int32
	// Offset is -1 when nothing is committed, and when Err is not nil.
	Offset int64
	// LeaderEpoch of the last record that was read; -1 when it is not known.
	LeaderEpoch int32
	Metadata    string
	// Err is nil or a *[OffsetError].
	Err error
}

// FetchOffsets reads back what a group has committed. Without payloads it
// reads all that there is, sorted by topic and partition (Kafka 0.10.2,
// KIP-88). On which brokers offsets are kept, see [Client.CommitOffsets].
//
// The results are in the order of the payloads, and always complete; if any
// failed, the error is a *[PayloadsError].
func (c *Client) FetchOffsets(ctx context.Context, group string, payloads []CommittedPayload) ([]CommittedResult, error) {
	outcomes, err := c.cluster.Each(ctx, offsetFetchJob(group, payloads))
	if err != nil {
		return nil, err
	}
	o := &outcomes[0]
	answers := committedAnswers(group, o)
	if len(payloads) == 0 {
		if o.Answer == nil || o.Answer.(*protocol.OffsetFetchResponse).ErrorCode != 0 {
			return nil, &OffsetError{Op: "fetch committed offsets", Group: group, Partition: -1, Broker: o.Broker, Addr: o.Addr, Err: c.offsetsSupported(o)}
		}
		payloads = allCommitted(answers)
	}
	results := make([]CommittedResult, len(payloads))
	failures := failures{payloads: len(payloads)}
	for i, p := range payloads {
		result, answered := answers[p]
		if !answered {
			cause := c.offsetsSupported(o)
			if cause == nil {
				cause = ErrNoAnswer
			}
			result = notCommitted(p)
			result.Err = &OffsetError{Op: "fetch committed", Group: group, Topic: p.Topic, Partition: p.Partition, Broker: o.Broker, Addr: o.Addr, Err: cause}
		}
		results[i] = result
		failures.add(i, result.Err)
	}
	return results, failures.err()
}

// offsetFetchJob asks in the form for one group, which all brokers have.
func offsetFetchJob(group string, payloads []CommittedPayload) cluster.Job {
	req := protocol.NewOffsetFetchRequest()
	req.GroupID = group
	if len(payloads) == 0 {
		req.Topics = nil // all
		return cluster.Job{Request: req, MinVersion: 2, MaxVersion: cluster.AnyVersion}
	}
	places := map[string]int{}
	for _, p := range payloads {
		at, known := places[p.Topic]
		if !known {
			at = len(req.Topics)
			places[p.Topic] = at
			req.Topics = append(req.Topics, protocol.OffsetFetchRequestTopic{Name: p.Topic})
		}
		if partitions := &req.Topics[at].PartitionIndexes; !slices.Contains(*partitions, p.Partition) {
			*partitions = append(*partitions, p.Partition)
		}
	}
	return cluster.Job{Request: req}
}

func notCommitted(p CommittedPayload) CommittedResult {
	return CommittedResult{Topic: p.Topic, Partition: p.Partition, Offset: -1, LeaderEpoch: -1}
}

// committedAnswers lists what an answer says of each partition.
func committedAnswers(group string, o *cluster.Outcome) map[CommittedPayload]CommittedResult {
	answers := map[CommittedPayload]CommittedResult{}
	resp, ok := o.Answer.(*protocol.OffsetFetchResponse)
	if !ok {
		return answers
	}
	for _, topic := range resp.Topics {
		for _, part := range topic.Partitions {
			p := CommittedPayload{Topic: topic.Name, Partition: part.PartitionIndex}
			result := notCommitted(p)
			err := kerr.FromCode(part.ErrorCode)
			switch {
			case err == kerr.UnknownTopicOrPartition && o.Version == 0: // how version 0 says that nothing is committed
			case err != nil:
				result.Err = &OffsetError{Op: "fetch committed", Group: group, Topic: p.Topic, Partition: p.Partition, Broker: o.Broker, Addr: o.Addr, Err: err}
			default:
				result.Offset, result.LeaderEpoch = part.CommittedOffset, part.CommittedLeaderEpoch
				if part.Metadata != nil {
					result.Metadata = *part.Metadata
				}
			}
			answers[p] = result
		}
	}
	return answers
}

func allCommitted(answers map[CommittedPayload]CommittedResult) []CommittedPayload {
	all := make([]CommittedPayload, 0, len(answers))
	for p := range answers {
		all = append(all, p)
	}
	slices.SortFunc(all, func(a, b CommittedPayload) int {
		if a.Topic != b.Topic {
			if a.Topic < b.Topic {
				return -1
			}
			return 1
		}
		return int(a.Partition) - int(b.Partition)
	})
	return all
}

// OffsetsUnsupportedError says that a broker keeps no offsets for groups: it is
// Kafka 0.8.0. An [OffsetStore] can stand in.
type OffsetsUnsupportedError struct {
	Release string // which Kafka the broker is, as far as that is known
	Err     error  // that the broker does not know the request
}

func (e *OffsetsUnsupportedError) Error() string {
	kafka := "Kafka 0.8.0"
	if e.Release != "" {
		kafka = "Kafka " + e.Release
	}
	return fmt.Sprintf("%s keeps no offsets for groups: keep them in files, with WithOffsetStore and NewFileOffsetStore, or upgrade to 0.8.1 or later (%v)", kafka, e.Err)
}

// Unwrap returns the cause.
func (e *OffsetsUnsupportedError) Unwrap() error { return e.Err }

// offsetsSupported turns "does not know the request" into what that means.
func (c *Client) offsetsSupported(o *cluster.Outcome) error {
	err := o.Err
	var version *protocol.VersionError
	if errors.As(err, &version) && version.Missing && (version.Key == protocol.KeyOffsetCommit || version.Key == protocol.KeyOffsetFetch) {
		return &OffsetsUnsupportedError{Release: c.cluster.Release(o.Addr), Err: version}
	}
	return err
}
