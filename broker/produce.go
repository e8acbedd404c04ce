package broker

import (
	"fmt"
	"slices"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func (b *Broker) handleProduce(req *request, message *protocol.ProduceRequest) (protocol.Response, error) {
	p := &produce{broker: b, req: req, message: message, now: time.Now()}
	resp := new(protocol.ProduceResponse)
	for i := range message.TopicData {
		resp.Responses = append(resp.Responses, p.topic(&message.TopicData[i]))
	}
	if message.Acks != 0 {
		return resp, nil
	}
	return nil, p.failed // acks 0 leaves no other way to report a failure than to close
}

// produce is one request being handled.
type produce struct {
	broker  *Broker
	req     *request
	message *protocol.ProduceRequest
	now     time.Time
	failed  error // the first failure
}

func (p *produce) topic(asked *protocol.ProduceRequestTopicData) protocol.ProduceResponseResponse {
	resp := protocol.ProduceResponseResponse{Name: asked.Name, TopicID: asked.TopicID}
	topic, code := p.broker.topics.lookup(asked.Name, asked.TopicID, p.req.version >= 13) // KIP-516
	for _, part := range lastOfEach(asked.PartitionData) {
		answer := produceAnswer(part.Index)
		if code != kerr.None {
			answer.ErrorCode = code.Code()
		} else {
			p.partition(topic, part.Records, &answer)
		}
		if answer.ErrorCode != 0 && p.failed == nil {
			p.failed = fmt.Errorf("produce with acks 0 to topic %q %s partition %d: %w", asked.Name, asked.TopicID, part.Index, kerr.Error(answer.ErrorCode))
		}
		resp.PartitionResponses = append(resp.PartitionResponses, answer)
	}
	return resp
}

// produceAnswer is that for a partition of which nothing is known.
func produceAnswer(index int32) protocol.ProduceResponseResponsePartitionResponse {
	var answer protocol.ProduceResponseResponsePartitionResponse
	answer.SetDefaults()
	answer.Index, answer.BaseOffset = index, -1
	return answer
}

// lastOfEach drops all but the last entry of a partition that is named more
// than once: Kafka stores only that one.
func lastOfEach(parts []protocol.ProduceRequestTopicDataPartitionData) []protocol.ProduceRequestTopicDataPartitionData {
	if len(parts) < 2 {
		return parts
	}
	seen := make(map[int32]bool, len(parts))
	kept := make([]protocol.ProduceRequestTopicDataPartitionData, 0, len(parts))
	for _, part := range slices.Backward(parts) {
		if !seen[part.Index] {
			seen[part.Index] = true
			kept = append(kept, part)
		}
	}
	slices.Reverse(kept)
	return kept
}

// partition stores the records of one partition and fills in the answer.
func (p *produce) partition(topic *topic, records []byte, answer *protocol.ProduceResponseResponsePartitionResponse) {
	part, code := topic.partition(answer.Index)
	if acks := p.message.Acks; code == kerr.None && (acks < -1 || acks > 1) {
		code = kerr.InvalidRequiredAcks
	}
	if code != kerr.None {
		answer.ErrorCode = code.Code()
		return
	}
	check := batchCheck{
		topic:           topic,
		partition:       answer.Index,
		config:          topic.config,
		version:         p.req.version,
		transactionalID: p.message.TransactionalID,
		producers:       p.broker.producers,
		now:             p.now,
		logger:          p.broker.logger,
	}
	batch, failure := check.batch(records)
	if failure != nil {
		failure.report(part, answer)
		return
	}
	fault := p.broker.produceFault(topic.name, answer.Index)
	if fault.Code != kerr.None && !fault.Stored {
		answer.ErrorCode = fault.Code.Code()
		return
	}
	stored, code := part.append(batch, p.now)
	if code == kerr.None && fault.Code != kerr.None {
		answer.ErrorCode = fault.Code.Code()
		return
	}
	answer.ErrorCode = code.Code()
	answer.BaseOffset, answer.LogAppendTimeMs, answer.LogStartOffset = stored.baseOffset, stored.logAppendTime, stored.logStart
}

func (b *Broker) produceFault(topic string, partition int32) ProduceFault {
	if b.cfg.ProduceFault == nil {
		return ProduceFault{}
	}
	return b.cfg.ProduceFault(topic, partition)
}

// report fills in the answer for a partition whose records were not stored.
func (f *produceFailure) report(part *partition, answer *protocol.ProduceResponseResponsePartitionResponse) {
	answer.ErrorCode = f.code.Code()
	answer.ErrorMessage = text(f.message)
	if f.inLog {
		answer.LogStartOffset = part.bounds().start
	}
	for _, rejected := range f.records {
		answer.RecordErrors = append(answer.RecordErrors, protocol.ProduceResponseResponsePartitionResponseRecordError{
			BatchIndex:             rejected.index,
			BatchIndexErrorMessage: text(rejected.message),
		})
	}
}
