package fetch

import (
	"errors"
	"slices"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

func chunkOf(from, next int64, b []byte) Chunk { return Chunk{From: from, Next: next, Bytes: b} }

func TestReaderReturnsWhatWasAskedFor(t *testing.T) {
	for _, tc := range []struct {
		name       string
		from, next int64
		bytes      []byte
		want       []int64
	}{
		{"two batches", 10, 20, logOf(t, plain(10, 5), plain(15, 5)), offsetsFrom(10, 10)},
		{"from inside a batch", 17, 20, logOf(t, plain(10, 5), plain(15, 5)), offsetsFrom(17, 3)},
		{"magic 0", 11, 14, batchSpec{base: 10, n: 4, magic: 0}.bytes(t), offsetsFrom(11, 3)},
		{"magic 1 in a wrapper", 11, 14, batchSpec{base: 10, n: 4, magic: 1, codec: compress.Gzip}.bytes(t), offsetsFrom(11, 3)},
		{"every codec", 10, 50, logOf(t,
			batchSpec{base: 10, n: 10, magic: 2, codec: compress.Gzip}, batchSpec{base: 20, n: 10, magic: 2, codec: compress.Snappy},
			batchSpec{base: 30, n: 10, magic: 2, codec: compress.LZ4}, batchSpec{base: 40, n: 10, magic: 2, codec: compress.Zstd}), offsetsFrom(10, 40)},
		{"three magics in one log", 0, 30, logOf(t, batchSpec{n: 10, magic: 0}, batchSpec{base: 10, n: 10, magic: 1, codec: compress.Snappy}, plain(20, 10)), offsetsFrom(0, 30)},
		{"not control batches", 10, 17, slices.Concat(plain(10, 5).bytes(t), marker(t, 15, 1, record.ControlCommit), plain(16, 1).bytes(t)), append(offsetsFrom(10, 5), 16)},
		{"nothing of an emptied batch", 10, 40, emptied(t, 10, 30), nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var r Reader
			r.Start(chunkOf(tc.from, tc.next, tc.bytes))
			wantOffsets(t, read(&r), tc.want)
			if r.Err() != nil || r.Position() != tc.next {
				t.Errorf("got %v at %d, want position %d", r.Err(), r.Position(), tc.next)
			}
		})
	}
}

func TestReaderHidesAbortedTransactions(t *testing.T) {
	txn := func(base int64, n int, pid int64) []byte {
		return batchSpec{base: base, n: n, magic: 2, pid: pid, txn: true}.bytes(t)
	}
	log := slices.Concat(
		txn(10, 2, 1),                                // aborted by the marker at 18
		txn(12, 2, 2),                                // committed at 19
		plain(14, 2).bytes(t),                        // not in a transaction
		txn(16, 2, 1),                                // aborted as well
		marker(t, 18, 1, record.ControlAbort),        //
		marker(t, 19, 2, record.ControlCommit),       //
		txn(20, 2, 1),                                // the producer's next one, committed at 22
		marker(t, 22, 1, record.ControlCommit),       //
		txn(23, 2, 1),                                // aborted at 25
		marker(t, 25, 1, record.ControlAbort),        //
		batchSpec{26, 1, 2, 0, false, 1, 0}.bytes(t), // the same producer outside a transaction
	)
	chunk := chunkOf(10, 27, log)
	chunk.Aborted = []AbortedTransaction{{ProducerID: 1, FirstOffset: 23}, {ProducerID: 1, FirstOffset: 10}}
	var r Reader
	r.Start(chunk)
	want := []int64{12, 13, 14, 15, 20, 21, 26}
	wantOffsets(t, read(&r), want)

	if !r.Rewind(14) {
		t.Fatal("cannot rewind")
	}
	wantOffsets(t, read(&r), want[2:])
}

func TestReaderHidesATransactionThatBeganBeforeTheChunk(t *testing.T) {
	log := slices.Concat(batchSpec{base: 10, n: 2, magic: 2, pid: 1, txn: true}.bytes(t), marker(t, 12, 1, record.ControlAbort), plain(13, 1).bytes(t))
	chunk := chunkOf(10, 14, log)
	chunk.Aborted = []AbortedTransaction{{ProducerID: 1, FirstOffset: 2}}
	var r Reader
	r.Start(chunk)
	wantOffsets(t, read(&r), []int64{13})
}

func TestReaderRewinds(t *testing.T) {
	var r Reader
	r.Start(chunkOf(12, 20, logOf(t, plain(10, 5), plain(15, 5))))
	read(&r)
	for _, offset := range []int64{12, 17, 20} {
		if !r.Rewind(offset) {
			t.Errorf("cannot rewind to %d", offset)
		}
		wantOffsets(t, read(&r), offsetsFrom(offset, int(20-offset)))
	}
	for _, offset := range []int64{11, 21} {
		if r.Rewind(offset) {
			t.Errorf("rewound to %d, which is outside", offset)
		}
	}
	if new(Reader).Rewind(0) {
		t.Error("rewound without a chunk")
	}
}

func TestReaderStopsAtACorruptBatchAfterWhatCameBefore(t *testing.T) {
	good, bad, behind := plain(10, 5).bytes(t), plain(15, 5).bytes(t), plain(20, 5).bytes(t)
	bad[len(bad)-3] ^= 1
	var r Reader
	r.Start(chunkOf(10, 25, slices.Concat(good, bad, behind)))
	wantOffsets(t, read(&r), offsetsFrom(10, 5))
	if !IsCorrupt(r.Err()) || !errors.Is(r.Err(), record.ErrChecksum) || r.Position() != 15 {
		t.Errorf("got %v at %d, want a checksum error at 15", r.Err(), r.Position())
	}
	wantOffsets(t, read(&r), nil) // and stays there
}

func TestReaderPassesOverACorruptBatchWhenTold(t *testing.T) {
	good, bad, behind := plain(10, 5).bytes(t), plain(15, 5).bytes(t), plain(20, 5).bytes(t)
	bad[len(bad)-3] ^= 1
	var from, to int64
	r := Reader{OnCorrupt: func(f, l int64, err error) { from, to = f, l }}
	r.Start(chunkOf(10, 25, slices.Concat(good, bad, behind)))
	wantOffsets(t, read(&r), append(offsetsFrom(10, 5), offsetsFrom(20, 5)...))
	if r.Err() != nil || from != 15 || to != 19 {
		t.Errorf("got %v, passed over %d to %d, want 15 to 19", r.Err(), from, to)
	}
}

func TestReaderRefusesWhatItCannotDecompress(t *testing.T) {
	unknown := plain(10, 1).bytes(t)
	unknown[22] |= 7 // a codec that nobody has
	fixCRC(unknown)
	bomb := batchSpec{base: 10, n: 1, magic: 2, codec: compress.Gzip, padding: 1 << 20}.bytes(t)
	for _, tc := range []struct {
		name  string
		bytes []byte
		want  error
	}{
		{"an unknown codec", unknown, compress.ErrUnknownCodec},
		{"a batch beyond the limit", bomb, compress.ErrTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			skipped := false
			r := Reader{Limit: 1000, OnCorrupt: func(int64, int64, error) { skipped = true }}
			r.Start(chunkOf(10, 11, tc.bytes))
			wantOffsets(t, read(&r), nil)
			if !errors.Is(r.Err(), tc.want) || skipped {
				t.Errorf("got %v (skipped: %v), want %v", r.Err(), skipped, tc.want)
			}
		})
	}
}

func TestReaderAllocatesNothingPerRecord(t *testing.T) {
	log := logOf(t, plain(0, 1000), plain(1000, 1000))
	var r Reader
	var rec record.Record
	allocs := testing.AllocsPerRun(10, func() {
		r.Start(chunkOf(0, 2000, log))
		for r.Next(&rec) {
		}
	})
	if allocs > 0 {
		t.Errorf("got %v allocations for 2000 records, want none", allocs)
	}
}

func BenchmarkReader(b *testing.B) {
	const n = 1000
	log := batchSpec{n: n, magic: 2, padding: 100 - len("value 123")}.bytes(b)
	var r Reader
	var rec record.Record
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	for b.Loop() {
		r.Start(chunkOf(0, n, log))
		for r.Next(&rec) {
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
