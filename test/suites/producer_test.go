package suites

import (
	"fmt"
	"slices"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

func TestSetsOfMessagesReturnInOrder(t *testing.T) {
	type set struct {
		codec   afkak.Codec
		records []afkak.Record
	}
	for _, c := range []struct {
		name string
		sets []set
	}{
		{"2 x 100 plain", []set{{afkak.None, numbered(0, 100)}, {afkak.None, numbered(100, 100)}}},
		{"100 keyed", []set{{afkak.None, keyed(0, 100)}}},
		{"100 keyed, gzip", []set{{afkak.Gzip, keyed(0, 100)}}},
		{"10,000 plain", []set{{afkak.None, numbered(0, 10_000)}}},
		{"2 x 100 gzip", []set{{afkak.Gzip, numbered(0, 100)}, {afkak.Gzip, numbered(100, 100)}}},
		{"2 x 100 snappy", []set{{afkak.Snappy, numbered(0, 100)}, {afkak.Snappy, numbered(100, 100)}}},
		{"2 x 5,000 gzip", []set{{afkak.Gzip, numbered(0, 5000)}, {afkak.Gzip, numbered(5000, 5000)}}},
		{"1 plain, 100 gzip, 100 snappy", []set{{afkak.None, numbered(0, 1)}, {afkak.Gzip, numbered(1, 100)}, {afkak.Snappy, numbered(101, 100)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			harness.OnOne(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
				client := target.Logged(t)
				topic := target.Created(t, client)
				var want []afkak.Record
				for _, s := range c.sets {
					if r := write(t, client, topic, s.codec, s.records); r.Offset != int64(len(want)) {
						t.Errorf("stored at %d, want %d", r.Offset, len(want))
					}
					want = append(want, s.records...)
				}
				same(t, read(t, client, topic, 0, len(want)), want)
				same(t, pull(t, consumer(t, client, topic, 0), len(want)), want)
			})
		})
	}
}

func TestTwoSetsForOnePartitionInOneCallKeepTheirOrder(t *testing.T) {
	harness.OnOne(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		results, err := client.Produce(harness.Context(t), []afkak.ProducePayload{
			{Topic: topic, Records: numbered(0, 100)}, {Topic: topic, Partition: 1, Records: numbered(500, 10)}, {Topic: topic, Records: numbered(100, 100)},
		})
		if err != nil || results[0].Offset != 0 || results[1].Offset != 0 || results[2].Offset != 100 {
			t.Fatalf("got %+v, %v", results, err)
		}
		same(t, read(t, client, topic, 0, 200), numbered(0, 200))
		same(t, read(t, client, topic, 1, 10), numbered(500, 10))
	})
}

func TestSetsEncodedByHandHaveACodecEach(t *testing.T) {
	harness.OnOne(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		format := afkak.MessageSetV0
		if pass.AtLeast("0.11") {
			format = afkak.RecordBatch
		}
		var sets [][]byte
		var want []afkak.Record
		for i, codec := range codecs(pass) {
			set := keyed(100*i, 100)
			encoded, err := afkak.EncodeRecords(format, codec, set)
			if err != nil {
				t.Fatal(err)
			}
			sets, want = append(sets, encoded), append(want, set...)
		}
		if format == afkak.MessageSetV0 { // those go in one payload too
			sets = [][]byte{slices.Concat(sets...)}
		}
		var payloads []afkak.ProducePayload
		for _, set := range sets {
			payloads = append(payloads, afkak.ProducePayload{Topic: topic, Encoded: set})
		}
		if _, err := client.Produce(harness.Context(t), payloads); err != nil {
			t.Fatal(err)
		}
		same(t, read(t, client, topic, 0, len(want)), want)
	})
}

func TestEveryCodecReturns(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		for _, codec := range codecs(pass) {
			t.Run(codec.String(), func(t *testing.T) {
				topic := target.Created(t, client)
				p, want := producer(t, client, afkak.WithCompression(codec), afkak.WithPartitioner(afkak.Manual())), keyed(0, 500)
				want[10].Key, want[11].Value, want[12].Key = nil, nil, []byte{}
				want[13].Value = sized(1, 200_000)[0].Value
				var deliveries []afkak.Delivery
				for _, r := range want {
					r.Topic = topic
					deliveries = append(deliveries, p.Send(harness.Context(t), r))
				}
				for i, r := range stored(t, deliveries...) {
					if r.Offset != int64(i) {
						t.Fatalf("record %d was stored at %d", i, r.Offset)
					}
				}
				write(t, client, topic, codec, numbered(0, 100))
				want = append(want, numbered(0, 100)...)
				same(t, read(t, client, topic, 0, len(want)), want)
				same(t, pull(t, consumer(t, client, topic, 0), len(want)), want)
			})
		}
	})
}

func TestACodecThatTheBrokerLacksIsRefusedBeforeAnythingIsSent(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client := target.Logged(t)
		for _, codec := range []afkak.Codec{afkak.LZ4, afkak.Zstd} {
			if slices.Contains(codecs(pass), codec) {
				continue
			}
			topic := target.Created(t, client)
			p := producer(t, client, afkak.WithCompression(codec), afkak.WithPartitioner(afkak.Manual()))
			_, err := p.Send(harness.Context(t), afkak.Record{Topic: topic, Value: []byte("v")}).Wait(harness.Context(t))
			wantCodecError(t, err, codec)
			_, err = client.Produce(harness.Context(t), []afkak.ProducePayload{{Topic: topic, Codec: codec, Records: numbered(0, 1)}})
			wantCodecError(t, err, codec)
			nothingYet(t, client, topic, 0)
		}
	})
}

func TestRoundRobinTakesPartitionsInTurn(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		p := producer(t, client, afkak.WithPartitioner(afkak.RoundRobin()))
		sets := [][]afkak.Record{numbered(0, 1), numbered(1, 2), numbered(3, 3)}
		for i, set := range sets {
			values := make([][]byte, len(set))
			for j := range set {
				values[j] = set[j].Value
			}
			if r := stored(t, p.SendAll(ctx, topic, nil, values...))[0]; r.Partition != int32(i%2) {
				t.Errorf("set %d went to partition %d, want 0, 1, 0", i, r.Partition)
			}
		}
		same(t, read(t, client, topic, 0, 4), append(numbered(0, 1), numbered(3, 3)...))
		same(t, read(t, client, topic, 1, 2), numbered(1, 2))
	})
}

func TestRoundRobinMayStartAnywhereAndGoesOnInTurn(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		starts := map[int32]bool{}
		sent := 0
		for len(starts) < 2 {
			if sent += 4; sent > 400 {
				t.Fatalf("a hundred producers all started at %v", starts)
			}
			p := producer(t, client, afkak.WithPartitioner(afkak.RoundRobinRandomStart()))
			var deliveries []afkak.Delivery
			for i := range 4 {
				deliveries = append(deliveries, p.Send(ctx, afkak.Record{Topic: topic, Value: fmt.Append(nil, i)}))
			}
			results := stored(t, deliveries...)
			for i, r := range results[1:] {
				if r.Partition != 1-results[i].Partition {
					t.Fatalf("partition %d after %d", r.Partition, results[i].Partition)
				}
			}
			starts[results[0].Partition] = true
			if err := p.Close(ctx); err != nil {
				t.Fatal(err)
			}
		}
		if got := len(read(t, client, topic, 0, sent/2)) + len(read(t, client, topic, 1, sent/2)); got != sent {
			t.Errorf("read %d, sent %d", got, sent)
		}
	})
}

// hashes of Java's murmur2: where these keys go of two partitions.
var hashes = map[string]int32{"1": 1, "2": 0, "testing": 1, "PEACH!": 1, "key1": 0}

func TestKeysGoWhereTheirHashSays(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		p := producer(t, client, afkak.WithPartitioner(afkak.Hashed()))
		counts := [2]int{}
		for round := range 3 {
			for key, want := range hashes {
				r := stored(t, p.Send(ctx, afkak.Record{Topic: topic, Key: []byte(key), Value: fmt.Append(nil, round)}))[0]
				if r.Partition != want {
					t.Errorf("key %q went to partition %d, want %d", key, r.Partition, want)
				}
				counts[want]++
			}
		}
		for partition, n := range counts {
			read(t, client, topic, int32(partition), n)
		}
	})
}

func TestBatchedGzippedHashedTenCallsOfTen(t *testing.T) {
	harness.OnOne(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		p := producer(t, client, afkak.WithBatch(100, 0, 0), afkak.WithCompression(afkak.Gzip), afkak.WithPartitioner(afkak.Hashed()))
		names := []string{"1", "2", "testing", "PEACH!", "key1"}
		want := [2][]afkak.Record{}
		var deliveries []afkak.Delivery
		for call := range 10 {
			key := []byte(names[call%len(names)])
			set := numbered(call*10, 10)
			values := make([][]byte, len(set))
			partition := hashes[string(key)]
			for i := range set {
				set[i].Key, values[i] = key, set[i].Value
			}
			want[partition] = append(want[partition], set...)
			if call == 9 {
				nothingYet(t, client, topic, 0)
				nothingYet(t, client, topic, 1)
			}
			deliveries = append(deliveries, p.SendAll(ctx, topic, key, values...))
		}
		stored(t, deliveries...)
		for partition := range want {
			same(t, read(t, client, topic, int32(partition), len(want[partition])), want[partition])
		}
	})
}

func TestAcksOfNoneLeaderAndAll(t *testing.T) {
	for _, c := range []struct {
		name string
		acks afkak.Acks
	}{{"none", afkak.AcksNone}, {"leader", afkak.AcksLeader}, {"all", afkak.AcksAll}} {
		t.Run(c.name, func(t *testing.T) {
			harness.OnOne(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
				client, ctx := target.Logged(t), harness.Context(t)
				topic := target.Created(t, client)
				p := producer(t, client, afkak.WithAcks(c.acks), afkak.WithPartitioner(afkak.Manual()))
				var deliveries []afkak.Delivery
				for _, r := range numbered(0, 100) {
					r.Topic = topic
					deliveries = append(deliveries, p.Send(ctx, r))
				}
				for i, r := range stored(t, deliveries...) {
					if want := int64(i); r.Offset != want && c.acks != afkak.AcksNone || c.acks == afkak.AcksNone && r.Offset != -1 {
						t.Fatalf("record %d has offset %d", i, r.Offset)
					}
				}
				same(t, read(t, client, topic, 0, 100), numbered(0, 100))
			})
		})
	}
}

func TestTenTopicsThatDoNotExistYet(t *testing.T) {
	harness.OnOne(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		p := producer(t, client)
		var topics []string
		var deliveries []afkak.Delivery
		for i := range 10 {
			topics = append(topics, harness.Name("fresh"))
			deliveries = append(deliveries, p.Send(ctx, afkak.Record{Topic: topics[i], Value: numbered(i, 1)[0].Value}))
		}
		for i, r := range stored(t, deliveries...) {
			same(t, read(t, client, topics[i], r.Partition, 1), numbered(i, 1))
		}
	})
}
