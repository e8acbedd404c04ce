package afkak_test

import (
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/protocol"
)

// onSpreadStage is onStage with four brokers, in the racks named if any, of
// which each leads one partition of "orders": broker 1 partition 0 and so on.
// Broker 4 takes delay for everything that it says.
func onSpreadStage(t *testing.T, delay time.Duration, racks []string, f func(t *testing.T, s *stage, client *afkak.Client), opts ...afkak.ClientOption) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 4, broker.Topic{Name: "orders", Partitions: 4})
		s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
			if metadata, ok := resp.(*protocol.MetadataResponse); ok {
				spreadLeaders(metadata, racks)
			}
		}
		dial := func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := s.dial(ctx, network, addr)
			if err == nil && delay > 0 && strings.HasPrefix(addr, "b4:") {
				conn = slowConn{Conn: conn, delay: delay}
			}
			return conn, err
		}
		client := s.client(append(opts, afkak.WithDialer(dial), afkak.WithMetadataMaxAge(time.Second))...)
		defer s.close()
		defer client.Close()
		f(t, s, client)
	})
}

func spreadLeaders(r *protocol.MetadataResponse, racks []string) {
	for i := range r.Brokers {
		if i < len(racks) {
			rack := racks[i]
			r.Brokers[i].Rack = &rack
		}
	}
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			r.Topics[i].Partitions[j].LeaderID = 1 + r.Topics[i].Partitions[j].PartitionIndex
		}
	}
}

type slowConn struct {
	net.Conn
	delay time.Duration
}

func (c slowConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	time.Sleep(c.delay)
	return n, err
}

// keyless sends n records of 100 bytes without a key, four a millisecond, and
// returns how many went to each partition.
func keyless(t *testing.T, p *afkak.Producer, n int) (counts [4]int) {
	t.Helper()
	value := strings.Repeat("v", 93)
	deliveries := make([]afkak.Delivery, n)
	for i := range deliveries {
		if i%4 == 0 {
			time.Sleep(time.Millisecond)
		}
		deliveries[i] = p.Send(t.Context(), order(value))
	}
	for _, d := range deliveries {
		res, err := d.Wait(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		counts[res.Partition]++
	}
	return counts
}

// stayOf1000 makes records without a key change the partition every 1,000
// bytes, that is every ten records of keyless.
func stayOf1000() afkak.ProducerOption { return afkak.WithBatchBytes(1000) }

func TestRecordsWithoutAKeySpreadEvenlyOverHealthyBrokers(t *testing.T) {
	for name, partitioner := range map[string]afkak.Partitioner{"hashed": afkak.Hashed(), "sticky": afkak.Sticky()} {
		t.Run(name, func(t *testing.T) {
			onSpreadStage(t, 0, nil, func(t *testing.T, _ *stage, client *afkak.Client) {
				p := newProducer(t, client, afkak.WithPartitioner(partitioner), stayOf1000())
				const n = 20_000 // 2,000 stays: 500 for each, a standard deviation of 19
				counts := keyless(t, p, n)
				closeProducer(t, p)
				for id, count := range counts {
					if count < 3_800 || count > 6_200 {
						t.Errorf("partition %d got %d of %d records: %v", id, count, n, counts)
					}
				}
			})
		})
	}
}

func TestPartitionsOfASlowBrokerGetLessButNotNothing(t *testing.T) {
	onSpreadStage(t, 100*time.Millisecond, nil, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, stayOf1000())
		counts := keyless(t, p, 20_000)
		closeProducer(t, p)
		healthy := (counts[0] + counts[1] + counts[2]) / 3
		if counts[3] == 0 || counts[3] > healthy/3 {
			t.Errorf("the slow broker's partition got %d records, the others %d on average: %v", counts[3], healthy, counts)
		}
		for id, count := range counts[:3] {
			if count < healthy*3/4 || count > healthy*5/4 {
				t.Errorf("partition %d got %d records, healthy ones %d on average: %v", id, count, healthy, counts)
			}
		}
	})
}

func TestRecordsWithoutAKeyStayUntilABatchsBytesWentToThePartition(t *testing.T) {
	onSpreadStage(t, 0, nil, func(t *testing.T, _ *stage, client *afkak.Client) {
		p := newProducer(t, client, stayOf1000(), afkak.WithLinger(0))
		last, run := int32(-1), 0
		for range 500 {
			res, err := p.Send(t.Context(), order(strings.Repeat("v", 93))).Wait(t.Context()) // a batch each, of some 163 bytes
			if err != nil {
				t.Fatal(err)
			}
			if res.Partition != last && run%7 != 0 {
				t.Fatalf("went on after %d batches, want after seven or a multiple", run)
			}
			if res.Partition != last {
				last, run = res.Partition, 0
			}
			run++
		}
		closeProducer(t, p)
	})
}

func TestABrokerThatDoesNotAnswerIsLeftOutAfterTheAvailabilityTimeout(t *testing.T) {
	onSpreadStage(t, 0, nil, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, stayOf1000(), afkak.WithAvailabilityTimeout(300*time.Millisecond))
		keyless(t, p, 1000)
		s.kill(4)
		stuck := p.Send(t.Context(), afkak.Record{Topic: "orders", Key: []byte("1"), Value: []byte("goes to partition 3")})
		time.Sleep(time.Second)
		for range 10 { // what is left of a stay that began before
			p.Send(t.Context(), order(strings.Repeat("v", 93)))
		}
		if counts := keyless(t, p, 4000); counts[3] != 0 {
			t.Errorf("the partition of the broker that is down got %d records: %v", counts[3], counts)
		}
		s.set(func() { s.down[4] = false })
		if res, err := stuck.Wait(t.Context()); err != nil || res.Partition != 3 {
			t.Errorf("got %+v, %v", res, err)
		}
		if counts := keyless(t, p, 4000); counts[3] == 0 {
			t.Errorf("the broker is back and its partition gets nothing: %v", counts)
		}
		closeProducer(t, p)
	})
}

func TestRackAwareKeepsRecordsInTheClientsRack(t *testing.T) {
	racks := []string{"a", "b", "b", "a"}
	onSpreadStage(t, 0, racks, func(t *testing.T, s *stage, client *afkak.Client) {
		p := newProducer(t, client, stayOf1000(), afkak.WithRackAware())
		if counts := keyless(t, p, 4000); counts[1] == 0 || counts[2] == 0 || counts[0]+counts[3] != 0 {
			t.Errorf("in rack b are partitions 1 and 2; got %v", counts)
		}
		s.set(func() { racks[1], racks[2] = "a", "a" })
		time.Sleep(2 * time.Second) // metadata is looked up again
		keyless(t, p, 10)           // what is left of the last stay
		if counts := keyless(t, p, 4000); slices.Min(counts[:]) == 0 {
			t.Errorf("no partition is led from rack b; got %v, want some for each", counts)
		}
		s.set(func() { racks[0] = "b" })
		time.Sleep(2 * time.Second)
		keyless(t, p, 10)
		if counts := keyless(t, p, 4000); counts[0] != 4000 {
			t.Errorf("in rack b is partition 0 again; got %v", counts)
		}
		closeProducer(t, p)
	}, afkak.WithRack("b"))
}
