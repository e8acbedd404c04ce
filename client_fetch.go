package afkak

import (
	"context"
	"errors"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/fetch"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// FetchPayload asks for records of one partition from an offset on.
type FetchPayload struct {
	Topic     string
	Partition int32
	Offset    int64
	// MaxBytes bounds what the partition sends. From Kafka 0.10.1 on the first
	// batch comes even if it is larger (KIP-74). 0: as [WithPartitionMaxBytes].
	MaxBytes int32
}

// FetchResult is what one payload brought.
type FetchResult struct {
	Topic     string
	Partition int32
	// Records from the asked offset on. They share memory with each other,
	// which nobody writes to again.
	Records []Record
	// Truncated tells that not even the first message fitted into MaxBytes:
	// ask for more. Only brokers before Kafka 0.10.1 do that.
	Truncated bool
	// HighWatermark is the offset up to which records are replicated and can
	// be read.
	HighWatermark int64
	// LastStableOffset is up to where all transactions have ended; -1 before
	// Kafka 0.11.
	LastStableOffset int64
	// LogStartOffset is the first that the log has; -1 before Kafka 1.0.
	LogStartOffset int64
	Broker         int32 // that answered; -1: none
	// Err is nil or a *[FetchError]. With an error in the middle of what came,
	// such as a corrupt batch, Records has what is before it.
	Err error
}

// Fetch reads partitions once, without a consumer's prefetching: one request
// for each leader, all at the same time. An empty partition brings no records
// and no error, after [WithFetchMaxWait] at the latest. Options about buffers
// and prefetching do not matter here.
//
// The results are in the order of the payloads, and always complete; if any
// failed, the error is a *[PayloadsError].
func (c *Client) Fetch(ctx context.Context, payloads []FetchPayload, opts ...FetchOption) ([]FetchResult, error) {
	config := defaultConsumerConfig()
	for _, opt := range opts {
		opt.applyConsumer(&config)
	}
	if err := config.fetch.check(); err != nil {
		return nil, err
	}
	outcomes, err := c.cluster.Each(ctx, cluster.Job{Request: fetchRequest(payloads, &config.fetch)})
	if err != nil {
		return nil, err
	}
	results := make([]FetchResult, len(payloads))
	failures := failures{payloads: len(payloads)}
	for i := range payloads {
		results[i] = payloads[i].result(&outcomes[i], config.fetch.maxBatchBytes)
		failures.add(i, results[i].Err)
	}
	return results, failures.err()
}

func fetchRequest(payloads []FetchPayload, config *fetchConfig) *protocol.FetchRequest {
	req := protocol.NewFetchRequest()
	req.MaxWaitMs = int32(config.shared.maxWait.Milliseconds())
	req.MinBytes = int32(config.shared.minBytes)
	req.MaxBytes = int32(config.shared.maxBytes)
	req.IsolationLevel = int8(config.shared.isolation)
	req.Topics = make([]protocol.FetchRequestTopic, len(payloads))
	for i, payload := range payloads { // a topic of its own each, so that items count as payloads do
		var part protocol.FetchRequestTopicPartition
		part.SetDefaults()
		part.Partition = payload.Partition
		part.FetchOffset = payload.Offset
		part.PartitionMaxBytes = payload.MaxBytes
		if payload.MaxBytes == 0 {
			part.PartitionMaxBytes = int32(config.partitionMaxBytes)
		}
		req.Topics[i].Topic = payload.Topic
		req.Topics[i].Partitions = []protocol.FetchRequestTopicPartition{part}
	}
	return req
}

func (p *FetchPayload) result(o *cluster.Outcome, maxBatchBytes int) FetchResult {
	result := FetchResult{
		Topic: p.Topic, Partition: p.Partition, Broker: o.Broker,
		HighWatermark: -1, LastStableOffset: -1, LogStartOffset: -1,
	}
	err := o.Err
	if answer, ok := o.Answer.(*protocol.FetchResponseResponsePartition); ok {
		result.HighWatermark = answer.HighWatermark
		result.LastStableOffset = answer.LastStableOffset
		result.LogStartOffset = answer.LogStartOffset
		if err == nil {
			err = readError(result.read(p, answer, maxBatchBytes))
		}
	}
	if err != nil {
		result.Err = &FetchError{Topic: p.Topic, Partition: p.Partition, Offset: p.Offset, Broker: o.Broker, Addr: o.Addr, Err: err}
	}
	return result
}

// read takes the records out of an answer.
func (f *FetchResult) read(p *FetchPayload, answer *protocol.FetchResponseResponsePartition, maxBatchBytes int) error {
	whole, err := wholeBatches(answer.Records)
	f.Truncated = whole == 0 && len(answer.Records) > 0 && err == nil
	chunk := fetch.Chunk{From: p.Offset, Bytes: answer.Records[:whole:whole]}
	for _, aborted := range answer.AbortedTransactions {
		chunk.Aborted = append(chunk.Aborted, fetch.AbortedTransaction{ProducerID: aborted.ProducerID, FirstOffset: aborted.FirstOffset})
	}
	reader := fetch.Reader{Limit: maxBatchBytes}
	reader.Start(chunk)
	var r record.Record
	for reader.Next(&r) {
		rec := Record{
			Topic: f.Topic, Partition: f.Partition, Offset: r.Offset, LeaderEpoch: reader.LeaderEpoch(),
			Key: r.Key, Value: r.Value, Headers: r.Headers,
		}
		if r.Timestamp >= 0 {
			rec.Timestamp = time.UnixMilli(r.Timestamp)
		}
		f.Records = append(f.Records, rec)
	}
	if reader.Err() != nil {
		return reader.Err()
	}
	return err
}

// wholeBatches tells how many bytes of b are whole batches. A batch that is
// cut off behind them is no error; something that is none, is.
func wholeBatches(b []byte) (int, error) {
	whole := 0
	for whole < len(b) {
		_, n, err := record.ReadBatch(b[whole:])
		if errors.Is(err, record.ErrTruncated) {
			return whole, nil
		}
		if err != nil {
			return whole, err
		}
		whole += n
	}
	return whole, nil
}
