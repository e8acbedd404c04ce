package afkak

import (
	"context"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// ProducePayload is one batch of records for one partition.
type ProducePayload struct {
	Topic     string
	Partition int32
	Codec     Codec
	// Records need only Key, Value, Headers and Timestamp (zero: now). At
	// least one. The slices must not change until Produce has returned.
	Records []Record
}

// ProduceResult is what became of one payload.
type ProduceResult struct {
	Topic     string
	Partition int32
	// Offset is the first record's; -1 when it is not known: with AcksNone,
	// when Err is not nil, and where a call to a broker before Kafka 0.8.2
	// concerns partitions with other replicas and such without.
	Offset int64
	// Timestamp is when the broker appended the batch, for topics that are set
	// to log-append time (Kafka 0.10); otherwise zero.
	Timestamp time.Time
	Broker    int32 // that answered; -1: none
	// Err is nil or a *[ProduceError].
	Err error
}

// Produce writes payloads as they are, without a producer's batching: one
// request for each leader, all at the same time, acknowledged by all in-sync
// replicas. Each payload is one batch in the newest format that its leader
// takes. Two payloads for one partition go in successive requests, the second
// only if the first was stored.
//
// What a leader refused without storing it is tried again as with [Client.Do];
// what may have been stored is not, and [MaybeStored] tells it. The results are
// in the order of the payloads, and always complete; if any failed, the error
// is a *[PayloadsError].
func (c *Client) Produce(ctx context.Context, payloads []ProducePayload) ([]ProduceResult, error) {
	return c.ProduceAcks(ctx, AcksAll, payloads)
}

// ProduceAcks is [Client.Produce] with other acknowledgements. With AcksNone a
// payload counts as done once it was written to the connection.
func (c *Client) ProduceAcks(ctx context.Context, acks Acks, payloads []ProducePayload) ([]ProduceResult, error) {
	req := protocol.NewProduceRequest()
	req.Acks = int16(acks)
	req.TimeoutMs = int32(c.requestTimeout.Milliseconds())
	req.TopicData = make([]protocol.ProduceRequestTopicData, len(payloads))
	for i := range payloads { // a topic of its own each, so that items count as payloads do
		req.TopicData[i].Name = payloads[i].Topic
		req.TopicData[i].PartitionData = []protocol.ProduceRequestTopicDataPartitionData{{Index: payloads[i].Partition}}
	}
	outcomes, err := c.cluster.Each(ctx, cluster.Job{
		Request: req,
		InOrder: true,
		Prepare: func(i int, version int16, speaks *protocol.Versions) (err error) {
			req.TopicData[i].PartitionData[0].Records, err = payloads[i].seal(version, speaks)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	results := make([]ProduceResult, len(payloads))
	failures := failures{payloads: len(payloads)}
	for i := range payloads {
		results[i] = payloads[i].result(&outcomes[i])
		failures.add(i, results[i].Err)
	}
	c.correctOffsets(acks, payloads, results)
	return results, failures.err()
}

// correctOffsets sees to the answers of brokers before 0.8.2, see earlyOffsets. Where the partitions of a broker
// differ in having other replicas, it is not known which were asked together.
func (c *Client) correctOffsets(acks Acks, payloads []ProducePayload, results []ProduceResult) {
	brokers := map[int32]*earlyOffsets{}
	for i := range results {
		versions := c.cluster.Versions(results[i].Broker)
		if results[i].Err != nil || versions == nil {
			continue
		}
		early := brokers[results[i].Broker]
		if early == nil {
			made := newEarlyOffsets(versions, acks)
			early = &made
			brokers[results[i].Broker] = early
		}
		early.add(c.cluster.Picture(), results[i].Topic, results[i].Partition)
	}
	for i := range results {
		early := brokers[results[i].Broker]
		switch {
		case early == nil || !early.waits || results[i].Err != nil:
		case early.shared && early.alone:
			results[i].Offset = -1
		default:
			results[i].Offset = early.first(results[i].Offset, len(payloads[i].Records))
		}
	}
}

// seal makes the bytes of a payload for a version of the produce request.
func (p *ProducePayload) seal(version int16, speaks *protocol.Versions) ([]byte, error) {
	if err := p.Codec.supported(speaks, version); err != nil {
		return nil, err
	}
	var builder record.Builder
	now := time.Now().UnixMilli()
	for i := range p.Records {
		r := &p.Records[i]
		timestamp := now
		if !r.Timestamp.IsZero() {
			timestamp = r.Timestamp.UnixMilli()
		}
		builder.Append(timestamp, r.Key, r.Value, r.Headers)
	}
	return builder.Seal(record.Seal{
		Magic: magicFor(version), Codec: compress.Codec(p.Codec), Level: compress.DefaultLevel,
		ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence,
	})
}

func (p *ProducePayload) result(o *cluster.Outcome) ProduceResult {
	result := ProduceResult{Topic: p.Topic, Partition: p.Partition, Offset: -1, Broker: o.Broker}
	answer, _ := o.Answer.(*protocol.ProduceResponseResponsePartitionResponse)
	if o.Err != nil {
		cause := o.Err
		if answer != nil {
			cause = withMessage(cause, answer.ErrorMessage)
		}
		result.Err = &ProduceError{Topic: p.Topic, Partition: p.Partition, Broker: o.Broker, Addr: o.Addr, Records: len(p.Records), Err: cause}
		return result
	}
	if answer != nil {
		result.Offset = answer.BaseOffset
		if answer.LogAppendTimeMs >= 0 {
			result.Timestamp = time.UnixMilli(answer.LogAppendTimeMs)
		}
	}
	return result
}

// failures collects what failed of a low-level call.
type failures struct {
	payloads int
	failed   []*PayloadError
}

func (f *failures) add(index int, err error) {
	if err != nil {
		f.failed = append(f.failed, &PayloadError{Index: index, Err: err})
	}
}

func (f *failures) err() error {
	if len(f.failed) == 0 {
		return nil
	}
	return &PayloadsError{Payloads: f.payloads, Failed: f.failed}
}
