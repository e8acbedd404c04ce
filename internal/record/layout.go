package record

import (
	"encoding/binary"
	"hash/crc32"
)

// Where the fields of a magic 2 batch lie. The first 17 bytes of all three
// formats agree in where offset, length and magic are.
const (
	offsetAt        = 0  // int64: base offset, or the message's own
	lengthAt        = 8  // int32: bytes behind this field
	leaderEpochAt   = 12 // int32: not in the CRC, the broker writes it
	magicAt         = 16 // int8
	crcAt           = 17 // uint32: CRC-32C of what follows
	attributesAt    = 21 // int16
	lastDeltaAt     = 23 // int32
	baseTimestampAt = 27 // int64
	maxTimestampAt  = 35 // int64
	producerIDAt    = 43 // int64
	producerEpochAt = 51 // int16
	baseSequenceAt  = 53 // int32
	countAt         = 57 // int32
	headerSize      = 61

	lengthEnd = lengthAt + 4 // where the bytes counted by the length begin
)

// Where the fields of a magic 0 or 1 message lie.
const (
	messageCRCAt        = 12 // uint32: CRC-32 (IEEE) of what follows
	messageAttributesAt = 17 // int8
	messageTimestampAt  = 18 // int64, magic 1 only
)

// messageHeaderSize is where the key's length lies.
func messageHeaderSize(magic int8) int {
	if magic == 0 {
		return 18
	}
	return 26
}

// minMessageSize is the size of a message with neither key nor value.
func minMessageSize(magic int8) int { return messageHeaderSize(magic) + 8 }

// minRecordSize is the least that a magic 2 record takes: a byte each for length,
// attributes, timestamp, offset, key length, value length and header count.
const minRecordSize = 7

// Bits of the attributes.
const (
	codecMask        = 0x07
	logAppendTimeBit = 0x08 // magic 1 and 2
	transactionalBit = 0x10 // magic 2
	controlBit       = 0x20 // magic 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func batchCRC(batch []byte) uint32     { return crc32.Checksum(batch[attributesAt:], castagnoli) }
func messageCRC(message []byte) uint32 { return crc32.ChecksumIEEE(message[magicAt:]) }

func int32At(b []byte, at int) int32 { return int32(binary.BigEndian.Uint32(b[at:])) }
func int64At(b []byte, at int) int64 { return int64(binary.BigEndian.Uint64(b[at:])) }
