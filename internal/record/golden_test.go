package record_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

func golden(tb testing.TB, name string) []byte {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		tb.Fatal(err)
	}
	return b
}

// readAll reads a whole segment: its batches, and the records of those that
// are not control batches.
func readAll(tb testing.TB, segment []byte) (batches []record.Batch, records []record.Record) {
	tb.Helper()
	for len(segment) > 0 {
		batch, n, err := record.ReadBatch(segment)
		if err != nil {
			tb.Fatal(err)
		}
		if err := batch.CheckCRC(); err != nil {
			tb.Fatal(err)
		}
		batches = append(batches, batch)
		segment = segment[n:]
		if !batch.IsControl {
			records = append(records, walk(tb, &batch)...)
		}
	}
	return batches, records
}

func walk(tb testing.TB, batch *record.Batch) (records []record.Record) {
	tb.Helper()
	var w record.Walker
	if err := w.Start(batch, 0); err != nil {
		tb.Fatal(err)
	}
	for r := (record.Record{}); w.Next(&r); {
		records = append(records, r)
	}
	if err := w.Err(); err != nil {
		tb.Fatal(err)
	}
	return records
}

func TestSegmentsOfRealBrokersAreRead(t *testing.T) {
	tests := []struct {
		file  string
		magic int8
		codec compress.Codec
		types record.TimestampType
		count int
	}{
		{"0.9.0.1-none.log", 0, compress.None, record.NoTimestampType, 12},
		{"0.9.0.1-gzip.log", 0, compress.Gzip, record.NoTimestampType, 12},
		{"0.9.0.1-snappy.log", 0, compress.Snappy, record.NoTimestampType, 12},
		{"0.9.0.1-snappy-chunks.log", 0, compress.Snappy, record.NoTimestampType, 500},
		{"0.9.0.1-lz4.log", 0, compress.LZ4, record.NoTimestampType, 12},
		{"2.8.2-magic1-none.log", 1, compress.None, record.CreateTime, 12},
		{"2.8.2-magic1-gzip.log", 1, compress.Gzip, record.CreateTime, 12},
		{"2.8.2-magic1-snappy.log", 1, compress.Snappy, record.CreateTime, 12},
		{"2.8.2-magic1-lz4.log", 1, compress.LZ4, record.CreateTime, 12},
		{"2.8.2-magic1-gzip-append-time.log", 1, compress.Gzip, record.LogAppendTime, 12},
		{"2.8.2-none.log", 2, compress.None, record.CreateTime, 12},
		{"2.8.2-gzip.log", 2, compress.Gzip, record.CreateTime, 12},
		{"2.8.2-snappy.log", 2, compress.Snappy, record.CreateTime, 12},
		{"2.8.2-lz4.log", 2, compress.LZ4, record.CreateTime, 12},
		{"2.8.2-zstd.log", 2, compress.Zstd, record.CreateTime, 12},
		{"4.4.0-none.log", 2, compress.None, record.CreateTime, 12},
		{"4.4.0-gzip.log", 2, compress.Gzip, record.CreateTime, 12},
		{"4.4.0-snappy.log", 2, compress.Snappy, record.CreateTime, 12},
		{"4.4.0-lz4.log", 2, compress.LZ4, record.CreateTime, 12},
		{"4.4.0-zstd.log", 2, compress.Zstd, record.CreateTime, 12},
	}
	for _, test := range tests {
		t.Run(test.file, func(t *testing.T) {
			batches, records := readAll(t, golden(t, test.file))
			for _, b := range batches {
				if b.Magic != test.magic || b.Codec != test.codec || b.TimestampType != test.types || b.IsControl || b.IsTransactional {
					t.Errorf("batch at %d: %+v", b.BaseOffset, b)
				}
				if err := b.Validate(0); err != nil {
					t.Error(err)
				}
			}
			if last := batches[len(batches)-1].LastOffset; last != int64(test.count-1) {
				t.Errorf("last offset is %d, want %d", last, test.count-1)
			}
			if len(records) != test.count {
				t.Fatalf("got %d records, want %d", len(records), test.count)
			}
			for i, r := range records {
				key, value := fmt.Sprintf("key-%d", i%5), fmt.Sprintf("value %d of the golden batch, repeated, repeated, repeated", i)
				if r.Offset != int64(i) || string(r.Key) != key || string(r.Value) != value || r.Headers != nil {
					t.Fatalf("record %d: offset %d, key %q, value %q, headers %v", i, r.Offset, r.Key, r.Value, r.Headers)
				}
				checkGoldenTime(t, test.types, records[0].Timestamp, r.Timestamp)
			}
		})
	}
}

func checkGoldenTime(t *testing.T, types record.TimestampType, first, got int64) {
	t.Helper()
	const november2026, december2026 = 1_793_491_200_000, 1_796_083_200_000
	switch {
	case types == record.NoTimestampType && got != record.NoTimestamp:
		t.Errorf("timestamp %d in magic 0", got)
	case types == record.LogAppendTime && got != first:
		t.Errorf("timestamps %d and %d in one append", first, got)
	case types >= 0 && (got < november2026 || got > december2026):
		t.Errorf("timestamp %d is not of the day", got)
	}
}

func TestTransactionsOfARealBroker(t *testing.T) {
	for _, file := range []string{"4.4.0-transactions-none.log", "4.4.0-transactions-zstd.log"} {
		t.Run(file, func(t *testing.T) {
			batches, records := readAll(t, golden(t, file))
			if len(batches) != 4 || len(records) != 6 {
				t.Fatalf("got %d batches and %d records, want 4 and 6", len(batches), len(records))
			}
			for i, want := range []record.ControlType{1: record.ControlCommit, 3: record.ControlAbort} {
				if b := batches[i]; !b.IsTransactional || b.IsControl != (i%2 == 1) || b.ProducerID < 0 {
					t.Fatalf("batch %d: %+v", i, b)
				}
				if i%2 == 0 {
					continue
				}
				marker := walk(t, &batches[i])
				if got, err := marker[0].ControlType(); got != want || err != nil || len(marker) != 1 {
					t.Errorf("batch %d: got marker %v, error %v, want %v", i, got, err, want)
				}
			}
			want := []record.Record{
				{Key: []byte("k0"), Value: []byte("value 0")},
				{Value: []byte("value 1")},
				{Key: []byte("k2")},
			}
			for i, r := range records {
				same(t, fmt.Sprintf("record %d", i), r, record.Record{
					Offset:    int64(i + i/3),
					Timestamp: records[i/3*3].Timestamp + int64(i%3*7),
					Key:       want[i%3].Key,
					Value:     want[i%3].Value,
					Headers:   []record.Header{{Key: "trace", Value: []byte("abc")}, {Key: "trace"}, {Value: []byte{}}},
				})
			}
		})
	}
}

// What we encode is, byte for byte, what real producers encoded.
func TestUncompressedBatchesAreThoseOfRealProducers(t *testing.T) {
	for _, file := range []string{"0.9.0.1-none.log", "2.8.2-magic1-none.log", "2.8.2-none.log", "4.4.0-none.log", "4.4.0-transactions-none.log"} {
		t.Run(file, func(t *testing.T) {
			var segment []byte
			batches, _ := readAll(t, golden(t, file))
			for _, b := range batches {
				if b.IsControl {
					segment = append(segment, b.Raw...)
					continue
				}
				var builder record.Builder
				for _, r := range walk(t, &b) {
					builder.Append(r.Timestamp, r.Key, r.Value, r.Headers)
				}
				batch, err := builder.Seal(record.Seal{
					Magic: b.Magic, ProducerID: b.ProducerID, ProducerEpoch: b.ProducerEpoch,
					BaseSequence: b.BaseSequence, Transactional: b.IsTransactional,
				})
				if err != nil {
					t.Fatal(err)
				}
				if b.Magic < 2 { // one message is one batch here: the broker gave it its offset
					batch[7] = byte(b.BaseOffset)
				} else {
					record.AssignOffsets(batch, b.BaseOffset, b.LeaderEpoch)
				}
				segment = append(segment, batch...)
			}
			if want := golden(t, file); !bytes.Equal(segment, want) {
				t.Errorf("got\n%x, want\n%x", segment, want)
			}
		})
	}
}
