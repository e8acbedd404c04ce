package record_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

// change returns a copy of batch with other bytes at one place, and for magic 2 the CRC
// that goes with them.
func change(batch []byte, at int, other ...byte) []byte {
	batch = bytes.Clone(batch)
	copy(batch[at:], other)
	if batch[16] == 2 {
		binary.BigEndian.PutUint32(batch[17:], crc32.Checksum(batch[21:], crc32.MakeTable(crc32.Castagnoli)))
	} else {
		binary.BigEndian.PutUint32(batch[12:], crc32.ChecksumIEEE(batch[16:]))
	}
	return batch
}

func TestAnyCutIsTruncated(t *testing.T) {
	for _, form := range forms {
		sealed := mustSeal(t, build(new(record.Builder), samples(1, false)), form)
		for n := range sealed {
			if _, taken, err := record.ReadBatch(sealed[:n:n]); !errors.Is(err, record.ErrTruncated) || taken != 0 {
				t.Fatalf("%s cut at %d of %d: took %d, error %v", formName(form), n, len(sealed), taken, err)
			}
		}
	}
}

func TestAnyFlippedBitIsFound(t *testing.T) {
	for _, form := range forms {
		sealed := mustSeal(t, build(new(record.Builder), samples(1, false)), form)
		for bit := range len(sealed) * 8 {
			at := bit / 8
			if at < 8 || form.Magic == 2 && at >= 12 && at < 16 {
				continue // offset and leader epoch, which the broker writes, are in no CRC
			}
			b := bytes.Clone(sealed)
			b[at] ^= 1 << (bit % 8)
			batch, _, err := record.ReadBatch(b)
			if err == nil {
				err = batch.CheckCRC()
			}
			if err == nil {
				t.Fatalf("%s: bit %d of byte %d flipped: not found", formName(form), bit%8, at)
			}
			var corrupt *record.CorruptError
			if !errors.As(err, &corrupt) && !errors.Is(err, record.ErrTruncated) {
				t.Fatalf("%s: byte %d: got %v (%T)", formName(form), at, err, err)
			}
		}
	}
}

// Batches whose CRC is right and whose content is not.
func TestCorruptBatchesAreTyped(t *testing.T) {
	plain := record.Seal{Magic: 2}
	sealed := mustSeal(t, build(new(record.Builder), samples(1, true)), plain) // key "key 0", value "", header a=1
	const first = 61
	message := mustSeal(t, build(new(record.Builder), samples(1, false)), record.Seal{Magic: 1})
	wrapper := mustSeal(t, build(new(record.Builder), samples(3, false)), record.Seal{Magic: 1, Codec: compress.Gzip})
	gzipped := mustSeal(t, build(new(record.Builder), samples(3, true)), record.Seal{Magic: 2, Codec: compress.Gzip})
	tests := map[string][]byte{
		"a length of 13":                         change(sealed, 8, 0, 0, 0, 13),
		"a negative length":                      change(sealed, 8, 0xff, 0xff, 0xff, 0xff),
		"magic 3":                                change(sealed, 16, 3),
		"magic -1":                               change(sealed, 16, 0xff),
		"a magic 2 of less than a header":        change(sealed, 8, 0, 0, 0, 48),
		"a negative last offset delta":           change(sealed, 23, 0xff),
		"an offset that overflows":               change(change(sealed, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), 26, 1),
		"a negative count":                       change(sealed, 57, 0xff),
		"a count of millions":                    change(sealed, 57, 0, 0xff, 0xff, 0xff),
		"more records than its count":            change(sealed, 60, 0),
		"fewer records than its count":           change(sealed, 60, 2),
		"a record length beyond the end":         change(sealed, first, 0x7e),
		"a negative record length":               change(sealed, first, 1),
		"an endless record length":               change(sealed, first, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"an empty record":                        change(sealed, first, 0),
		"an offset delta beyond the last":        change(sealed, first+3, 2),
		"a negative offset delta":                change(sealed, first+3, 1),
		"a key beyond its record":                change(sealed, first+4, 0x7e),
		"a key length of -2":                     change(sealed, first+4, 3),
		"a value beyond its record":              change(sealed, first+10, 0x7e),
		"more headers than bytes":                change(sealed, first+11, 0x7e),
		"a negative header count":                change(sealed, first+11, 1),
		"a header too few":                       change(sealed, first+11, 0),
		"a null header key":                      change(sealed, first+12, 1),
		"a header value beyond its record":       change(sealed, first+14, 0x7e),
		"a message key beyond its message":       change(message, 26, 0, 0, 1, 0),
		"a message key of -2":                    change(message, 26, 0xff, 0xff, 0xff, 0xfe),
		"a message value that leaves bytes":      change(mustSeal(t, value("abcd"), record.Seal{Magic: 1}), 33, 3),
		"a wrapper without a value":              change(mustSeal(t, value(""), record.Seal{Magic: 1}), 17, 1),
		"a wrapper that is not gzip":             change(wrapper, 34, 0),
		"a batch that is not gzip":               change(gzipped, 61, 0),
		"a compressed batch of millions":         change(gzipped, 57, 0, 0xff, 0xff, 0xff),
		"zstd in a wrapper":                      change(wrapper, 17, 4),
		"an inner message of another magic":      rewrap(t, 1, change(message, 16, 0)),
		"an inner message that is compressed":    rewrap(t, 1, change(message, 17, 1)),
		"an inner message that is cut":           rewrap(t, 1, message[:len(message)-1]),
		"an inner message cut in its header":     rewrap(t, 1, message[:20]),
		"an inner message with a wrong CRC":      rewrap(t, 1, flip(message, 12)),
		"an inner message with a negative size":  rewrap(t, 1, change(message, 8, 0xff)),
		"an inner message with a key too long":   rewrap(t, 1, change(message, 26, 0, 0, 1, 0)),
		"a nested message of a magic 0 wrapper ": rewrap(t, 0, message),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			err := readErr(b)
			var corrupt *record.CorruptError
			if !errors.As(err, &corrupt) {
				t.Fatalf("got error %v, want a *CorruptError", err)
			}
			if corrupt.Offset != int64(binary.BigEndian.Uint64(b)) {
				t.Errorf("names offset %d", corrupt.Offset)
			}
		})
	}
}

// value is a batch of one record without a key; the value "" is null.
func value(v string) *record.Builder {
	var b record.Builder
	b.Append(1, nil, append([]byte(nil), v...), nil)
	return &b
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// rewrap puts an inner set into a gzip wrapper.
func rewrap(tb testing.TB, magic int8, set []byte) []byte {
	tb.Helper()
	packed, err := compress.Append(nil, set, compress.Gzip, compress.DefaultLevel, magic)
	if err != nil {
		tb.Fatal(err)
	}
	var b record.Builder
	b.Append(1, nil, packed, nil)
	return change(mustSeal(tb, &b, record.Seal{Magic: magic}), 17, byte(compress.Gzip))
}

// readErr reads and walks a batch and returns what stopped that.
func readErr(b []byte) error {
	batch, _, err := record.ReadBatch(b)
	if err != nil {
		return err
	}
	if err := batch.CheckCRC(); err != nil {
		return err
	}
	var w record.Walker
	if err := w.Start(&batch, 0); err != nil {
		return err
	}
	for r := (record.Record{}); w.Next(&r); {
	}
	return w.Err()
}

func TestChecksumErrorsHaveTheirCause(t *testing.T) {
	for _, form := range forms {
		sealed := mustSeal(t, build(new(record.Builder), samples(1, false)), form)
		if err := readErr(flip(sealed, len(sealed)-1)); !errors.Is(err, record.ErrChecksum) {
			if form.Magic == 2 || !errors.As(err, new(*record.CorruptError)) {
				t.Errorf("%s: got error %v, want ErrChecksum", formName(form), err)
			}
		}
	}
}

func TestBombsAndUnknownCodecsAreNotCorrupt(t *testing.T) {
	var b record.Builder
	b.Append(1, nil, make([]byte, 1<<20), nil)
	for _, form := range forms {
		if form.Codec == compress.None {
			continue
		}
		batch := batchOf(t, mustSeal(t, &b, form))
		var w record.Walker
		err := w.Start(batch, 1<<20)
		if !errors.Is(err, compress.ErrTooLarge) || errors.As(err, new(*record.CorruptError)) {
			t.Errorf("%s above its limit: got %v", formName(form), err)
		}
		if w.Next(new(record.Record)) || w.Err() == nil {
			t.Errorf("%s above its limit: the walk goes on", formName(form))
		}
		if err := w.Start(batch, 1<<20+100); err != nil || !w.Next(new(record.Record)) {
			t.Errorf("%s within its limit: %v", formName(form), err)
		}
	}
	unknown := batchOf(t, change(mustSeal(t, build(new(record.Builder), samples(1, false)), record.Seal{Magic: 2}), 22, 5))
	if err := new(record.Walker).Start(unknown, 0); !errors.Is(err, compress.ErrUnknownCodec) || errors.As(err, new(*record.CorruptError)) {
		t.Errorf("codec 5: got %v", err)
	}
}

func TestWrappersHaveTheirBrokersOffsets(t *testing.T) {
	var b record.Builder
	build(&b, samples(3, false))
	set := mustSeal(t, &b, record.Seal{Magic: 1})
	set0 := mustSeal(t, &b, record.Seal{Magic: 0})
	compacted := set[lengthOf(set):] // relative offsets 1 and 2 are left
	absolute := bytes.Clone(set0)
	for i, at := 0, 0; at < len(absolute); i++ {
		binary.BigEndian.PutUint64(absolute[at:], uint64(500+i*10))
		at += lengthOf(absolute[at:])
	}
	tests := []struct {
		name    string
		wrapper []byte
		offset  uint64
		want    []int64
	}{
		{"magic 1 counts back from the wrapper's", rewrap(t, 1, set), 1002, []int64{1000, 1001, 1002}},
		{"magic 1 after compaction", rewrap(t, 1, compacted), 1002, []int64{1001, 1002}},
		{"magic 0 has its own", rewrap(t, 0, absolute), 520, []int64{500, 510, 520}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			binary.BigEndian.PutUint64(test.wrapper, test.offset)
			batch := batchOf(t, test.wrapper)
			if batch.LastOffset != int64(test.offset) || batch.BaseOffset != -1 || batch.Count != -1 {
				t.Errorf("last offset %d, base offset %d, count %d", batch.LastOffset, batch.BaseOffset, batch.Count)
			}
			var got []int64
			for _, r := range walk(t, batch) {
				got = append(got, r.Offset)
			}
			if fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("got offsets %d, want %d", got, test.want)
			}
		})
	}
}

func lengthOf(b []byte) int { return 12 + int(binary.BigEndian.Uint32(b[8:])) }

func TestLogAppendTimeIsEveryRecords(t *testing.T) {
	const now = 1_800_000_000_000
	stamp := binary.BigEndian.AppendUint64(nil, now)
	for _, form := range forms {
		if form.Magic == 0 {
			continue
		}
		sealed := mustSeal(t, build(new(record.Builder), samples(20, false)), form)
		if form.Magic == 1 && form.Codec == compress.None {
			sealed = sealed[:lengthOf(sealed)]
		}
		if form.Magic == 1 {
			sealed = change(change(sealed, 17, sealed[17]|8), 18, stamp...)
		} else {
			sealed = change(change(sealed, 22, sealed[22]|8), 35, stamp...)
		}
		batch := batchOf(t, sealed)
		if batch.TimestampType != record.LogAppendTime {
			t.Errorf("%s: timestamp type %d", formName(form), batch.TimestampType)
		}
		for _, r := range walk(t, batch) {
			if r.Timestamp != now {
				t.Fatalf("%s: record %d has timestamp %d, want %d", formName(form), r.Offset, r.Timestamp, int64(now))
			}
		}
	}
}

func TestACompactedBatchMayBeEmpty(t *testing.T) {
	sealed := mustSeal(t, build(new(record.Builder), samples(3, false)), record.Seal{Magic: 2})[:61]
	sealed = change(sealed, 8, 0, 0, 0, 49)
	sealed = change(sealed, 57, 0, 0, 0, 0)
	batch := batchOf(t, sealed)
	if got := walk(t, batch); got != nil || batch.LastOffset != 2 {
		t.Errorf("got %d records, last offset %d", len(got), batch.LastOffset)
	}
	if err := batch.Validate(0); !errors.Is(err, record.ErrEmpty) {
		t.Errorf("a producer's empty batch: got error %v", err)
	}
}

func TestValidateWantsOffsetsInARow(t *testing.T) {
	sealed := mustSeal(t, build(new(record.Builder), samples(3, false)), record.Seal{Magic: 2})
	second := 61 + 1 + int(sealed[61]>>1) // length, attributes, 2 bytes of timestamp delta, offset delta
	tests := map[string][]byte{
		"a gap":                     change(sealed, second+4, 4),
		"a repeated offset":         change(sealed, second+4, 0),
		"more offsets than records": change(sealed, 26, 3),
		"fewer offsets":             change(sealed, 26, 1),
		"a wrong CRC":               flip(sealed, 17),
	}
	for name, b := range tests {
		if err := batchOf(t, b).Validate(0); !errors.As(err, new(*record.CorruptError)) {
			t.Errorf("%s: got error %v", name, err)
		}
	}
}

func TestAssignOffsetsKeepsTheChecksum(t *testing.T) {
	sealed := mustSeal(t, build(new(record.Builder), samples(3, true)), record.Seal{Magic: 2})
	record.AssignOffsets(sealed, 1000, 7)
	batch := batchOf(t, sealed)
	if batch.BaseOffset != 1000 || batch.LastOffset != 1002 || batch.LeaderEpoch != 7 {
		t.Errorf("%+v", batch)
	}
	if err := batch.Validate(0); err != nil {
		t.Error(err)
	}
}

func TestYieldedRecordsOutliveTheWalker(t *testing.T) {
	for _, form := range forms {
		want := samples(100, form.Magic == 2)
		sealed := mustSeal(t, build(new(record.Builder), want), form)
		other := mustSeal(t, build(new(record.Builder), samples(50, form.Magic == 2)[25:]), form)
		_, got := readAll(t, sealed)
		for range 3 {
			readAll(t, other)
		}
		for i := range got {
			if form.Magic == 0 {
				want[i].Timestamp = record.NoTimestamp
			}
			same(t, formName(form), got[i], want[i])
			if cap(got[i].Key) != len(got[i].Key) || cap(got[i].Value) != len(got[i].Value) || cap(got[i].Headers) != len(got[i].Headers) {
				t.Fatalf("%s: an append to record %d would write into its neighbour", formName(form), i)
			}
		}
	}
}

func TestControlRecordsNeedTheirKey(t *testing.T) {
	for _, key := range [][]byte{nil, {}, {0, 0, 0}, {0xff, 0xff, 0, 0}} {
		if _, err := (&record.Record{Key: key}).ControlType(); !errors.As(err, new(*record.CorruptError)) {
			t.Errorf("key %x: got error %v", key, err)
		}
	}
	if got := record.ControlType(2).String(); got != "control type 2" {
		t.Error(got)
	}
}
