package broker

import (
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Timestamps that stand for a place in the log.
const (
	latest                = -1
	earliest              = -2
	maxTimestamp          = -3 // version 7, KIP-734
	earliestLocal         = -4 // version 8, KIP-405
	latestTiered          = -5 // version 9, KIP-1005
	earliestPendingUpload = -6 // version 11, KIP-1023
)

// offsetOf is an answer: a record's offset and timestamp.
type offsetOf struct {
	timestamp, offset int64
	leaderEpoch       int32
}

var noOffset = offsetOf{-1, -1, -1}

func (b *Broker) handleListOffsets(req *request, message *protocol.ListOffsetsRequest) (protocol.Response, error) {
	resp := new(protocol.ListOffsetsResponse)
	named := timesNamed(message)
	for _, asked := range message.Topics {
		answer := protocol.ListOffsetsResponseTopic{Name: asked.Name}
		for _, part := range asked.Partitions {
			key := partitionKey{topic: asked.Name, index: part.PartitionIndex}
			times, found, code := named[key], noOffset, kerr.InvalidRequest
			if times == 0 {
				continue // answered already
			}
			if times == 1 {
				found, code = b.listOffset(req.version, key, part)
			}
			named[key] = 0
			if req.version < 4 { // the answer has no leader epoch before KIP-320
				found.leaderEpoch = -1
			}
			answer.Partitions = append(answer.Partitions, protocol.ListOffsetsResponseTopicPartition{
				PartitionIndex: part.PartitionIndex,
				ErrorCode:      code.Code(),
				Timestamp:      found.timestamp,
				Offset:         found.offset,
				LeaderEpoch:    found.leaderEpoch,
			})
		}
		resp.Topics = append(resp.Topics, answer)
	}
	return resp, nil
}

// timesNamed counts how often a request names each partition: Kafka refuses
// what is named twice.
func timesNamed(message *protocol.ListOffsetsRequest) map[partitionKey]int {
	times := make(map[partitionKey]int)
	for _, topic := range message.Topics {
		for _, part := range topic.Partitions {
			times[partitionKey{topic: topic.Name, index: part.PartitionIndex}]++
		}
	}
	return times
}

func (b *Broker) listOffset(version int16, key partitionKey, asked protocol.ListOffsetsRequestTopicPartition) (offsetOf, kerr.Error) {
	part, code := b.topics.partition(key, false)
	if code != kerr.None {
		return noOffset, code
	}
	if code := checkLeaderEpoch(asked.CurrentLeaderEpoch); code != kerr.None {
		return noOffset, code
	}
	return part.offsetFor(version, asked.Timestamp)
}

// checkLeaderEpoch refuses a client that knows of another leader epoch than
// the partition's (KIP-320); -1 is one that does not say.
func checkLeaderEpoch(epoch int32) kerr.Error {
	switch {
	case epoch < 0 || epoch == leaderEpoch:
		return kerr.None
	case epoch < leaderEpoch:
		return kerr.FencedLeaderEpoch
	default:
		return kerr.UnknownLeaderEpoch
	}
}

// offsetFor returns the offset that a timestamp, or what stands for a place,
// belongs to.
func (p *partition) offsetFor(version int16, timestamp int64) (offsetOf, kerr.Error) {
	switch {
	case timestamp == latest:
		return offsetOf{-1, p.bounds().end, leaderEpoch}, kerr.None
	case timestamp == earliest, timestamp == earliestLocal && version >= 8:
		return offsetOf{-1, p.bounds().start, leaderEpoch}, kerr.None
	case timestamp == maxTimestamp && version >= 7:
		batch, bounds := p.batchOfMaxTimestamp()
		return firstRecord(batch, bounds.start, true, 0)
	case timestamp == latestTiered && version >= 9, timestamp == earliestPendingUpload && version >= 11:
		return noOffset, kerr.None // nothing is tiered
	case timestamp < 0:
		return noOffset, kerr.UnsupportedVersion
	default:
		batch, bounds := p.batchSince(timestamp)
		return firstRecord(batch, bounds.start, false, timestamp)
	}
}

// firstRecord finds the first record of a batch, from offset start on, whose
// timestamp is since or later; or, for largest, the batch's largest.
func firstRecord(data []byte, start int64, largest bool, since int64) (offsetOf, kerr.Error) {
	if data == nil {
		return noOffset, kerr.None
	}
	batch, _, err := record.ReadBatch(data)
	if err != nil {
		return noOffset, kerr.CorruptMessage
	}
	if largest {
		since = batch.MaxTimestamp
	}
	var walker record.Walker
	if err := walker.Start(&batch, maxDecompressedBytes); err != nil {
		return noOffset, kerr.CorruptMessage
	}
	var rec record.Record
	for walker.Next(&rec) {
		if rec.Offset >= start && rec.Timestamp >= since {
			return offsetOf{rec.Timestamp, rec.Offset, leaderEpoch}, kerr.None
		}
	}
	if walker.Err() != nil {
		return noOffset, kerr.CorruptMessage
	}
	return noOffset, kerr.None
}
