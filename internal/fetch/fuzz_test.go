package fetch

import (
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

// FuzzAnswer runs arbitrary bytes through the way of an answer's records:
// whatever they are, offsets only grow, and the reader ends.
func FuzzAnswer(f *testing.F) {
	f.Add(int64(10), logOf(f, plain(10, 3), plain(13, 2)))
	f.Add(int64(11), batchSpec{base: 10, n: 3, magic: 1, codec: compress.Gzip}.bytes(f))
	f.Add(int64(0), batchSpec{n: 3, magic: 0}.bytes(f))
	f.Add(int64(10), append(marker(f, 10, 1, record.ControlAbort), emptied(f, 11, 5)...))
	f.Fuzz(func(t *testing.T, from int64, b []byte) {
		from = max(from, 0)
		c := cursorAt(from)
		out := c.Take(c.Ask(), answer(b))
		if (out.Verdict == Data) != (c.Offset() > from) {
			t.Fatalf("%v moved the cursor from %d to %d", out.Verdict, from, c.Offset())
		}
		if out.Verdict != Data {
			return
		}
		out.Chunk.Aborted = []AbortedTransaction{{ProducerID: 1, FirstOffset: 5}}
		for _, onCorrupt := range []func(int64, int64, error){nil, func(int64, int64, error) {}} {
			walk(t, &Reader{Limit: 1 << 20, OnCorrupt: onCorrupt}, out.Chunk)
		}
	})
}

func walk(t *testing.T, r *Reader, chunk Chunk) {
	r.Start(chunk)
	last := chunk.From - 1
	var rec record.Record
	for r.Next(&rec) {
		if rec.Offset <= last || rec.Offset >= chunk.Next {
			t.Fatalf("offset %d after %d, chunk is %d to %d", rec.Offset, last, chunk.From, chunk.Next)
		}
		last = rec.Offset
	}
	if r.Err() == nil && r.Position() != chunk.Next {
		t.Fatalf("ended at %d without an error, chunk ends at %d", r.Position(), chunk.Next)
	}
}
