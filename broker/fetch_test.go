package broker_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// longPoll waits for an hour, which no test does.
func longPoll(topic string, offsets ...int64) *protocol.FetchRequest {
	req := fetchRequest(topic, offsets...)
	req.MaxWaitMs = int32(time.Hour.Milliseconds())
	return req
}

func TestAnAppendWakesTheFetchThatWaits(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 3}}})
	consumer, producer := dial(t, b), dial(t, b)
	req := longPoll("orders", 0, 0, 0)
	consumer.send(req, 12)
	producer.produce("orders", 2, batch(t, plain, "a"))
	resp := consumer.receive(req, 12).(*protocol.FetchResponse)
	if got := records(t, resp.Responses[0].Partitions[2].Records); got[0] != "a" {
		t.Errorf("got %v", got)
	}
}

func TestAFetchWaitsForMinBytes(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	consumer, producer := dial(t, b), dial(t, b)
	one := batch(t, plain, "a")
	req := longPoll("orders", 0)
	req.MinBytes = int32(3 * len(one))
	consumer.send(req, 12)
	for range 3 {
		producer.produce("orders", 0, bytes.Clone(one))
	}
	resp := consumer.receive(req, 12).(*protocol.FetchResponse)
	if got := len(resp.Responses[0].Partitions[0].Records); got != 3*len(one) {
		t.Errorf("got %d bytes, want %d", got, 3*len(one))
	}
}

func TestALongPollDoesNotHoldUpOthers(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	dial(t, b).send(longPoll("orders", 0), 12)
	dial(t, b).do(&protocol.APIVersionsRequest{}, 0)
}

func TestDeletingATopicEndsTheFetchThatWaits(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	consumer, admin := dial(t, b), dial(t, b)
	req := longPoll("orders", 0)
	consumer.send(req, 12)
	admin.do(&protocol.DeleteTopicsRequest{TopicNames: []string{"orders"}}, 5)
	resp := consumer.receive(req, 12).(*protocol.FetchResponse)
	if got := resp.Responses[0].Partitions[0].ErrorCode; got != kerr.UnknownTopicOrPartition.Code() {
		t.Errorf("got %v", kerr.Error(got))
	}
}

func TestPartitionsWithRecordsAreReadLastTheNextTime(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 2}}})
	w := dial(t, b)
	one := batch(t, plain, "a")
	for range 3 {
		w.produce("orders", 0, bytes.Clone(one))
		w.produce("orders", 1, bytes.Clone(one))
	}
	req := fetchRequest("orders", 0, 0)
	req.SessionEpoch, req.MaxBytes = 0, int32(len(one)) // one batch an answer
	resp := w.fetch(req)
	next := fetchRequest("orders")
	next.SessionID, next.SessionEpoch, next.MaxBytes = resp.SessionID, 1, int32(len(one))
	var order []int32
	for range 4 {
		for _, part := range w.fetch(next).Responses[0].Partitions {
			if len(part.Records) > 0 {
				order = append(order, part.PartitionIndex)
			}
		}
		next.SessionEpoch++
	}
	if got, want := fmt.Sprint(order), "[0 1 0 1]"; got != want {
		t.Errorf("served partitions %s, want %s", got, want)
	}
}

func TestManyProducersAndConsumersAtOnce(t *testing.T) {
	const producers, batches, partitions = 4, 50, 2
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: partitions}}})
	var wg sync.WaitGroup
	for range producers {
		w := dial(t, b)
		one := batch(t, plain, "a", "b")
		wg.Go(func() {
			for i := range batches {
				if answer := w.produce("orders", int32(i%partitions), bytes.Clone(one)); answer.ErrorCode != 0 {
					t.Errorf("got %v", kerr.Error(answer.ErrorCode))
				}
			}
		})
	}
	for range 3 {
		w := dial(t, b)
		wg.Go(func() {
			var offsets [partitions]int64
			for offsets[0]+offsets[1] < producers*batches*2 {
				req := fetchRequest("orders", offsets[:]...)
				req.MaxWaitMs = 1000
				for _, part := range w.fetch(req).Responses[0].Partitions {
					for offset := range records(t, part.Records) {
						offsets[part.PartitionIndex] = max(offsets[part.PartitionIndex], offset+1)
					}
				}
			}
		})
	}
	wg.Wait()
}

func BenchmarkFetch(b *testing.B) {
	br := start(b, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	w := dial(b, br)
	one := batch(b, plain, string(make([]byte, 1<<20-100)))
	for range 16 {
		w.produce("orders", 0, bytes.Clone(one))
	}
	req := fetchRequest("orders", 0)
	req.MaxBytes = 16 << 20
	req.Topics[0].Partitions[0].PartitionMaxBytes = 16 << 20
	b.SetBytes(16 << 20)
	b.ReportAllocs()
	for b.Loop() {
		w.send(req, 12)
		if _, err := w.frame(); err != nil {
			b.Fatal(err)
		}
	}
}
