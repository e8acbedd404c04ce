package afkak

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// ProducePayload is one batch of records for one partition.
type ProducePayload struct {
	Topic     string
	Partition int32
	Codec     Codec // of Records
	// Records need only Key, Value, Headers and Timestamp (zero: now). At
	// least one. The slices must not change until Produce has returned.
	Records []Record
	// Encoded, in the place of Records, are bytes that go into the request as
	// they are, such as those of [EncodeRecords]: a batch, or a message set. A
	// leader that does not take their format is sent nothing.
	Encoded []byte
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
	versions, err := encodedVersions(payloads)
	if err != nil {
		return nil, fmt.Errorf("afkak: produce: %w", err)
	}
	outcomes, err := c.cluster.Each(ctx, cluster.Job{
		Request:    req,
		MinVersion: versions.Min, MaxVersion: versions.Max,
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

// encodedVersions are those of a request that carries the payloads which were
// encoded by hand.
func encodedVersions(payloads []ProducePayload) (protocol.VersionRange, error) {
	all := protocol.VersionRange{Min: 0, Max: lastNamedProduce}
	var first Format
	for i := range payloads {
		p := &payloads[i]
		if len(p.Encoded) == 0 {
			continue
		}
		if len(p.Records) > 0 {
			return all, fmt.Errorf("payload %d has both Records and Encoded", i)
		}
		format, err := encodedFormat(p.Encoded)
		if err != nil {
			return all, fmt.Errorf("payload %d: %w", i, err)
		}
		if all == (protocol.VersionRange{Min: 0, Max: lastNamedProduce}) {
			first = format
		}
		fits := format.produceVersions()
		all = protocol.VersionRange{Min: max(all.Min, fits.Min), Max: min(all.Max, fits.Max)}
		if all.Min > all.Max {
			return all, fmt.Errorf("payload %d is encoded in magic %d and one before it in magic %d, which no request can carry together: send them apart", i, format, first)
		}
	}
	return all, nil
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
		topic, _ := c.cluster.Picture().Topic(results[i].Topic)
		early.add(topic, results[i].Partition)
	}
	for i := range results {
		early := brokers[results[i].Broker]
		switch {
		case early == nil || !early.waits || results[i].Err != nil:
		case early.shared && early.alone:
			results[i].Offset = -1
		default:
			results[i].Offset = early.first(results[i].Offset, payloads[i].count())
		}
	}
}

// seal makes the bytes of a payload for a version of the produce request.
func (p *ProducePayload) seal(version int16, speaks *protocol.Versions) ([]byte, error) {
	if len(p.Encoded) > 0 {
		return p.Encoded, nil
	}
	if err := p.Codec.supported(speaks, version); err != nil {
		return nil, err
	}
	return encodeRecords(Format(magicFor(version)), p.Codec, p.Records)
}

// count is how many records the payload has.
func (p *ProducePayload) count() (n int) {
	var rec record.Record
	for rest := p.Encoded; len(rest) > 0; {
		batch, size, err := record.ReadBatch(rest)
		if err != nil {
			break
		}
		var w record.Walker
		for err := w.Start(&batch, math.MaxInt32); err == nil && w.Next(&rec); n++ {
		}
		rest = rest[size:]
	}
	return n + len(p.Records)
}

func (p *ProducePayload) result(o *cluster.Outcome) ProduceResult {
	result := ProduceResult{Topic: p.Topic, Partition: p.Partition, Offset: -1, Broker: o.Broker}
	answer, _ := o.Answer.(*protocol.ProduceResponseResponsePartitionResponse)
	if o.Err != nil {
		cause := o.Err
		if answer != nil {
			cause = withMessage(cause, answer.ErrorMessage)
		}
		result.Err = &ProduceError{Topic: p.Topic, Partition: p.Partition, Broker: o.Broker, Addr: o.Addr, Records: p.count(), Err: cause}
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
