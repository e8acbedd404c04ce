package record

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/afkak-go/afkak/internal/compress"
)

// TimestampType says whose clock the timestamps of a batch come from.
type TimestampType int8

// The types of timestamps.
const (
	NoTimestampType TimestampType = -1 // magic 0
	CreateTime      TimestampType = 0  // the producer's
	LogAppendTime   TimestampType = 1  // the broker's, when it appended (KIP-32)
)

// Batch is the header of one record batch, or what a message of magic 0 or 1
// says of the same: a plain message is a batch of one record, a wrapper message
// one of as many as it turns out to hold. It is read by ReadBatch.
type Batch struct {
	Magic int8
	// BaseOffset is the offset of the first record, before compaction. A
	// wrapper message does not say it: -1.
	BaseOffset int64
	// LastOffset is the offset of the last record, before compaction: the next
	// batch begins behind it.
	LastOffset  int64
	LeaderEpoch int32 // of the leader that appended it, -1 unknown (below magic 2)
	Codec       compress.Codec
	// TimestampType of all the records.
	TimestampType   TimestampType
	IsControl       bool // a transaction's end, not user data
	IsTransactional bool
	ProducerID      int64 // NoProducerID if the producer has none
	ProducerEpoch   int16
	BaseSequence    int32
	// FirstTimestamp is what magic 2 calls base timestamp; of a wrapper, as
	// MaxTimestamp, the latest. In milliseconds, or NoTimestamp.
	FirstTimestamp int64
	MaxTimestamp   int64
	Count          int32 // records; -1 for a wrapper, which does not say
	// Raw is the whole batch, as read. It aliases the buffer.
	Raw []byte

	// payload is the records as they are on the wire: of magic 2 those of the
	// batch, of a wrapper its value, of a plain message the message itself.
	payload []byte
}

// ReadBatch reads the header of the batch, or message, that b begins with, and
// returns how many bytes of b it takes. It checks what the header says against
// itself, not the CRC, and decompresses nothing. An unknown codec is an error
// only when the records are asked for, so that such a batch can be passed over.
//
// Below magic 2, and after compaction, a fetched buffer begins with records
// below the offset that was asked for: passing over them is the caller's.
//
// The error is ErrTruncated when b ends inside the batch, otherwise a
// *CorruptError; n is 0 then.
func ReadBatch(b []byte) (batch Batch, n int, err error) {
	if len(b) < lengthEnd {
		return Batch{}, 0, ErrTruncated
	}
	offset, length := int64At(b, offsetAt), int32At(b, lengthAt)
	if least := minMessageSize(0) - lengthEnd; length < int32(least) {
		return Batch{}, 0, corrupt(offset, "length %d is less than any format's %d", length, least)
	}
	if len(b) <= magicAt {
		return Batch{}, 0, ErrTruncated
	}
	magic := int8(b[magicAt])
	if magic < 0 || magic > 2 {
		return Batch{}, 0, corrupt(offset, "%w %d", ErrUnknownMagic, magic)
	}
	least := headerSize
	if magic < 2 {
		least = minMessageSize(magic)
	}
	if int(length) < least-lengthEnd {
		return Batch{}, 0, corrupt(offset, "length %d is less than the %d of magic %d", length, least-lengthEnd, magic)
	}
	if int64(length) > int64(len(b)-lengthEnd) {
		return Batch{}, 0, ErrTruncated
	}
	n = lengthEnd + int(length)
	raw := b[:n:n]
	if magic < 2 {
		batch, err = readMessage(raw, magic)
	} else {
		batch, err = readBatch(raw)
	}
	if err != nil {
		return Batch{}, 0, err
	}
	return batch, n, nil
}

// readBatch reads the header of a whole batch of magic 2.
func readBatch(raw []byte) (Batch, error) {
	attributes := binary.BigEndian.Uint16(raw[attributesAt:])
	b := Batch{
		Magic:           2,
		BaseOffset:      int64At(raw, offsetAt),
		LeaderEpoch:     int32At(raw, leaderEpochAt),
		Codec:           compress.Codec(attributes & codecMask),
		IsControl:       attributes&controlBit != 0,
		IsTransactional: attributes&transactionalBit != 0,
		ProducerID:      int64At(raw, producerIDAt),
		ProducerEpoch:   int16(binary.BigEndian.Uint16(raw[producerEpochAt:])),
		BaseSequence:    int32At(raw, baseSequenceAt),
		FirstTimestamp:  int64At(raw, baseTimestampAt),
		MaxTimestamp:    int64At(raw, maxTimestampAt),
		Count:           int32At(raw, countAt),
		Raw:             raw,
		payload:         raw[headerSize:],
	}
	if attributes&logAppendTimeBit != 0 {
		b.TimestampType = LogAppendTime
	}
	lastDelta := int32At(raw, lastDeltaAt)
	if lastDelta < 0 || b.BaseOffset > math.MaxInt64-int64(lastDelta) {
		return Batch{}, corrupt(b.BaseOffset, "last offset delta %d", lastDelta)
	}
	b.LastOffset = b.BaseOffset + int64(lastDelta)
	if b.Count < 0 {
		return Batch{}, corrupt(b.BaseOffset, "%d records", b.Count)
	}
	if b.Codec == compress.None {
		if err := b.checkCount(len(b.payload)); err != nil {
			return Batch{}, err
		}
	}
	return b, nil
}

// checkCount refuses more records than size bytes can hold, so that Count may
// be trusted by those who allocate by it.
func (b *Batch) checkCount(size int) error {
	if int64(b.Count)*minRecordSize > int64(size) {
		return corrupt(b.BaseOffset, "%d bytes cannot hold %d records", size, b.Count)
	}
	return nil
}

// readMessage reads a whole message of magic 0 or 1.
func readMessage(raw []byte, magic int8) (Batch, error) {
	offset, attributes := int64At(raw, offsetAt), raw[messageAttributesAt]
	b := Batch{
		Magic:          magic,
		BaseOffset:     offset,
		LastOffset:     offset,
		LeaderEpoch:    -1,
		Codec:          compress.Codec(attributes & codecMask),
		TimestampType:  NoTimestampType,
		ProducerID:     NoProducerID,
		ProducerEpoch:  NoProducerEpoch,
		BaseSequence:   NoSequence,
		FirstTimestamp: NoTimestamp,
		MaxTimestamp:   NoTimestamp,
		Count:          1,
		Raw:            raw,
		payload:        raw,
	}
	if magic >= 1 {
		b.FirstTimestamp = int64At(raw, messageTimestampAt)
		b.MaxTimestamp = b.FirstTimestamp
		b.TimestampType = CreateTime
		if attributes&logAppendTimeBit != 0 {
			b.TimestampType = LogAppendTime
		}
	}
	_, value, err := messageKeyValue(raw, magic)
	if err != nil {
		return Batch{}, &CorruptError{Offset: offset, Err: err}
	}
	if b.Codec == compress.None {
		return b, nil
	}
	if value == nil {
		return Batch{}, corrupt(offset, "wrapper message without a value")
	}
	b.BaseOffset, b.Count, b.payload = -1, -1, value
	return b, nil
}

// messageKeyValue returns key and value of a whole message, which they fill.
func messageKeyValue(message []byte, magic int8) (key, value []byte, err error) {
	key, rest, ok := messageBytes(message[messageHeaderSize(magic):])
	if ok {
		value, rest, ok = messageBytes(rest)
	}
	if !ok || len(rest) > 0 {
		return nil, nil, fmt.Errorf("key and value do not fill the message of %d bytes", len(message))
	}
	return key, value, nil
}

// messageBytes cuts a length and its bytes off b; the length -1 is null.
func messageBytes(b []byte) (p, rest []byte, ok bool) {
	if len(b) < 4 {
		return nil, nil, false
	}
	n := int32At(b, 0)
	b = b[4:]
	if n == -1 {
		return nil, b, true
	}
	if n < 0 || int64(n) > int64(len(b)) {
		return nil, nil, false
	}
	return b[:n:n], b[n:], true
}

// CheckCRC compares the checksum of the batch with its bytes. The error is a
// *CorruptError with cause ErrChecksum. The messages inside a wrapper have
// checksums of their own, which the Walker checks.
func (b *Batch) CheckCRC() error {
	var got, want uint32
	if b.Magic < 2 {
		got, want = binary.BigEndian.Uint32(b.Raw[messageCRCAt:]), messageCRC(b.Raw)
	} else {
		got, want = binary.BigEndian.Uint32(b.Raw[crcAt:]), batchCRC(b.Raw)
	}
	if got != want {
		return checksumError(int64At(b.Raw, offsetAt), got, want)
	}
	return nil
}

func checksumError(offset int64, got, want uint32) error {
	return corrupt(offset, "%w: it says %#08x, its bytes give %#08x", ErrChecksum, got, want)
}
