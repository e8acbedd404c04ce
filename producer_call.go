package afkak

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// produceCall is one produce request: a batch each of some partitions. It is
// used again when it has its answer.
type produceCall struct {
	s          *sender
	number     uint64
	versions   *protocol.Versions
	version    int16 // fixed by the first batch
	generation uint64
	bytes      int
	began      time.Duration // when it was handed to the connection

	items    []taken
	places   []requestPlace   // of each item in req
	rejected []rejection      // batches that this broker cannot take
	topics   map[topicKey]int // index in req
	req      protocol.ProduceRequest
	early    earlyOffsets
}

type requestPlace struct{ topic, partition int }

// topicKey is what a request calls a topic by: its name, or from version 13 on
// its ID (KIP-516).
type topicKey struct {
	name string
	id   protocol.UUID
}

type rejection struct {
	item taken
	err  error
}

var produceCalls = sync.Pool{New: func() any { return new(produceCall) }}

func newProduceCall(s *sender, versions *protocol.Versions) *produceCall {
	call := produceCalls.Get().(*produceCall)
	call.s, call.number, call.versions, call.version = s, s.p.calls.Add(1), versions, -1
	call.generation = s.p.client.cluster.Picture().Generation
	return call
}

// recycle ends the use of the call: nothing refers to it or to its request any
// more. What is long with many partitions is kept.
func (call *produceCall) recycle() {
	items, places, index, topics := call.items, call.places, call.topics, call.req.TopicData
	clear(items)
	clear(index)
	for i := range topics {
		parts := topics[i].PartitionData
		clear(parts)
		topics[i] = protocol.ProduceRequestTopicData{PartitionData: parts[:0]}
	}
	*call = produceCall{items: items[:0], places: places[:0], topics: index}
	call.req.TopicData = topics[:0]
	produceCalls.Put(call)
}

// agrees tells whether the request asks for what the item's topic wants.
func (call *produceCall) agrees(item taken) bool {
	settings := item.part.topic.settings
	return call.req.Acks == int16(settings.acks) && call.req.TimeoutMs == settings.ackMillis()
}

// ackMillis is the ack timeout as a request has it.
func (cfg *topicConfig) ackMillis() int32 {
	return int32(min(cfg.ackTimeout, 1<<31*time.Millisecond-1) / time.Millisecond)
}

// add seals the item's batch and puts it into the request; false if it has to
// go with the next one.
func (call *produceCall) add(item taken) bool {
	if item.part.call == call.number {
		return false // a request has one batch of a partition
	}
	settings := item.part.topic.settings
	if len(call.items) == 0 {
		call.req.Acks, call.req.TimeoutMs = int16(settings.acks), settings.ackMillis()
		call.early = newEarlyOffsets(call.versions, settings.acks)
	} else if !call.agrees(item) {
		return false
	}
	version, err := call.versionOf(item.batch, settings.codec)
	if err == nil {
		err = call.seal(item.batch, magicFor(version), settings)
	}
	if err != nil {
		call.rejected = append(call.rejected, rejection{item, err})
		return true
	}
	if item.part.Divide(item.batch) {
		call.s.p.schedule(item.part)
		return true
	}
	size := len(item.batch.Wire())
	if len(call.items) > 0 && (call.bytes+size > call.s.p.cfg.maxRequestBytes || version != call.version) {
		return false
	}
	item.part.call = call.number
	call.version = version
	call.bytes += size
	call.items = append(call.items, item)
	call.places = append(call.places, call.put(item))
	call.early.add(item.part.topic.view.Load().topic, item.part.ID()) // what the batch goes by: the picture may lack it for a moment
	return true
}

// versionOf picks the produce version for a batch: the highest, or for a batch
// that was sealed before, the highest that takes its format. One that this
// broker does not read is made anew. A topic whose ID is not known is called by
// its name.
func (call *produceCall) versionOf(batch *accum.Batch, codec Codec) (int16, error) {
	newest := lastNamedProduce
	if batch.TopicID() != (accum.TopicID{}) {
		newest = identifiedProduce
	}
	if magic, ok := batch.Sealed(); ok {
		if version, err := versionFor(call.versions, magic, newest); err == nil {
			return version, nil
		}
		if err := batch.Reopen(); err != nil {
			return 0, err
		}
	}
	version, err := call.versions.Pick(protocol.KeyProduce, 0, newest)
	if err != nil {
		return version, err
	}
	return version, codec.supported(call.versions, version)
}

func (call *produceCall) seal(batch *accum.Batch, magic int8, settings *topicSettings) error {
	p := call.s.p
	spare, err := batch.Seal(record.Seal{
		Magic: magic, Codec: compress.Codec(settings.codec), Level: settings.level, DropHeaders: p.cfg.dropHeaders,
	})
	if spare != nil {
		p.memory.exchange(spare, batch.Memory())
	}
	return err
}

// put writes the item into the request.
func (call *produceCall) put(item taken) requestPlace {
	i := call.topicIndex(call.topicKey(item))
	data := &call.req.TopicData[i]
	data.PartitionData = append(data.PartitionData, protocol.ProduceRequestTopicDataPartitionData{
		Index: item.part.ID(), Records: item.batch.Wire(),
	})
	return requestPlace{topic: i, partition: len(data.PartitionData) - 1}
}

func (call *produceCall) topicKey(item taken) topicKey {
	if call.version >= identifiedProduce {
		return topicKey{id: protocol.UUID(item.batch.TopicID())}
	}
	return topicKey{name: item.part.Topic()}
}

func (call *produceCall) topicIndex(key topicKey) int {
	last := len(call.req.TopicData) - 1
	if last >= 0 && call.req.TopicData[last].Name == key.name && call.req.TopicData[last].TopicID == key.id {
		return last
	}
	if i, ok := call.topics[key]; ok {
		return i
	}
	if call.topics == nil {
		call.topics = make(map[topicKey]int)
	}
	call.topics[key] = last + 1
	call.req.TopicData = slices.Grow(call.req.TopicData, 1)[:last+2]
	data := &call.req.TopicData[last+1] // of an earlier request, perhaps: see recycle
	data.Name, data.TopicID = key.name, key.id
	return last + 1
}

// settleRejected fails the batches that this broker cannot take, before
// anything of them is sent.
func (call *produceCall) settleRejected() {
	for _, r := range call.rejected {
		err := &brokerFailure{broker: call.s.broker, addr: call.s.addr(), err: r.err}
		call.s.settle(r.item, accum.Answer{Err: err})
		call.s.p.schedule(r.item.part)
	}
}

// start sends the request. The answer, or what came instead, goes to finish.
func (call *produceCall) start() {
	p := call.s.p
	call.began = p.now()
	p.client.cluster.StartOn(call.s.broker, cluster.Produce, conn.Call{
		Request:    &call.req,
		MinVersion: call.version, MaxVersion: call.version,
		Timeout:       p.cfg.requestTimeout,
		ThrottleAside: true, // the delivery timeouts count
		NoResponse:    call.req.Acks == int16(AcksNone),
	}, call.finish)
}

// finish hands each batch its part of the answer. It runs on the connection's
// goroutine and only passes things on.
func (call *produceCall) finish(resp protocol.Response, err error) {
	s := call.s
	answer, _ := resp.(*protocol.ProduceResponse)
	call.follow(answer)
	s.stats.ended(s.p.now()-call.began, answer, err)
	var stale []string
	for i, item := range call.items {
		outcome := call.outcome(answer, i, err)
		if isStale(outcome.Err) && (len(stale) == 0 || stale[len(stale)-1] != item.part.Topic()) {
			stale = append(stale, item.part.Topic())
		}
		if spoilt := call.spoilt(answer, i); len(spoilt) == 0 || !item.part.Reject(item.batch, spoilt) {
			s.settle(item, outcome)
		}
	}
	if len(stale) > 0 {
		s.p.client.cluster.Stale(call.generation, stale...)
	}
	for _, item := range call.items {
		s.p.schedule(item.part)
	}
	call.recycle()
	s.unanswered.Add(-1) // after that: a sender without work and answers to come takes its broker for ready
	if err == nil {
		s.answered()
	}
	s.poke()
}

// follow takes in who leads the partitions that this broker does not (KIP-951,
// Kafka 3.7).
func (call *produceCall) follow(resp *protocol.ProduceResponse) {
	if resp == nil {
		return
	}
	var moves []metadata.Move
	for i := range resp.Responses {
		topic := &resp.Responses[i]
		for j := range topic.PartitionResponses {
			if part := &topic.PartitionResponses[j]; part.CurrentLeader != nil {
				moves = append(moves, metadata.Move{
					Topic: topic.Name, ID: topic.TopicID, Partition: part.Index,
					Leader: part.CurrentLeader.LeaderID, LeaderEpoch: part.CurrentLeader.LeaderEpoch,
				})
			}
		}
	}
	if len(moves) == 0 {
		return
	}
	at := make([]metadata.Broker, len(resp.NodeEndpoints))
	for i, node := range resp.NodeEndpoints {
		at[i] = metadata.Broker{ID: node.NodeID, Host: node.Host, Port: node.Port}
		if node.Rack != nil {
			at[i].Rack = *node.Rack
		}
	}
	call.s.p.client.cluster.Moved(moves, at)
}

// moved tells whether the picture has heard since the request was made that
// another broker leads the item's partition.
func (call *produceCall) moved(item taken) bool {
	leader, generation := call.s.p.leader(item.part)
	return leader >= 0 && leader != call.s.broker && generation > call.generation
}

// outcome is what the answer says of one batch.
func (call *produceCall) outcome(resp *protocol.ProduceResponse, i int, err error) accum.Answer {
	switch {
	case err != nil:
		return accum.Answer{Err: call.failure(err), Retriable: Retriable(err), Garbled: garbled(err), Stored: MaybeStored(err)}
	case resp == nil: // acks none: it was written, nobody says more
		return accum.Answer{Offset: -1, LogAppendTime: -1}
	}
	part := call.find(resp, i)
	if part == nil {
		missing := fmt.Errorf("%w: %s/%d", ErrNoAnswer, call.items[i].part.Topic(), call.items[i].part.ID())
		return accum.Answer{Err: call.failure(missing), Garbled: true, Stored: true}
	}
	code := kerr.FromCode(part.ErrorCode)
	if code == nil || errors.Is(code, kerr.DuplicateSequenceNumber) { // stored by an earlier attempt
		return accum.Answer{Offset: call.early.first(part.BaseOffset, call.items[i].batch.Count()), LogAppendTime: part.LogAppendTimeMs}
	}
	answer := accum.Answer{Err: call.failure(described(code, part, len(call.items[i].batch.Wire()))), Retriable: Retriable(code)}
	answer.Moved = call.moved(call.items[i])
	answer.Stored = call.mayFollowAppend(code)
	answer.Misplaced = errors.Is(code, kerr.OutOfOrderSequenceNumber) || errors.Is(code, kerr.UnknownProducerID)
	return answer
}

// garbled tells whether the answer came and cannot be read. The connection has
// ended with it; on the next one it may be better.
func garbled(err error) bool {
	var broken *conn.ProtocolError
	return errors.As(err, &broken) && MaybeStored(err)
}

// mayFollowAppend tells whether a broker answers with the code also for a batch
// that it has appended.
func (call *produceCall) mayFollowAppend(code error) bool {
	var answered kerr.Error
	errors.As(code, &answered)
	switch answered {
	case kerr.RequestTimedOut, kerr.NotEnoughReplicasAfterAppend, kerr.UnknownServerError, kerr.KafkaStorageError:
		return true
	case kerr.NotLeaderOrFollower, kerr.UnknownTopicOrPartition: // while it waited for the other replicas
		return call.req.Acks == int16(AcksAll)
	}
	return false
}

// spoilt returns the records that the broker refused the batch for (KIP-467).
func (call *produceCall) spoilt(resp *protocol.ProduceResponse, i int) (rejections []accum.Rejection) {
	if resp == nil {
		return nil
	}
	part := call.find(resp, i)
	if part == nil || part.ErrorCode == 0 {
		return nil
	}
	for _, rec := range part.RecordErrors {
		err := withMessage(kerr.FromCode(part.ErrorCode), rec.BatchIndexErrorMessage)
		rejections = append(rejections, accum.Rejection{Index: int(rec.BatchIndex), Err: call.failure(err)})
	}
	return rejections
}

// find returns the item's part of the answer: brokers answer in the request's
// order, but need not.
func (call *produceCall) find(resp *protocol.ProduceResponse, i int) *protocol.ProduceResponseResponsePartitionResponse {
	at, id := call.places[i], call.items[i].part.ID()
	asked := &call.req.TopicData[at.topic]
	if at.topic < len(resp.Responses) {
		if found := &resp.Responses[at.topic]; answers(found, asked) && at.partition < len(found.PartitionResponses) &&
			found.PartitionResponses[at.partition].Index == id {
			return &found.PartitionResponses[at.partition]
		}
	}
	for t := range resp.Responses {
		if !answers(&resp.Responses[t], asked) {
			continue
		}
		for j := range resp.Responses[t].PartitionResponses {
			if found := &resp.Responses[t].PartitionResponses[j]; found.Index == id {
				return found
			}
		}
	}
	return nil
}

func answers(resp *protocol.ProduceResponseResponse, asked *protocol.ProduceRequestTopicData) bool {
	return resp.Name == asked.Name && resp.TopicID == asked.TopicID
}

func (call *produceCall) failure(err error) error {
	return &brokerFailure{broker: call.s.broker, addr: call.s.addr(), err: err}
}

// addr returns the broker's address as far as it is known.
func (s *sender) addr() string { return s.p.addrOf(s.broker) }

// isStale tells whether an error means that the partition is led by another
// broker, or that this one cannot be reached.
func isStale(err error) bool {
	if err == nil {
		return false
	}
	switch {
	case errors.Is(err, kerr.NotLeaderOrFollower), errors.Is(err, kerr.UnknownTopicOrPartition),
		errors.Is(err, kerr.LeaderNotAvailable), errors.Is(err, kerr.FencedLeaderEpoch),
		errors.Is(err, kerr.KafkaStorageError), errors.Is(err, kerr.UnknownTopicID), errors.Is(err, kerr.InconsistentTopicID):
		return true
	}
	var code kerr.Error
	return !errors.As(err, &code)
}
