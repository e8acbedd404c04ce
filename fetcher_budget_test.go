package afkak_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

// withBudget runs f on a stage with a client that has such a bound; sent counts
// the bytes of batches that the broker has sent.
func withBudget(t *testing.T, budget int, f func(t *testing.T, s *stage, client *afkak.Client, sent func() int)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 4})
		client := s.client(afkak.WithFetchBufferBytes(budget))
		defer s.close()
		defer client.Close()
		bytes := 0
		s.set(func() {
			s.alter = fetchOnly(func(p *protocol.FetchResponseResponsePartition) { bytes += len(p.Records) })
		})
		f(t, s, client, func() (n int) {
			s.set(func() { n = bytes })
			return n
		})
	})
}

// consumersOf makes one for each of the partitions.
func consumersOf(t testing.TB, client *afkak.Client, partitions int32, opts ...afkak.ConsumerOption) (all []*afkak.Consumer) {
	t.Helper()
	for partition := range partitions {
		c, err := afkak.NewConsumer(client, "orders", partition, opts...)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, c)
	}
	return all
}

func TestConsumersOfAClientShareOneBudget(t *testing.T) {
	withBudget(t, 200_000, func(t *testing.T, s *stage, client *afkak.Client, sent func() int) {
		for partition := range int32(4) {
			for range 50 {
				s.produce("orders", partition, strings.Repeat("x", 10_000))
			}
		}
		all := consumersOf(t, client, 4, afkak.WithPartitionMaxBytes(30_000)) // each alone would take all of its partition
		for _, c := range all {
			defer c.Stop()
			if _, err := pull(t.Context(), c, 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour) // and nobody reads on
		if got := sent(); got < 150_000 || got > 200_000+3*30_000 {
			t.Errorf("the broker has sent %d bytes, want about 200,000 for them all, and an answer for each that had nothing", got)
		}
		for i, c := range all { // one after the other: nobody waits for those who do not read
			if got, err := pull(t.Context(), c, 50); err != nil || len(got) != 50 {
				t.Errorf("partition %d: got %d records, %v", i, len(got), err)
			}
		}
	})
}

func TestABudgetThatOthersGiveBackIsUsed(t *testing.T) {
	withBudget(t, 100_000, func(t *testing.T, s *stage, client *afkak.Client, sent func() int) {
		for partition := range int32(2) {
			for range 20 {
				s.produce("orders", partition, strings.Repeat("x", 10_000))
			}
		}
		all := consumersOf(t, client, 2, afkak.WithPartitionMaxBytes(20_000))
		for _, c := range all {
			if _, err := pull(t.Context(), c, 1); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute) // the first takes what it can
		}
		before := sent()
		all[0].Stop()
		time.Sleep(time.Minute)
		if more := sent() - before; more < 40_000 {
			t.Errorf("after the other one had stopped %d bytes came, want as many as it had held", more)
		}
		all[1].Stop()
	})
}

func TestADecompressedBatchCountsForTheBudget(t *testing.T) {
	withBudget(t, 100_000, func(t *testing.T, s *stage, client *afkak.Client, sent func() int) {
		s.append("orders", 0, gzipped(t, 500_000)) // some hundred bytes on the wire
		s.produce("orders", 0, "behind it")
		for range 20 {
			s.produce("orders", 1, strings.Repeat("x", 10_000))
		}
		all := consumersOf(t, client, 2, afkak.WithPartitionMaxBytes(20_000))
		for _, c := range all {
			defer c.Stop()
			if _, err := pull(t.Context(), c, 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(time.Hour)
		if got := sent(); got > 25_000 {
			t.Errorf("the broker has sent %d bytes beside a batch of half a megabyte that is being read", got)
		}
		if got, err := pull(t.Context(), all[0], 2); err != nil || len(got) != 2 || got[1] != "behind it" {
			t.Errorf("got %d records, %v", len(got), err)
		}
		time.Sleep(time.Hour)
		if got := sent(); got < 70_000 {
			t.Errorf("the broker has sent %d bytes since that batch was read", got)
		}
	})
}

func gzipped(t testing.TB, size int) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	b.Append(time.Now().UnixMilli(), nil, bytes.Repeat([]byte("x"), size), nil)
	raw, err := b.Seal(record.Seal{
		Magic: 2, Codec: compress.Gzip,
		ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence,
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
