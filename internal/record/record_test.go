package record_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
)

// forms are all formats and codecs that go together.
var forms = func() (forms []record.Seal) {
	for magic := int8(0); magic <= 2; magic++ {
		for codec := compress.None; codec <= compress.Zstd; codec++ {
			if codec == compress.Zstd && magic < 2 {
				continue
			}
			forms = append(forms, record.Seal{
				Magic: magic, Codec: codec,
				ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence,
			})
		}
	}
	return forms
}()

func formName(s record.Seal) string { return fmt.Sprintf("magic %d %s", s.Magic, s.Codec) }

// samples are records with everything that a format can say, headers only if
// they are asked for.
func samples(n int, headers bool) []record.Record {
	records := make([]record.Record, n)
	for i := range records {
		r := record.Record{
			Offset:    int64(i),
			Timestamp: 1_700_000_000_000 + int64(i*i%1000) - int64(i%7)*100,
			Key:       []byte(fmt.Sprintf("key %d", i)),
			Value:     bytes.Repeat([]byte{byte(i)}, i*i%300),
		}
		switch i % 5 {
		case 1:
			r.Key = nil
		case 2:
			r.Key = []byte{}
		case 3:
			r.Value = nil
		}
		if headers && i%3 == 0 {
			r.Headers = []record.Header{{Key: "a", Value: []byte("1")}, {Key: "a"}, {Key: "", Value: []byte{}}}[:1+i%3+i/3%3]
		}
		records[i] = r
	}
	return records
}

func build(b *record.Builder, records []record.Record) *record.Builder {
	for _, r := range records {
		b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
	}
	return b
}

func mustSeal(tb testing.TB, b *record.Builder, s record.Seal) []byte {
	tb.Helper()
	batch, err := b.Seal(s)
	if err != nil {
		tb.Fatalf("Seal(%s): %v", formName(s), err)
	}
	return batch
}

// same compares nil and empty as the different things that they are.
func same(tb testing.TB, what string, got, want record.Record) {
	tb.Helper()
	if !reflect.DeepEqual(got, want) {
		tb.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

func TestWhatIsBuiltIsWalked(t *testing.T) {
	for _, form := range forms {
		t.Run(formName(form), func(t *testing.T) {
			for _, n := range []int{1, 2, 63, 64, 65, 1000} {
				want := samples(n, form.Magic == 2)
				batches, got := readAll(t, mustSeal(t, build(new(record.Builder), want), form))
				if len(got) != n {
					t.Fatalf("got %d records, want %d", len(got), n)
				}
				for i := range want {
					if form.Magic == 0 {
						want[i].Timestamp = record.NoTimestamp
					}
					same(t, fmt.Sprintf("record %d of %d", i, n), got[i], want[i])
				}
				for _, b := range batches {
					if err := b.Validate(0); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

func TestSizeIsWhatAppendAdds(t *testing.T) {
	var b record.Builder
	if b.Len() != 61 {
		t.Fatalf("an empty batch has %d bytes, want 61", b.Len())
	}
	for i, r := range samples(3000, true) {
		r.Timestamp *= int64(1 - i%2*2) // large and negative deltas
		want := b.Len() + b.Size(r.Timestamp, r.Key, r.Value, r.Headers)
		b.Append(r.Timestamp, r.Key, r.Value, r.Headers)
		if b.Len() != want {
			t.Fatalf("record %d: %d bytes, want %d", i, b.Len(), want)
		}
	}
	if sealed := mustSeal(t, &b, record.Seal{Magic: 2}); len(sealed) != b.Len() {
		t.Errorf("sealed batch has %d bytes, want %d", len(sealed), b.Len())
	}
}

func TestRemoveLeavesTheBatchOfTheOtherRecords(t *testing.T) {
	for _, n := range []int{2, 3, 70, 200} {
		for i := range n {
			records := samples(n, true)
			var b record.Builder
			build(&b, records)
			if size := b.Remove(i); size != len(records[i].Value) {
				t.Fatalf("record %d of %d: a value of %d bytes, want %d", i, n, size, len(records[i].Value))
			}
			rest := append(records[:i:i], records[i+1:]...)
			sealed := mustSeal(t, &b, record.Seal{Magic: 2})
			if len(sealed) != b.Len() || b.Count() != n-1 {
				t.Fatalf("%d bytes and %d records, want %d and %d", b.Len(), b.Count(), len(sealed), n-1)
			}
			batches, got := readAll(t, sealed)
			latest := rest[0].Timestamp
			for j := range rest {
				rest[j].Offset = int64(j)
				latest = max(latest, rest[j].Timestamp)
				same(t, fmt.Sprintf("record %d of %d without %d", j, n, i), got[j], rest[j])
			}
			if got := batches[0].MaxTimestamp; got != latest {
				t.Fatalf("latest timestamp of %d without %d is %d, want %d", n, i, got, latest)
			}
			// The next one goes where it belongs.
			b.Append(5, nil, []byte("next"), nil)
			if err := batchOf(t, mustSeal(t, &b, record.Seal{Magic: 2})).Validate(0); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRemoveOfTheOnlyRecordStartsAfresh(t *testing.T) {
	var b record.Builder
	b.Append(1_700_000_000_000, []byte("k"), []byte("v"), nil)
	if size := b.Remove(0); size != 1 {
		t.Errorf("a value of %d bytes, want 1", size)
	}
	if b.Len() != 61 || b.Count() != 0 {
		t.Fatalf("%d bytes and %d records, want 61 and 0", b.Len(), b.Count())
	}
	b.Append(7, nil, []byte("v"), nil)
	batch := batchOf(t, mustSeal(t, &b, record.Seal{Magic: 2}))
	if batch.FirstTimestamp != 7 || batch.MaxTimestamp != 7 {
		t.Errorf("timestamps %d to %d, want 7", batch.FirstTimestamp, batch.MaxTimestamp)
	}
}

func batchOf(tb testing.TB, b []byte) *record.Batch {
	tb.Helper()
	batch, n, err := record.ReadBatch(b)
	if err != nil || n != len(b) {
		tb.Fatalf("ReadBatch took %d of %d bytes: %v", n, len(b), err)
	}
	return &batch
}

func TestBuilderUsesTheBufferThatItIsGiven(t *testing.T) {
	buf := make([]byte, 100, 4096)
	var b record.Builder
	for range 2 {
		b.Reset(buf)
		b.Append(1, nil, []byte("value"), nil)
		if sealed := mustSeal(t, &b, record.Seal{Magic: 2}); &sealed[0] != &buf[0] {
			t.Error("the batch is not in the buffer")
		}
		if b.Cap() != 4096 {
			t.Errorf("capacity %d, want 4096", b.Cap())
		}
	}
	b.Reset(nil)
	b.Grow(500)
	if b.Cap() < 561 {
		t.Errorf("capacity %d after Grow(500)", b.Cap())
	}
}

func TestSealWritesTheProducersIdentityAndStampAnother(t *testing.T) {
	b := build(new(record.Builder), samples(5, true))
	for _, codec := range []compress.Codec{compress.None, compress.Gzip} {
		sealed := mustSeal(t, b, record.Seal{
			Magic: 2, Codec: codec, ProducerID: 1 << 40, ProducerEpoch: 3, BaseSequence: 99, Transactional: true,
		})
		batch := batchOf(t, sealed)
		if batch.ProducerID != 1<<40 || batch.ProducerEpoch != 3 || batch.BaseSequence != 99 || !batch.IsTransactional || batch.IsControl {
			t.Errorf("sealed: %+v", batch)
		}
		record.Stamp(sealed, 7, 8, 9)
		batch = batchOf(t, sealed)
		if batch.ProducerID != 7 || batch.ProducerEpoch != 8 || batch.BaseSequence != 9 || !batch.IsTransactional {
			t.Errorf("stamped: %+v", batch)
		}
		if err := batch.Validate(0); err != nil {
			t.Errorf("stamped: %v", err)
		}
	}
}

func TestSealRefusesWhatTheFormatCannotSay(t *testing.T) {
	plain, withHeaders := build(new(record.Builder), samples(3, false)), build(new(record.Builder), samples(3, true))
	tests := []struct {
		name    string
		builder *record.Builder
		seal    record.Seal
		want    error
	}{
		{"no records", new(record.Builder), record.Seal{Magic: 2}, record.ErrEmpty},
		{"headers in magic 0", withHeaders, record.Seal{Magic: 0}, record.ErrHeadersUnsupported},
		{"headers in magic 1", withHeaders, record.Seal{Magic: 1, Codec: compress.Gzip}, record.ErrHeadersUnsupported},
		{"a transaction in magic 1", plain, record.Seal{Magic: 1, Transactional: true}, record.ErrTransactionsUnsupported},
		{"zstd in magic 1", plain, record.Seal{Magic: 1, Codec: compress.Zstd}, compress.ErrUnsupportedMagic},
		{"magic 3", plain, record.Seal{Magic: 3}, record.ErrUnknownMagic},
		{"codec 5", plain, record.Seal{Magic: 2, Codec: 5}, compress.ErrUnknownCodec},
		{"gzip level 10", plain, record.Seal{Magic: 2, Codec: compress.Gzip, Level: 10}, compress.ErrLevel},
		{"a level without a codec", plain, record.Seal{Magic: 2, Level: 1}, compress.ErrLevel},
	}
	for _, test := range tests {
		if _, err := test.builder.Seal(test.seal); !errors.Is(err, test.want) {
			t.Errorf("%s: got error %v, want %v", test.name, err, test.want)
		}
	}
}

func TestABatchCanBeSealedAgainForAnOlderBroker(t *testing.T) {
	want := samples(10, false)
	b := build(new(record.Builder), want)
	for _, form := range forms {
		mustSeal(t, b, form)
	}
	for _, form := range []record.Seal{{Magic: 1, Codec: compress.LZ4}, {Magic: 2, Codec: compress.Zstd}} {
		_, got := readAll(t, mustSeal(t, b, form))
		for i := range want {
			same(t, formName(form), got[i], want[i])
		}
	}
}
