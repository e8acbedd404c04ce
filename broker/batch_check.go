package broker

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"log/slog"
	"math"
	"time"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
)

// batchCheck decides whether the records of one partition in a produce
// request may be stored.
type batchCheck struct {
	topic           *topic
	partition       int32
	config          *topicConfig
	version         int16   // of the request
	transactionalID *string // of the request
	producers       *producerIDs
	now             time.Time
	logger          *slog.Logger
}

// Positions in the header of a record batch.
const (
	magicAt        = 16
	crcAt          = 17
	attributesAt   = 21
	maxTimestampAt = 35

	timestampTypeBit = 0x08 // of the attributes: log append time
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch returns the one batch in data, checked, with the timestamps that it
// is to be stored with. It writes into data.
func (c *batchCheck) batch(data []byte) (*record.Batch, *produceFailure) {
	if failure := checkMagic(data); failure != nil {
		return nil, failure
	}
	batch, n, err := record.ReadBatch(data)
	if errors.Is(err, record.ErrTruncated) {
		return nil, refuse(kerr.InvalidRecord)
	}
	if err != nil {
		return nil, invalidRecord()
	}
	if _, _, err := record.ReadBatch(data[n:]); err == nil {
		return nil, refuse(kerr.InvalidRecord) // more than one batch
	}
	if failure := c.envelope(&batch); failure != nil {
		return nil, failure
	}
	if failure := c.header(&batch); failure != nil {
		return nil, failure
	}
	largest, failure := c.records(&batch)
	if failure != nil {
		return nil, failure
	}
	c.stamp(&batch, largest)
	return &batch, nil
}

// checkMagic refuses what is no batch of magic 2, the only one that Produce
// allows since version 3.
func checkMagic(data []byte) *produceFailure {
	if len(data) <= magicAt || data[magicAt] < 2 {
		return refuse(kerr.InvalidRecord)
	}
	if data[magicAt] == 2 {
		return nil
	}
	failure := refuse(kerr.CorruptMessage)
	failure.message = fmt.Sprintf("no message format is called magic %d", data[magicAt])
	return failure
}

// envelope checks what stands before the log: the request against the batch.
func (c *batchCheck) envelope(batch *record.Batch) *produceFailure {
	switch {
	case batch.Codec == compress.Zstd && c.version < 7: // KIP-110
		return refuse(kerr.UnsupportedCompressionType)
	case !batch.IsTransactional:
		return nil
	case c.transactionalID == nil:
		return refuse(kerr.TransactionalIDAuthorizationFailed)
	case !c.producers.has(*c.transactionalID, batch.ProducerID):
		return refuse(kerr.InvalidProducerIDMapping)
	}
	return refuse(kerr.InvalidTxnState) // this broker begins no transactions
}

// header checks the batch without looking at its records.
func (c *batchCheck) header(batch *record.Batch) *produceFailure {
	switch {
	case batch.BaseOffset != 0:
		return invalidRecord()
	case len(batch.Raw) > c.config.maxMessageBytes:
		return refuse(kerr.MessageTooLarge)
	case batch.CheckCRC() != nil:
		return refuse(kerr.CorruptMessage)
	case batch.Count <= 0, batch.LastOffset-batch.BaseOffset+1 != int64(batch.Count):
		return invalidRecord()
	case batch.IsControl:
		return invalidRecord()
	case batch.ProducerID >= 0 && batch.BaseSequence < 0:
		return invalidRecord()
	}
	return nil
}

// records checks each record and returns the largest timestamp.
func (c *batchCheck) records(batch *record.Batch) (int64, *produceFailure) {
	var walker record.Walker
	if err := walker.Start(batch, min(c.config.maxDecompressedBytes, maxDecompressedBytes)); err != nil {
		return 0, c.undecodable(err)
	}
	var rec record.Record
	var rejected rejections
	largest := int64(math.MinInt64)
	count := int32(0)
	for ; walker.Next(&rec); count++ {
		largest = max(largest, rec.Timestamp)
		rejected.check(c, &rec, count)
	}
	if err := walker.Err(); err != nil {
		c.logger.Warn("records refused", "topic", c.topic.name, "partition", c.partition, "err", err)
		return 0, invalidRecord()
	}
	if count != batch.Count {
		return 0, invalidRecord()
	}
	return largest, rejected.failure()
}

// maxDecompressedBytes is the most memory that one batch may take when its
// records are looked at.
const maxDecompressedBytes = 256 << 20

// undecodable is the failure for a batch that cannot be decompressed. Kafka
// does not say why, so that the log has to.
func (c *batchCheck) undecodable(err error) *produceFailure {
	c.logger.Warn("records refused", "topic", c.topic.name, "partition", c.partition, "err", err)
	failure := &produceFailure{code: kerr.UnknownServerError, inLog: true}
	if errors.Is(err, compress.ErrTooLarge) {
		failure.code, failure.message = kerr.InvalidRecord, err.Error()
	}
	return failure
}

// stamp writes the timestamps that the log keeps: the topic's type, and the
// largest one, which producers are not trusted with.
func (c *batchCheck) stamp(batch *record.Batch, largest int64) {
	attributes := binary.BigEndian.Uint16(batch.Raw[attributesAt:])
	want := attributes &^ timestampTypeBit
	if c.config.logAppendTime {
		want |= timestampTypeBit
		largest = c.now.UnixMilli()
	}
	if want == attributes && batch.MaxTimestamp == largest {
		return
	}
	batch.MaxTimestamp = largest
	binary.BigEndian.PutUint16(batch.Raw[attributesAt:], want)
	binary.BigEndian.PutUint64(batch.Raw[maxTimestampAt:], uint64(largest))
	binary.BigEndian.PutUint32(batch.Raw[crcAt:], crc32.Checksum(batch.Raw[attributesAt:], castagnoli))
}
