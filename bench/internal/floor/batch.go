package floor

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

// batchHeader is how long a record batch is before its records (KIP-98).
const batchHeader = 61

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch builds one record batch of magic 2, uncompressed and without producer.
type batch struct {
	bytes []byte
	count int32
	body  []byte // of the record that is being added
}

// add adds a record with a timestamp equal to the batch's.
func (b *batch) add(key, value []byte) {
	if len(b.bytes) == 0 {
		b.bytes = make([]byte, batchHeader, 4096)
	}
	body := append(b.body[:0], 0)                    // attributes
	body = append(body, 0)                           // timestamp delta
	body = binary.AppendVarint(body, int64(b.count)) // offset delta
	body = binary.AppendVarint(body, int64(len(key)))
	body = append(body, key...)
	body = binary.AppendVarint(body, int64(len(value)))
	body = append(body, value...)
	body = append(body, 0) // headers
	b.bytes = binary.AppendVarint(b.bytes, int64(len(body)))
	b.bytes = append(b.bytes, body...)
	b.body = body
	b.count++
}

// seal fills in the header and returns the batch.
func (b *batch) seal() []byte {
	now := uint64(time.Now().UnixMilli())
	h := b.bytes[:batchHeader]
	binary.BigEndian.PutUint64(h[0:], 0)                       // base offset
	binary.BigEndian.PutUint32(h[8:], uint32(len(b.bytes)-12)) // length behind this field
	binary.BigEndian.PutUint32(h[12:], 0xffffffff)             // leader epoch
	h[16] = 2                                                  // magic
	binary.BigEndian.PutUint16(h[21:], 0)                      // attributes
	binary.BigEndian.PutUint32(h[23:], uint32(b.count-1))      // last offset delta
	binary.BigEndian.PutUint64(h[27:], now)                    // base timestamp
	binary.BigEndian.PutUint64(h[35:], now)                    // max timestamp
	binary.BigEndian.PutUint64(h[43:], 0xffffffffffffffff)     // producer ID
	binary.BigEndian.PutUint16(h[51:], 0xffff)                 // producer epoch
	binary.BigEndian.PutUint32(h[53:], 0xffffffff)             // base sequence
	binary.BigEndian.PutUint32(h[57:], uint32(b.count))        // records
	binary.BigEndian.PutUint32(h[17:], crc32.Checksum(b.bytes[21:], castagnoli))
	return b.bytes
}

// fill adds records until the batch has so many bytes, at least one.
func (b *batch) fill(records *driver.Records, bytes int) []byte {
	for b.count == 0 || len(b.bytes) < bytes {
		b.add(records.Next())
	}
	return b.seal()
}
