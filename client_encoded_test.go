package afkak_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
)

func encoded(t testing.TB, format afkak.Format, codec afkak.Codec, values ...string) []byte {
	t.Helper()
	var records []afkak.Record
	for _, value := range values {
		records = append(records, afkak.Record{Value: []byte(value)})
	}
	b, err := afkak.EncodeRecords(format, codec, records)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessageSetsEncodedByHandMixCodecsInOnePayload(t *testing.T) {
	for _, format := range []afkak.Format{afkak.MessageSetV0, afkak.MessageSetV1} {
		t.Run(fmt.Sprintf("magic %d", format), func(t *testing.T) {
			onOldFormat(t, int8(format), func(t *testing.T, client *afkak.Client, sent *[]string) {
				set := slices.Concat(
					encoded(t, format, afkak.None, "plain"),
					encoded(t, format, afkak.Gzip, numbered(0, 100)...),
					encoded(t, format, afkak.Snappy, numbered(100, 100)...),
				)
				if _, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: "orders", Encoded: set}}); err != nil {
					t.Error(err)
				}
				wantValues(t, *sent, append([]string{"plain"}, numbered(0, 200)...))
			})
		})
	}
}

func TestEachPayloadHasItsOwnCodecAndMayBeEncodedByHand(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		results, err := client.Produce(t.Context(), []afkak.ProducePayload{
			{Topic: "orders", Codec: afkak.Gzip, Records: []afkak.Record{{Value: []byte("0")}}},
			{Topic: "orders", Encoded: encoded(t, afkak.RecordBatch, afkak.Snappy, "1", "2")},
			{Topic: "orders", Codec: afkak.LZ4, Records: []afkak.Record{{Value: []byte("3")}}},
		})
		if err != nil || results[1].Offset != 1 || results[2].Offset != 3 {
			t.Errorf("got %+v, %v", results, err)
		}
		wantValues(t, s.stored(0), numbered(0, 4))
	})
}

func TestEncodedRecordsThatNoRequestCanCarryAreRefusedBeforeAnythingIsSent(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		batch := encoded(t, afkak.RecordBatch, afkak.None, "a")
		set := encoded(t, afkak.MessageSetV0, afkak.None, "a")
		broken := slices.Clone(batch)
		broken[len(broken)-1]++
		for name, payloads := range map[string][]afkak.ProducePayload{
			"two batches in one payload": {{Topic: "orders", Encoded: slices.Concat(batch, batch)}},
			"two formats in one payload": {{Topic: "orders", Encoded: slices.Concat(set, batch)}},
			"two formats in one call":    {{Topic: "orders", Encoded: set}, {Topic: "orders", Partition: 1, Encoded: batch}},
			"half a batch":               {{Topic: "orders", Encoded: batch[:len(batch)-1]}},
			"a broken batch":             {{Topic: "orders", Encoded: broken}},
			"records too":                {{Topic: "orders", Encoded: batch, Records: []afkak.Record{{}}}},
		} {
			if _, err := client.Produce(t.Context(), payloads); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if n := s.requests(protocol.KeyProduce); n != 0 {
			t.Errorf("%d requests were sent", n)
		}
	})
}

func TestEncodedRecordsInAFormatThatTheBrokerLacksAreATypedError(t *testing.T) {
	onOldFormat(t, 1, func(t *testing.T, client *afkak.Client, sent *[]string) {
		_, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: "orders", Encoded: encoded(t, afkak.RecordBatch, afkak.None, "a")}})
		var version *protocol.VersionError
		if !errors.As(err, &version) || afkak.MaybeStored(err) || len(*sent) != 0 {
			t.Errorf("got %v, sent %v", err, *sent)
		}
	})
}

func ExampleEncodeRecords() {
	set, err := afkak.EncodeRecords(afkak.MessageSetV0, afkak.Gzip, []afkak.Record{{Value: []byte("a")}, {Value: []byte("b")}})
	fmt.Println(len(set) > 0, err)
	_, err = afkak.EncodeRecords(afkak.MessageSetV0, afkak.Zstd, []afkak.Record{{Value: []byte("a")}})
	fmt.Println(err != nil)
	// Output:
	// true <nil>
	// true
}
