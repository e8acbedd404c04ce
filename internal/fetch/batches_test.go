package fetch

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// batchSpec describes a batch of the tests' logs: n records from offset base,
// whose values are "value <offset>".
type batchSpec struct {
	base    int64
	n       int
	magic   int8
	codec   compress.Codec
	txn     bool
	pid     int64
	padding int // bytes added to each value
}

func (s batchSpec) bytes(t testing.TB) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	for i := range s.n {
		value := fmt.Appendf(nil, "value %d", s.base+int64(i))
		b.Append(1000+int64(i), []byte("key"), append(value, make([]byte, s.padding)...), nil)
	}
	raw, err := b.Seal(record.Seal{
		Magic: s.magic, Codec: s.codec, Level: compress.DefaultLevel,
		ProducerID: s.pid, BaseSequence: 0, Transactional: s.txn,
	})
	if err != nil {
		t.Fatal(err)
	}
	raw = slices.Clone(raw)
	if s.magic == 2 {
		record.AssignOffsets(raw, s.base, 7)
		return raw
	}
	return s.assign(raw)
}

// assign gives messages of magic 0 and 1 their offsets, as a broker does: each
// plain one its own, a wrapper that of its last. (In a wrapper of magic 0 a
// broker would rewrite the inner ones; the tests use magic 1 for that.)
func (s batchSpec) assign(raw []byte) []byte {
	if s.codec != compress.None {
		binary.BigEndian.PutUint64(raw, uint64(s.base)+uint64(s.n)-1)
		return raw
	}
	for at, i := 0, int64(0); at < len(raw); i++ {
		binary.BigEndian.PutUint64(raw[at:], uint64(s.base+i))
		at += sizeOverhead + int(binary.BigEndian.Uint32(raw[at+8:]))
	}
	return raw
}

func plain(base int64, n int) batchSpec { return batchSpec{base: base, n: n, magic: 2, pid: -1} }

func logOf(t testing.TB, specs ...batchSpec) []byte {
	t.Helper()
	var log []byte
	for _, s := range specs {
		log = append(log, s.bytes(t)...)
	}
	return log
}

// marker is the control batch that ends a transaction.
func marker(t testing.TB, offset, pid int64, kind record.ControlType) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	key := binary.BigEndian.AppendUint16([]byte{0, 0}, uint16(kind))
	b.Append(1000, key, []byte{0, 0, 0, 0, 0, 0}, nil)
	raw, err := b.Seal(record.Seal{Magic: 2, ProducerID: pid, Transactional: true})
	if err != nil {
		t.Fatal(err)
	}
	raw = slices.Clone(raw)
	record.AssignOffsets(raw, offset, 7)
	raw[22] |= 1 << 5 // control
	fixCRC(raw)
	return raw
}

// emptied is what compaction leaves of a batch that has lost all its records.
func emptied(t testing.TB, base int64, offsets int) []byte {
	t.Helper()
	const header, lastDelta, count = 61, 23, 57
	raw := plain(base, 1).bytes(t)[:header]
	binary.BigEndian.PutUint32(raw[8:], header-sizeOverhead)
	binary.BigEndian.PutUint32(raw[lastDelta:], uint32(offsets-1))
	binary.BigEndian.PutUint32(raw[count:], 0)
	fixCRC(raw)
	return raw
}

// answer is one partition of a fetch answer without an error.
func answer(records []byte) *protocol.FetchResponseResponsePartition {
	return &protocol.FetchResponseResponsePartition{HighWatermark: 100, LastStableOffset: 90, LogStartOffset: 1, Records: records}
}

// read returns the offsets that r still has.
func read(r *Reader) (offsets []int64) {
	var rec record.Record
	for r.Next(&rec) {
		offsets = append(offsets, rec.Offset)
	}
	return offsets
}

// offsetsFrom lists n offsets from first.
func offsetsFrom(first int64, n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = first + int64(i)
	}
	return list
}

func wantOffsets(t testing.TB, got, want []int64) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got offsets %v, want %v", got, want)
	}
}

// fixCRC gives a batch of magic 2 the checksum of its bytes.
func fixCRC(raw []byte) {
	const attributes, crc = 21, 17
	binary.BigEndian.PutUint32(raw[crc:], crc32.Checksum(raw[attributes:], crc32.MakeTable(crc32.Castagnoli)))
}
