package interop

import (
	"testing"

	"github.com/afkak-go/afkak"
)

// offsetProofs show that committed offsets and what is kept beside them are
// the same for both, whatever either means by them.
func offsetProofs() []proof {
	return []proof{
		{"an offset and its metadata: it commits, we read them", "", func(t *testing.T, w *world) {
			args := map[string]any{"topic": w.topic, "partition": w.partition, "group": w.group, "offset": 12, "metadata": "by the other one, ü"}
			if err := w.peer.call("commit", args, nil); err != nil {
				t.Fatal(err)
			}
			results, err := w.client.FetchOffsets(t.Context(), w.group, []afkak.CommittedPayload{{Topic: w.topic, Partition: w.partition}})
			if err != nil {
				t.Fatal(err)
			}
			if got := results[0]; got.Offset != 12 || got.Metadata != "by the other one, ü" {
				t.Errorf("got offset %d, metadata %q", got.Offset, got.Metadata)
			}
		}},
		{"an offset and its metadata: we commit, it reads them", "", func(t *testing.T, w *world) {
			payload := afkak.CommitPayload{Topic: w.topic, Partition: w.partition, Offset: 34, Metadata: "by us, ü"}
			if _, err := w.client.CommitOffsets(t.Context(), w.group, []afkak.CommitPayload{payload}); err != nil {
				t.Fatal(err)
			}
			var got struct {
				Offset   int64
				Metadata string
			}
			args := map[string]any{"topic": w.topic, "partition": w.partition, "group": w.group}
			if err := w.peer.call("committed", args, &got); err != nil {
				t.Fatal(err)
			}
			if got.Offset != 34 || got.Metadata != "by us, ü" {
				t.Errorf("got offset %d, metadata %q", got.Offset, got.Metadata)
			}
		}},
	}
}

// nextOffsetProofs are for a library which, as Kafka's own clients and this one
// do, commits the offset of the next message to process.
func nextOffsetProofs() []proof {
	return []proof{{"a group is continued: we, then it, then we again, each message once", "", func(t *testing.T, w *world) {
		weWrite(t, w, afkak.Gzip, messages())
		compareMessages(t, weContinue(t, w, 10, plainCommit), messages()[:10])
		compareMessages(t, theyContinue(t, w, 20), messages()[10:30])
		compareMessages(t, weContinue(t, w, 10, plainCommit), messages()[30:40])
		compareMessages(t, theyContinue(t, w, 8), messages()[40:])
	}}}
}

// lastOffsetProofs are for Afkak, which commits the offset of the last message
// that it has processed, and continues behind what it finds committed.
func lastOffsetProofs() []proof {
	return []proof{
		{"a group is continued: it, then we, who process its last message once more", "", func(t *testing.T, w *world) {
			weWrite(t, w, afkak.Gzip, messages())
			commitLast(t, w, 9) // where a consumer of Afkak's has been
			compareMessages(t, theyContinue(t, w, 10), messages()[10:20])
			compareMessages(t, weContinue(t, w, 10, plainCommit), messages()[19:29])
		}},
		{"a group is continued: we, then it, each message once when we commit the last one's offset", "", func(t *testing.T, w *world) {
			weWrite(t, w, afkak.Gzip, messages())
			compareMessages(t, weContinue(t, w, 10, commitOfAfkak), messages()[:10])
			compareMessages(t, theyContinue(t, w, 10), messages()[10:20])
		}},
		{"a group is continued: we, then it, which leaves out one message when we commit as usual", "", func(t *testing.T, w *world) {
			weWrite(t, w, afkak.Gzip, messages())
			compareMessages(t, weContinue(t, w, 10, plainCommit), messages()[:10])
			compareMessages(t, theyContinue(t, w, 10), messages()[11:21])
		}},
	}
}

// plainCommit commits a record as processed: the offset behind it.
func plainCommit(t *testing.T, consumer *afkak.Consumer, last afkak.Record) {
	t.Helper()
	if err := consumer.CommitRecord(t.Context(), last); err != nil {
		t.Fatal(err)
	}
}

// commitOfAfkak leaves what Afkak would have left.
func commitOfAfkak(t *testing.T, consumer *afkak.Consumer, last afkak.Record) {
	t.Helper()
	if err := consumer.CommitOffset(t.Context(), last.Offset); err != nil {
		t.Fatal(err)
	}
}

func commitLast(t *testing.T, w *world, offset int64) {
	t.Helper()
	payload := afkak.CommitPayload{Topic: w.topic, Partition: w.partition, Offset: offset}
	if _, err := w.client.CommitOffsets(t.Context(), w.group, []afkak.CommitPayload{payload}); err != nil {
		t.Fatal(err)
	}
}

// weContinue reads so many messages from where the group is, and commits.
func weContinue(t *testing.T, w *world, count int, commit func(*testing.T, *afkak.Consumer, afkak.Record)) (got []message) {
	t.Helper()
	consumer, err := afkak.NewConsumer(w.client, w.topic, w.partition,
		afkak.WithGroup(w.group), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0)) // starts at what is committed
	if err != nil {
		t.Fatal(err)
	}
	for rec, err := range consumer.Records(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, toMessage(rec))
		if len(got) == count {
			commit(t, consumer, rec)
			break
		}
	}
	consumer.Stop()
	return got
}

// theyContinue has the peer do the same.
func theyContinue(t *testing.T, w *world, count int) (got []message) {
	t.Helper()
	args := map[string]any{"topic": w.topic, "partition": w.partition, "count": count, "group": w.group}
	if err := w.peer.call("consume_group", args, &got); err != nil {
		t.Fatal(err)
	}
	return got
}
