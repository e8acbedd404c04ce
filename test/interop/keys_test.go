package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
)

// keyProofs show that both hashed partitioners have each key in the same place.
func keyProofs() []proof {
	return []proof{{"200 keys each land on the same one of 7 partitions", "", func(t *testing.T, w *world) {
		keys := someKeys()
		ours, theirs := placesOfOurs(t, w, keys), placesOfTheirs(t, w, keys)
		used := map[int32]bool{}
		for i, key := range keys {
			if ours[i] != theirs[i] {
				t.Errorf("key %q: we write to partition %d, it writes to %d", key, ours[i], theirs[i])
			}
			used[ours[i]] = true
		}
		if len(used) != 7 {
			t.Errorf("the keys are on %d partitions, want all 7", len(used))
		}
	}}}
}

// someKeys are of every length modulo four, with bytes above 127 and an empty one.
func someKeys() (keys [][]byte) {
	keys = [][]byte{{}, {0xff}, {0x80, 0xfe, 0xff}, []byte("PEACH!"), []byte("Grüße"), []byte("日本語")}
	for i := len(keys); i < 200; i++ {
		keys = append(keys, fmt.Appendf(nil, "%s%d", strings.Repeat("k", i%9), i*i))
	}
	return keys
}

func placesOfOurs(t *testing.T, w *world, keys [][]byte) (places []int32) {
	t.Helper()
	producer, err := afkak.NewProducer(w.client, afkak.WithPartitioner(afkak.Hashed()))
	if err != nil {
		t.Fatal(err)
	}
	var sent []afkak.Delivery
	for _, key := range keys {
		sent = append(sent, producer.Send(t.Context(), afkak.Record{Topic: w.keyTopic, Key: key, Value: []byte("ours")}))
	}
	if err := producer.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, delivery := range sent {
		result, err := delivery.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		places = append(places, result.Partition)
	}
	return places
}

func placesOfTheirs(t *testing.T, w *world, keys [][]byte) (places []int32) {
	t.Helper()
	records := make([]message, len(keys))
	for i, key := range keys {
		records[i] = message{Key: key, Value: []byte("theirs")}
	}
	args := map[string]any{"topic": w.keyTopic, "partition": nil, "codec": "none", "records": records}
	if err := w.peer.call("produce", args, &places); err != nil {
		t.Fatal(err)
	}
	if len(places) != len(keys) {
		t.Fatalf("%d answers for %d keys", len(places), len(keys))
	}
	return places
}
