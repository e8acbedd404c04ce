package afkak

import (
	"fmt"
	"time"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// Format is the form in which records are written; Kafka calls its number the
// magic.
type Format int8

const (
	// MessageSetV0 is Kafka's first: no timestamps, no headers. Brokers took it
	// until Kafka 3.9.
	MessageSetV0 Format = 0
	// MessageSetV1 has timestamps (Kafka 0.10 to 3.9, KIP-32).
	MessageSetV1 Format = 1
	// RecordBatch has headers too (Kafka 0.11 and later, KIP-98).
	RecordBatch Format = 2
)

// EncodeRecords makes the bytes of records as they go into a produce request,
// for [ProducePayload].Encoded: one batch, or in the older formats one message
// for each record, and with a codec one message around them all. Of the
// records Key, Value, Headers and Timestamp (zero: now) count.
//
// In the older formats what several calls made may be put together, each with
// a codec of its own. Their headers, an empty list, and a codec that the format
// does not have are errors.
func EncodeRecords(format Format, codec Codec, records []Record) ([]byte, error) {
	b, err := encodeRecords(format, codec, records)
	if err != nil {
		return nil, fmt.Errorf("afkak: encode records: %w", err)
	}
	return b, nil
}

func encodeRecords(format Format, codec Codec, records []Record) ([]byte, error) {
	var builder record.Builder
	now := time.Now().UnixMilli()
	for i := range records {
		r := &records[i]
		timestamp := now
		if !r.Timestamp.IsZero() {
			timestamp = r.Timestamp.UnixMilli()
		}
		builder.Append(timestamp, r.Key, r.Value, r.Headers)
	}
	return builder.Seal(record.Seal{
		Magic: int8(format), Codec: compress.Codec(codec), Level: compress.DefaultLevel,
		ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence,
	})
}

// produceVersions are those of a produce request that carries batches of a
// format. A broker of Kafka 0.10 or later converts what older ones have.
func (f Format) produceVersions() protocol.VersionRange {
	switch f {
	case MessageSetV0:
		return protocol.VersionRange{Min: 0, Max: 2}
	case MessageSetV1:
		return protocol.VersionRange{Min: 2, Max: 2}
	}
	return protocol.VersionRange{Min: 3, Max: lastNamedProduce}
}

// encodedFormat checks the bytes of a payload that was encoded by hand: whole
// batches of one format, and of RecordBatch only one.
func encodedFormat(b []byte) (Format, error) {
	format, batches := Format(-1), 0
	for rest := b; len(rest) > 0; batches++ {
		batch, n, err := record.ReadBatch(rest)
		if err == nil {
			err = batch.CheckCRC()
		}
		if err != nil {
			return format, fmt.Errorf("the encoded records, from byte %d on: %w", len(b)-len(rest), err)
		}
		if batches > 0 && (Format(batch.Magic) != format || format == RecordBatch) {
			return format, fmt.Errorf("the encoded records are %d batches of magic %d and %d: all must be of one format, and of magic 2 there is one in a request",
				batches+1, format, batch.Magic)
		}
		format, rest = Format(batch.Magic), rest[n:]
	}
	return format, nil
}
