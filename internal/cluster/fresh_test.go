package cluster_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// creating makes asking for metadata with leave to create answer code for a
// while, and then with a leader.
func (w *world) creating(code kerr.Error, after time.Duration) {
	began := time.Now()
	w.on[protocol.KeyMetadata] = func(_ int32, req protocol.Request) protocol.Response {
		q := req.(*protocol.MetadataRequest)
		if len(q.Topics) == 0 {
			return w.metadata(q, 13)
		}
		if q.AllowAutoTopicCreation && time.Since(began) >= after {
			w.leaders[*q.Topics[0].Name] = []int32{1}
		}
		resp := w.metadata(q, 13).(*protocol.MetadataResponse)
		for i := range resp.Topics {
			if topic := &resp.Topics[i]; topic.ErrorCode != 0 {
				topic.ErrorCode = int16(code)
			}
		}
		return resp
	}
}

func TestATopicThatAFreshKafka010CreatesIsWaitedForThroughItsUnknownServerErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.creating(kerr.UnknownServerError, 2*time.Second)
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", true); err != nil {
			t.Error(err)
		}
	})
}

func TestATopicWhoseMetadataStaysAnUnknownServerErrorIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.creating(kerr.UnknownServerError, time.Hour)
		c := w.cluster()
		defer w.end(c)
		for create, most := range map[bool]time.Duration{false: time.Second, true: 13 * time.Second} {
			began := time.Now()
			if _, err := c.Topic(t.Context(), "orders", create); !errors.Is(err, kerr.UnknownServerError) {
				t.Errorf("create %v: got %v", create, err)
			}
			if took := time.Since(began); took > most {
				t.Errorf("create %v: took %v, want at most %v", create, took, most)
			}
		}
	})
}

func TestProduceLetsBrokersCreateItsTopicAndOtherRequestsDoNot(t *testing.T) {
	for _, code := range []kerr.Error{kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.UnknownServerError} {
		t.Run(code.Name(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.creating(code, 2*time.Second)
				w.answerEveryPartition()
				c := w.cluster()
				defer w.end(c)
				outcomes, err := c.Each(t.Context(), cluster.Job{Request: listOf("orders")})
				if err != nil || outcomes[0].Err == nil {
					t.Errorf("list offsets: %v, %+v; want an error, for nobody created the topic", err, outcomes)
				}
				outcomes, err = c.Each(t.Context(), cluster.Job{Request: produceTo("orders", 0)})
				if err != nil || outcomes[0].Err != nil {
					t.Errorf("produce: %v, %+v", err, outcomes)
				}
			})
		})
	}
}

// TestAnEarlyLeaderIsBelievedOnceItServes is Kafka 0.8.1's: its metadata names
// a leader that does not know the partition yet.
func TestAnEarlyLeaderIsBelievedOnceItServes(t *testing.T) {
	requests := map[string]protocol.Request{
		"produce": produceTo("orders", 0), "fetch": fetchOf("orders"),
		"list offsets": listOf("orders"), "commit": commitOf("orders"),
	}
	for name, req := range requests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.leaders["orders"] = []int32{1}
				w.coordinator["billing"] = 1
				w.answerEveryPartition()
				began := time.Now()
				serve := w.on[req.Key()]
				w.on[req.Key()] = func(broker int32, req protocol.Request) protocol.Response {
					resp := serve(broker, req)
					if time.Since(began) < 2*time.Second {
						refuse(resp, kerr.UnknownTopicOrPartition)
					}
					return resp
				}
				c := w.cluster()
				defer w.end(c)
				outcomes, err := c.Each(t.Context(), cluster.Job{Request: req})
				if err != nil || outcomes[0].Err != nil {
					t.Errorf("got %v, %+v", err, outcomes)
				}
				if asked := len(w.requests(protocol.KeyMetadata)); asked < 2 && req.Key() != protocol.KeyOffsetCommit {
					t.Errorf("%d metadata requests: nobody looked again", asked)
				}
			})
		})
	}
}

func fetchOf(topic string) *protocol.FetchRequest {
	req := protocol.NewFetchRequest()
	var part protocol.FetchRequestTopicPartition
	part.SetDefaults()
	req.Topics = []protocol.FetchRequestTopic{{Topic: topic, Partitions: []protocol.FetchRequestTopicPartition{part}}}
	return req
}

func listOf(topic string) *protocol.ListOffsetsRequest {
	req := protocol.NewListOffsetsRequest()
	var part protocol.ListOffsetsRequestTopicPartition
	part.SetDefaults()
	req.Topics = []protocol.ListOffsetsRequestTopic{{Name: topic, Partitions: []protocol.ListOffsetsRequestTopicPartition{part}}}
	return req
}

func commitOf(topic string) *protocol.OffsetCommitRequest {
	req := protocol.NewOffsetCommitRequest()
	req.GroupID = "billing"
	var part protocol.OffsetCommitRequestTopicPartition
	part.SetDefaults()
	req.Topics = []protocol.OffsetCommitRequestTopic{{Name: topic, Partitions: []protocol.OffsetCommitRequestTopicPartition{part}}}
	return req
}

// answerEveryPartition answers without an error what the tests here ask.
func (w *world) answerEveryPartition() {
	w.on[protocol.KeyProduce] = produced(0)
	w.on[protocol.KeyFetch] = func(_ int32, req protocol.Request) protocol.Response {
		resp := protocol.NewFetchResponse()
		for _, topic := range req.(*protocol.FetchRequest).Topics {
			var part protocol.FetchResponseResponsePartition
			part.SetDefaults()
			resp.Responses = append(resp.Responses, protocol.FetchResponseResponse{
				Topic: topic.Topic, Partitions: []protocol.FetchResponseResponsePartition{part},
			})
		}
		return resp
	}
	w.on[protocol.KeyListOffsets] = func(_ int32, req protocol.Request) protocol.Response {
		resp := protocol.NewListOffsetsResponse()
		for _, topic := range req.(*protocol.ListOffsetsRequest).Topics {
			var part protocol.ListOffsetsResponseTopicPartition
			part.SetDefaults()
			resp.Topics = append(resp.Topics, protocol.ListOffsetsResponseTopic{
				Name: topic.Name, Partitions: []protocol.ListOffsetsResponseTopicPartition{part},
			})
		}
		return resp
	}
	w.on[protocol.KeyOffsetCommit] = func(_ int32, req protocol.Request) protocol.Response {
		resp := protocol.NewOffsetCommitResponse()
		for _, topic := range req.(*protocol.OffsetCommitRequest).Topics {
			resp.Topics = append(resp.Topics, protocol.OffsetCommitResponseTopic{
				Name: topic.Name, Partitions: []protocol.OffsetCommitResponseTopicPartition{{}},
			})
		}
		return resp
	}
}

// refuse puts code into the answer's first partition.
func refuse(resp protocol.Response, code kerr.Error) {
	switch r := resp.(type) {
	case *protocol.ProduceResponse:
		r.Responses[0].PartitionResponses[0].ErrorCode = int16(code)
	case *protocol.FetchResponse:
		r.Responses[0].Partitions[0].ErrorCode = int16(code)
	case *protocol.ListOffsetsResponse:
		r.Topics[0].Partitions[0].ErrorCode = int16(code)
	case *protocol.OffsetCommitResponse:
		r.Topics[0].Partitions[0].ErrorCode = int16(code)
	}
}
