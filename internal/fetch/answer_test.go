package fetch

import (
	"errors"
	"slices"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func cursorAt(offset int64) *Cursor {
	c := NewCursor("orders", 3, 1000, 4<<20)
	c.MoveTo(offset)
	return &c
}

func TestCursorMovesBehindWhatAnAnswerBrought(t *testing.T) {
	whole := logOf(t, plain(10, 5), plain(15, 5))
	for _, tc := range []struct {
		name  string
		from  int64
		bytes []byte
		next  int64
		size  int
	}{
		{"from the beginning of a batch", 10, whole, 20, len(whole)},
		{"from inside a batch", 12, whole, 20, len(whole)},
		{"behind a cut last batch", 10, whole[:len(whole)-1], 15, len(whole) / 2},
		{"over a batch that compaction has emptied", 10, emptied(t, 10, 30), 40, len(emptied(t, 10, 30))},
		{"over a control batch", 10, marker(t, 10, 1, 0), 11, len(marker(t, 10, 1, 0))},
		{"magic 0", 10, batchSpec{base: 10, n: 4, magic: 0}.bytes(t), 14, -1},
		{"magic 1 in a wrapper", 10, batchSpec{base: 8, n: 4, magic: 1, codec: compress.Gzip}.bytes(t), 12, -1},
		{"up to bytes that are no batch", 10, append(slices.Clone(whole), make([]byte, 100)...), 20, len(whole)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := cursorAt(tc.from)
			out := c.Take(c.Ask(), answer(tc.bytes))
			if out.Verdict != Data || out.Err != nil {
				t.Fatalf("got %v, %v, want data", out.Verdict, out.Err)
			}
			if c.Offset() != tc.next || out.Chunk.Next != tc.next || out.Chunk.From != tc.from {
				t.Errorf("got %d to %d, cursor at %d, want %d to %d", out.Chunk.From, out.Chunk.Next, c.Offset(), tc.from, tc.next)
			}
			if tc.size >= 0 && len(out.Chunk.Bytes) != tc.size || out.Chunk.Size != len(tc.bytes) {
				t.Errorf("got %d bytes of %d, want %d of %d", len(out.Chunk.Bytes), out.Chunk.Size, tc.size, len(tc.bytes))
			}
			if c.HighWatermark != 100 || c.LastStableOffset != 90 || c.LogStartOffset != 1 {
				t.Errorf("got marks %d, %d, %d, want those of the answer", c.HighWatermark, c.LastStableOffset, c.LogStartOffset)
			}
		})
	}
}

func TestCursorDropsAnswersToWhatItAskedBefore(t *testing.T) {
	for _, tc := range []struct {
		name string
		move func(c *Cursor, ask Ask)
	}{
		{"after it was moved", func(c *Cursor, _ Ask) { c.MoveTo(50) }},
		{"after it was moved to the same place", func(c *Cursor, _ Ask) { c.MoveTo(10) }},
		{"after another answer to the same", func(c *Cursor, ask Ask) { c.Take(ask, answer(plain(10, 5).bytes(t))) }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := cursorAt(10)
			ask := c.Ask()
			tc.move(c, ask)
			before := c.Offset()
			out := c.Take(ask, answer(plain(10, 5).bytes(t)))
			if out.Verdict != Stale || c.Offset() != before {
				t.Errorf("got %v with the cursor at %d, want stale and %d", out.Verdict, c.Offset(), before)
			}
		})
	}
}

func TestCursorAsksForMoreWhenTheFirstMessageDoesNotFit(t *testing.T) {
	big := batchSpec{base: 10, n: 1, magic: 0, padding: 3 << 20}.bytes(t)
	c := cursorAt(10)
	var sizes []int32
	for {
		ask := c.Ask()
		out := c.Take(ask, answer(big[:min(len(big), int(ask.MaxBytes))]))
		if out.Verdict == Data {
			break
		}
		if out.Verdict != Grew || len(sizes) > 10 {
			t.Fatalf("got %v, %v after %v", out.Verdict, out.Err, sizes)
		}
		sizes = append(sizes, c.Ask().MaxBytes)
	}
	if want := []int32{4 << 20}; !slices.Equal(sizes, want) { // the header tells how much it needs
		t.Errorf("asked for %v, want %v", sizes, want)
	}
}

func TestCursorGrowsStepByStepWhenNotEvenTheHeaderFits(t *testing.T) {
	c := NewCursor("orders", 3, 1, 10<<20)
	c.MoveTo(10)
	var sizes []int32
	for range 12 {
		out := c.Take(c.Ask(), answer([]byte{0}))
		if out.Verdict == Failed {
			var large *TooLargeError
			if !errors.As(out.Err, &large) || large.Offset != 10 || large.Size != 0 || large.Limit != 10<<20 {
				t.Errorf("got %v, want a TooLargeError", out.Err)
			}
			break
		}
		sizes = append(sizes, c.Ask().MaxBytes)
	}
	want := []int32{16, 256, 4096, 65536, 1 << 20, 2 << 20, 4 << 20, 8 << 20, 10 << 20}
	if !slices.Equal(sizes, want) {
		t.Errorf("asked for %v, want %v", sizes, want)
	}
}

func TestCursorFailsAtTheLimitAfterWhatCameBefore(t *testing.T) {
	small := batchSpec{base: 10, n: 10, magic: 0}.bytes(t)
	big := batchSpec{base: 20, n: 1, magic: 0, padding: 5 << 20}.bytes(t)
	c := cursorAt(10)
	out := c.Take(c.Ask(), answer(append(small, big[:100]...)))
	if out.Verdict != Data || out.Chunk.Next != 20 {
		t.Fatalf("got %v to %d, want data to 20", out.Verdict, out.Chunk.Next)
	}
	out = c.Take(c.Ask(), answer(big[:100]))
	var large *TooLargeError
	if out.Verdict != Failed || !errors.As(out.Err, &large) {
		t.Fatalf("got %v, %v, want a TooLargeError", out.Verdict, out.Err)
	}
	if large.Offset != 20 || large.Size != int64(len(big)) || large.Limit != 4<<20 {
		t.Errorf("got offset %d, size %d, limit %d", large.Offset, large.Size, large.Limit)
	}
}

func TestVerdictOfEachErrorCode(t *testing.T) {
	for code, want := range map[kerr.Error]Verdict{
		kerr.OffsetOutOfRange:         OutOfRange,
		kerr.NotLeaderOrFollower:      Moved,
		kerr.UnknownTopicOrPartition:  Moved,
		kerr.FencedLeaderEpoch:        Moved,
		kerr.UnknownLeaderEpoch:       Moved,
		kerr.KafkaStorageError:        Moved,
		kerr.UnknownServerError:       Retry,
		kerr.CorruptMessage:           Retry,
		kerr.TopicAuthorizationFailed: Failed,
		kerr.Error(999):               Failed,
	} {
		c := cursorAt(10)
		out := c.Take(c.Ask(), &protocol.FetchResponseResponsePartition{ErrorCode: int16(code), HighWatermark: -1})
		if out.Verdict != want || !errors.Is(out.Err, code) {
			t.Errorf("%v: got %v, %v, want %v", code, out.Verdict, out.Err, want)
		}
		if c.Offset() != 10 {
			t.Errorf("%v moved the cursor to %d", code, c.Offset())
		}
	}
}

func TestAnswersThatBringNothing(t *testing.T) {
	for _, tc := range []struct {
		name  string
		bytes []byte
		want  Verdict
	}{
		{"null records", nil, Empty},
		{"records below the asked offset only", plain(1, 5).bytes(t), Retry},
		{"no batch at all", make([]byte, 100), Failed},
		{"a batch that leaves no offset", plain(1<<63-2, 2).bytes(t), Failed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := cursorAt(10)
			out := c.Take(c.Ask(), answer(tc.bytes))
			if out.Verdict != tc.want || c.Offset() != 10 || (out.Err != nil) != (tc.want != Empty) {
				t.Errorf("got %v, %v, cursor at %d, want %v", out.Verdict, out.Err, c.Offset(), tc.want)
			}
		})
	}
}
