package record_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/afkak-go/afkak/internal/record"
)

// FuzzRead feeds arbitrary buffers to everything that reads: it may not panic,
// and what it yields must lie within what it was given. Checksums are
// not asked for, so that the fuzzer gets past them.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob("testdata/*.log")
	if err != nil || len(files) == 0 {
		f.Fatal("no golden segments", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		if len(b) <= 1500 {
			f.Add(b)
		}
	}
	for _, form := range forms {
		f.Add(mustSeal(f, build(new(record.Builder), samples(4, form.Magic == 2)), form))
	}
	const limit = 1 << 20
	f.Fuzz(func(t *testing.T, b []byte) {
		original := bytes.Clone(b)
		var w record.Walker
		for rest := b; ; {
			batch, n, err := record.ReadBatch(rest)
			if err != nil {
				if n != 0 {
					t.Fatalf("took %d bytes with error %v", n, err)
				}
				break
			}
			if n < 26 || n > len(rest) || len(batch.Raw) != n {
				t.Fatalf("took %d of %d bytes", n, len(rest))
			}
			rest = rest[n:]
			batch.CheckCRC()
			batch.Validate(limit)
			if err := w.Start(&batch, limit); err != nil {
				continue
			}
			fuzzWalk(t, &batch, &w)
		}
		if !bytes.Equal(b, original) {
			t.Fatal("reading wrote to the buffer")
		}
	})
}

func fuzzWalk(t *testing.T, batch *record.Batch, w *record.Walker) {
	var records []record.Record
	for r := (record.Record{}); w.Next(&r); {
		if batch.Magic == 2 && (r.Offset < batch.BaseOffset || r.Offset > batch.LastOffset) {
			t.Fatalf("offset %d of a batch from %d to %d", r.Offset, batch.BaseOffset, batch.LastOffset)
		}
		r.ControlType()
		records = append(records, r)
	}
	if batch.Count >= 0 && len(records) > int(batch.Count) {
		t.Fatalf("%d records of %d", len(records), batch.Count)
	}
	if w.Err() != nil || len(records) == 0 {
		return
	}
	// What was read can be written, and read again.
	var b record.Builder
	again := walk(t, batchOf(t, mustSeal(t, build(&b, records), record.Seal{Magic: 2})))
	for i := range records {
		records[i].Offset = int64(i)
		same(t, fmt.Sprintf("record %d", i), again[i], records[i])
	}
}

// FuzzBuild makes records out of arbitrary bytes, takes one out, and expects
// the others back from every format and codec.
func FuzzBuild(f *testing.F) {
	f.Add([]byte("\x03key\x05value\x01\x02h1\x02v1\x00\x00\x00"), int64(5), uint8(0))
	f.Add(bytes.Repeat([]byte("\xff\x01\x41\x10sixteen bytes.. "), 300), int64(-1), uint8(77))
	f.Fuzz(func(t *testing.T, b []byte, step int64, without uint8) {
		records := recordsFrom(b, step)
		var builder record.Builder
		build(&builder, records)
		if len(records) > 1 && without%2 == 1 {
			i := int(without) % len(records)
			if size := builder.Remove(i); size != len(records[i].Value) {
				t.Fatalf("a value of %d bytes, want %d", size, len(records[i].Value))
			}
			records = append(records[:i], records[i+1:]...)
		}
		if len(records) == 0 {
			return
		}
		headers := false
		for _, r := range records {
			headers = headers || r.Headers != nil
		}
		for _, form := range forms {
			if headers && form.Magic < 2 {
				continue
			}
			_, got := readAll(t, mustSeal(t, &builder, form))
			if len(got) != len(records) {
				t.Fatalf("%s: %d records, want %d", formName(form), len(got), len(records))
			}
			for i, want := range records {
				want.Offset = int64(i)
				if form.Magic == 0 {
					want.Timestamp = record.NoTimestamp
				}
				same(t, formName(form), got[i], want)
			}
		}
	})
}

// recordsFrom cuts b into keys, values and headers, each a byte of length (255:
// null) and as many bytes as there are.
func recordsFrom(b []byte, step int64) (records []record.Record) {
	field := func() []byte {
		if len(b) == 0 {
			return nil
		}
		n := int(b[0])
		b = b[1:]
		if n == 255 {
			return nil
		}
		n = min(n, len(b))
		p := b[:n:n]
		b = b[n:]
		return p
	}
	timestamp := int64(binary.LittleEndian.Uint16(append(b[:min(2, len(b)):min(2, len(b))], 0, 0)))
	for len(b) > 0 {
		r := record.Record{Timestamp: timestamp, Key: field(), Value: field()}
		for n := len(field()) % 4; n > 0; n-- {
			r.Headers = append(r.Headers, record.Header{Key: string(field()), Value: field()})
		}
		timestamp += step
		records = append(records, r)
	}
	return records
}
