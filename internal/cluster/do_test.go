package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// listOffsets answers every partition with the broker's number as offset and
// this code.
func listOffsets(code kerr.Error) handler {
	return func(broker int32, req protocol.Request) protocol.Response {
		resp := protocol.NewListOffsetsResponse()
		for _, t := range req.(*protocol.ListOffsetsRequest).Topics {
			topic := protocol.ListOffsetsResponseTopic{Name: t.Name}
			for _, p := range slices.Backward(t.Partitions) { // in another order than asked
				topic.Partitions = append(topic.Partitions, protocol.ListOffsetsResponseTopicPartition{
					PartitionIndex: p.PartitionIndex, Offset: int64(broker), ErrorCode: int16(code),
				})
			}
			resp.Topics = append(resp.Topics, topic)
		}
		return resp
	}
}

func askOffsets(topic string, partitions ...int32) *protocol.ListOffsetsRequest {
	req := protocol.NewListOffsetsRequest()
	asked := protocol.ListOffsetsRequestTopic{Name: topic}
	for _, p := range partitions {
		asked.Partitions = append(asked.Partitions, protocol.ListOffsetsRequestTopicPartition{PartitionIndex: p, MaxNumOffsets: 1})
	}
	req.Topics = []protocol.ListOffsetsRequestTopic{asked}
	return req
}

// offsets lists an answer as partition:offset.
func offsets(resp protocol.Response) string {
	var b strings.Builder
	for _, t := range resp.(*protocol.ListOffsetsResponse).Topics {
		for _, p := range t.Partitions {
			fmt.Fprintf(&b, "%s/%d:%d ", t.Name, p.PartitionIndex, p.Offset)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestPartitionsGoToTheirLeadersAndComeBackInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.leaders["orders"] = []int32{1, 2, 3, 1, 2}
		w.on[protocol.KeyListOffsets] = listOffsets(0)
		c := w.cluster()
		defer w.end(c)
		resp, err := c.Do(t.Context(), askOffsets("orders", 4, 0, 2, 1, 3))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := offsets(resp), "orders/4:2 orders/0:1 orders/2:3 orders/1:2 orders/3:1"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		sent := w.requests(protocol.KeyListOffsets)
		slices.Sort(sent)
		want(t, "requests", sent, []string{"1 orders/0 orders/3", "2 orders/4 orders/1", "3 orders/2"})
	})
}

func TestAMovedLeaderIsFoundAndOnlyItsPartitionAskedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.leaders["orders"] = []int32{1, 2}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		w.change(func() {
			w.leaders["orders"] = []int32{2, 2}
			w.on[protocol.KeyListOffsets] = func(broker int32, req protocol.Request) protocol.Response {
				if broker == 1 {
					return listOffsets(kerr.NotLeaderOrFollower)(broker, req)
				}
				return listOffsets(0)(broker, req)
			}
		})
		resp, err := c.Do(t.Context(), askOffsets("orders", 0, 1))
		if err != nil || offsets(resp) != "orders/0:2 orders/1:2" {
			t.Errorf("got %v, %v", resp, err)
		}
		sent := w.requests(protocol.KeyListOffsets)
		slices.Sort(sent[:2])
		want(t, "requests", sent, []string{"1 orders/0", "2 orders/1", "2 orders/0"})
		if n := len(w.requests(protocol.KeyMetadata)); n != 2 {
			t.Errorf("%d metadata requests, want 2", n)
		}
	})
}

func TestALeaderThatRefusesIsLookedUpAgainAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.leaders["orders"] = []int32{1}
		w.on[protocol.KeyListOffsets] = listOffsets(0)
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		w.change(func() {
			w.leaders["orders"] = []int32{2}
			w.on[protocol.KeyListOffsets] = func(broker int32, req protocol.Request) protocol.Response {
				if broker == 1 {
					return nil // cuts the connection
				}
				return listOffsets(0)(broker, req)
			}
		})
		began := time.Now()
		resp, err := c.Do(t.Context(), askOffsets("orders", 0))
		if err != nil || offsets(resp) != "orders/0:2" {
			t.Errorf("got %v, %v", resp, err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestAnAnswerThatLacksAPartitionIsAnErrorThatNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1, 1, 1}
		w.on[protocol.KeyListOffsets] = func(broker int32, req protocol.Request) protocol.Response {
			resp := listOffsets(0)(broker, req).(*protocol.ListOffsetsResponse)
			resp.Topics[0].Partitions = resp.Topics[0].Partitions[1:] // not the last that was asked
			return resp
		}
		c := w.cluster()
		defer w.end(c)
		resp, err := c.Do(t.Context(), askOffsets("orders", 0, 1, 2))
		var items *cluster.ItemsError
		if !errors.As(err, &items) || len(items.Failed) != 1 || items.Failed[0].Item.String() != "orders/2" || !errors.Is(err, cluster.ErrNoAnswer) {
			t.Errorf("got %v, want an error that names orders/2", err)
		}
		if resp == nil || offsets(resp) != "orders/0:1 orders/1:1" {
			t.Errorf("the rest is lost: %v", resp)
		}
	})
}

func TestACodeThatStaysIsLeftInTheAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		for code, most := range map[kerr.Error]time.Duration{
			kerr.TopicAuthorizationFailed: 0,
			kerr.UnknownServerError:       7 * time.Second,
			kerr.UnknownTopicOrPartition:  32 * time.Second, // though the metadata has it there
			kerr.NotLeaderOrFollower:      32 * time.Second,
		} {
			w.on[protocol.KeyListOffsets] = listOffsets(code)
			c := w.cluster()
			began := time.Now()
			resp, err := c.Do(t.Context(), askOffsets("orders", 0))
			if err != nil || resp.(*protocol.ListOffsetsResponse).Topics[0].Partitions[0].ErrorCode != int16(code) {
				t.Errorf("%v: got %v, %v", code, resp, err)
			}
			if took := time.Since(began); took > most {
				t.Errorf("%v: took %v, want at most %v", code, took, most)
			}
			w.end(c)
		}
	})
}

func TestOffsetsAreAskedForAgainWhereTheBrokerFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		asked := 0
		w.on[protocol.KeyListOffsets] = func(broker int32, req protocol.Request) protocol.Response {
			if asked++; asked == 1 {
				return listOffsets(kerr.UnknownServerError)(broker, req)
			}
			return listOffsets(0)(broker, req)
		}
		c := w.cluster()
		defer w.end(c)
		resp, err := c.Do(t.Context(), askOffsets("orders", 0))
		if err != nil || offsets(resp) != "orders/0:1" || asked != 2 {
			t.Errorf("got %v, %v after %d requests", resp, err, asked)
		}
	})
}

func TestAnUnknownTopicIsNamedInTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		c := w.cluster()
		defer w.end(c)
		resp, err := c.Do(t.Context(), askOffsets("none", 0))
		var item *cluster.ItemError
		if resp != nil || !errors.As(err, &item) || item.Item.String() != "none/0" || !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Errorf("got %v, %v", resp, err)
		}
	})
}

func produceTo(topic string, partitions ...int32) *protocol.ProduceRequest {
	req := protocol.NewProduceRequest()
	req.Acks, req.TimeoutMs = -1, 1000
	data := protocol.ProduceRequestTopicData{Name: topic}
	for _, p := range partitions {
		data.PartitionData = append(data.PartitionData, protocol.ProduceRequestTopicDataPartitionData{Index: p, Records: []byte{1}})
	}
	req.TopicData = []protocol.ProduceRequestTopicData{data}
	return req
}

func produced(code kerr.Error) handler {
	return func(_ int32, req protocol.Request) protocol.Response {
		resp := protocol.NewProduceResponse()
		for _, t := range req.(*protocol.ProduceRequest).TopicData {
			topic := protocol.ProduceResponseResponse{Name: t.Name}
			for _, p := range t.PartitionData {
				topic.PartitionResponses = append(topic.PartitionResponses, protocol.ProduceResponseResponsePartitionResponse{Index: p.Index, ErrorCode: int16(code)})
			}
			resp.Responses = append(resp.Responses, topic)
		}
		return resp
	}
}

func TestProduceIsNeverSentAgainOnceItMayBeStored(t *testing.T) {
	for name, answer := range map[string]handler{
		"the connection is cut":      func(int32, protocol.Request) protocol.Response { return nil },
		"the broker is silent":       func(int32, protocol.Request) protocol.Response { return silence },
		"the replicas took too long": produced(kerr.RequestTimedOut),
		"the replicas are too few":   produced(kerr.NotEnoughReplicasAfterAppend),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.leaders["orders"] = []int32{1}
				w.on[protocol.KeyProduce] = answer
				c := w.cluster()
				defer w.end(c)
				outcomes, err := c.Each(t.Context(), cluster.Job{Request: produceTo("orders", 0)})
				if err != nil || outcomes[0].Err == nil || !cluster.MaybeDone(outcomes[0].Err) {
					t.Errorf("got %+v, %v; want an error of something that may be stored", outcomes, err)
				}
				if n := len(w.requests(protocol.KeyProduce)); n != 1 {
					t.Errorf("sent %d times", n)
				}
			})
		})
	}
}

func TestProduceIsSentAgainAfterARefusal(t *testing.T) {
	for _, code := range []kerr.Error{kerr.NotLeaderOrFollower, kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable, kerr.NotEnoughReplicas} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 1)
			w.leaders["orders"] = []int32{1}
			tries := 0
			w.on[protocol.KeyProduce] = func(broker int32, req protocol.Request) protocol.Response {
				if tries++; tries < 3 {
					return produced(code)(broker, req)
				}
				return produced(0)(broker, req)
			}
			c := w.cluster()
			defer w.end(c)
			resp, err := c.Do(t.Context(), produceTo("orders", 0))
			if err != nil || resp.(*protocol.ProduceResponse).Responses[0].PartitionResponses[0].ErrorCode != 0 || tries != 3 {
				t.Errorf("%v: got %v, %v after %d tries", code, resp, err, tries)
			}
		})
	}
}

func TestTwoItemsForOnePartitionGoInSuccessiveRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1, 1}
		var sent [][]int32
		w.on[protocol.KeyProduce] = func(broker int32, req protocol.Request) protocol.Response {
			var partitions []int32
			for _, topic := range req.(*protocol.ProduceRequest).TopicData {
				for _, p := range topic.PartitionData {
					partitions = append(partitions, p.Index)
				}
			}
			sent = append(sent, partitions)
			return produced(0)(broker, req)
		}
		c := w.cluster()
		defer w.end(c)
		var prepared []int
		outcomes, err := c.Each(t.Context(), cluster.Job{
			Request: produceTo("orders", 0, 1, 0, 0), InOrder: true,
			Prepare: func(item int, _ int16, _ *protocol.Versions) error { prepared = append(prepared, item); return nil },
		})
		if err != nil || len(outcomes) != 4 {
			t.Fatalf("got %v, %v", outcomes, err)
		}
		if got := fmt.Sprint(sent, prepared); got != "[[0 1] [0] [0]] [0 1 2 3]" {
			t.Errorf("sent and prepared %s", got)
		}
	})
}

func TestWhatFollowsAFailureForOnePartitionIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		w.on[protocol.KeyProduce] = produced(kerr.MessageTooLarge)
		c := w.cluster()
		defer w.end(c)
		outcomes, _ := c.Each(t.Context(), cluster.Job{Request: produceTo("orders", 0, 0, 0), InOrder: true})
		if !errors.Is(outcomes[0].Err, kerr.MessageTooLarge) || outcomes[1].Err != cluster.ErrNotSent || outcomes[2].Err != cluster.ErrNotSent {
			t.Errorf("got %+v", outcomes)
		}
		if n := len(w.requests(protocol.KeyProduce)); n != 1 {
			t.Errorf("sent %d times", n)
		}
	})
}

func TestProduceWithoutAcksIsDoneWhenWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		w.on[protocol.KeyProduce] = func(int32, protocol.Request) protocol.Response { return silence }
		c := w.cluster()
		defer w.end(c)
		req := produceTo("orders", 0)
		req.Acks = 0
		resp, err := c.Do(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if p := resp.(*protocol.ProduceResponse).Responses[0].PartitionResponses[0]; p.BaseOffset != -1 || p.ErrorCode != 0 {
			t.Errorf("got %+v", p)
		}
	})
}

func TestVersionsFollowTheFormOfTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		w.on[protocol.KeyProduce] = produced(0)
		c := w.cluster()
		defer w.end(c)
		outcomes, err := c.Each(t.Context(), cluster.Job{Request: produceTo("orders", 0)})
		if err != nil || outcomes[0].Version != 12 { // the last that has names
			t.Errorf("got %+v, %v", outcomes, err)
		}
		outcomes, err = c.Each(t.Context(), cluster.Job{Request: produceTo("orders", 0), MaxVersion: 7})
		if err != nil || outcomes[0].Version != 7 {
			t.Errorf("got %+v, %v", outcomes, err)
		}
	})
}

func TestGroupsAreLookedUpTogetherAndRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.coordinator["a"], w.coordinator["b"], w.coordinator["c"] = 1, 2, 1
		w.on[protocol.KeyDescribeGroups] = describeGroups(0)
		c := w.cluster("b1:9092")
		defer w.end(c)
		for range 2 {
			req := protocol.NewDescribeGroupsRequest()
			req.Groups = []string{"a", "b", "c"}
			resp, err := c.Do(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, g := range resp.(*protocol.DescribeGroupsResponse).Groups {
				got = append(got, g.GroupID+g.GroupState)
			}
			want(t, "groups", got, []string{"a1", "b2", "c1"})
		}
		want(t, "look-ups", w.requests(protocol.KeyFindCoordinator), []string{"1 a b c"})
	})
}

func describeGroups(code kerr.Error) handler {
	return func(broker int32, req protocol.Request) protocol.Response {
		resp := protocol.NewDescribeGroupsResponse()
		for _, g := range req.(*protocol.DescribeGroupsRequest).Groups {
			resp.Groups = append(resp.Groups, protocol.DescribeGroupsResponseGroup{GroupID: g, GroupState: fmt.Sprint(broker), ErrorCode: int16(code), AuthorizedOperations: math.MinInt32})
		}
		return resp
	}
}

func TestBrokersBefore30AreAskedForOneCoordinatorAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.speaks = map[protocol.APIKey]protocol.VersionRange{
			protocol.KeyMetadata: {Max: 7}, protocol.KeyFindCoordinator: {Max: 2}, protocol.KeyDescribeGroups: {Max: 1},
		}
		w.coordinator["a"], w.coordinator["b"] = 1, 1
		w.on[protocol.KeyDescribeGroups] = describeGroups(0)
		c := w.cluster()
		defer w.end(c)
		req := protocol.NewDescribeGroupsRequest()
		req.Groups = []string{"a", "b"}
		if _, err := c.Do(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		want(t, "look-ups", w.requests(protocol.KeyFindCoordinator), []string{"1 a", "1 b"})
	})
}

func TestAMovedCoordinatorIsLookedUpAgain(t *testing.T) {
	for _, code := range []kerr.Error{kerr.NotCoordinator, kerr.CoordinatorNotAvailable, kerr.CoordinatorLoadInProgress} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 2)
			w.coordinator["a"] = 1
			w.on[protocol.KeyHeartbeat] = func(broker int32, _ protocol.Request) protocol.Response {
				resp := protocol.NewHeartbeatResponse()
				if broker == 1 {
					w.coordinator["a"] = 2
					resp.ErrorCode = int16(code)
				}
				return resp
			}
			c := w.cluster()
			defer w.end(c)
			req := protocol.NewHeartbeatRequest()
			req.GroupID = "a"
			resp, err := c.Do(t.Context(), req)
			if err != nil || resp.(*protocol.HeartbeatResponse).ErrorCode != 0 {
				t.Errorf("%v: got %v, %v", code, resp, err)
			}
			want(t, "heartbeats", w.requests(protocol.KeyHeartbeat), []string{"1", "2"})
		})
	}
}

func TestACoordinatorLookUpOutlivesTheCallerThatGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.coordinator["a"] = 1
		w.on[protocol.KeyFindCoordinator] = func(_ int32, req protocol.Request) protocol.Response {
			time.Sleep(time.Second)
			return w.findCoordinator(req.(*protocol.FindCoordinatorRequest), 6)
		}
		c := w.cluster()
		defer w.end(c)
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		other := make(chan error, 1)
		go func() {
			_, err := c.Coordinator(t.Context(), 0, "a")
			other <- err
		}()
		if _, err := c.Coordinator(impatient, 0, "a"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the impatient one got %v", err)
		}
		if err := <-other; err != nil {
			t.Errorf("the other one got %v", err)
		}
		if n := len(w.requests(protocol.KeyFindCoordinator)); n != 1 {
			t.Errorf("%d look-ups, want 1", n)
		}
	})
}

func TestAMovedControllerIsFound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.on[protocol.KeyCreateTopics] = func(broker int32, _ protocol.Request) protocol.Response {
			resp := protocol.NewCreateTopicsResponse()
			topic := protocol.CreateTopicsResponseTopic{Name: "orders"}
			if broker == 1 {
				w.controller = 2
				topic.ErrorCode = int16(kerr.NotController)
			}
			resp.Topics = append(resp.Topics, topic)
			return resp
		}
		c := w.cluster()
		defer w.end(c)
		resp, err := c.Do(t.Context(), protocol.NewCreateTopicsRequest())
		if err != nil || resp.(*protocol.CreateTopicsResponse).Topics[0].ErrorCode != 0 {
			t.Errorf("got %v, %v", resp, err)
		}
		want(t, "requests", w.requests(protocol.KeyCreateTopics), []string{"1", "2"})
	})
}

func TestGroupsAreListedOnEveryBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.on[protocol.KeyListGroups] = func(broker int32, _ protocol.Request) protocol.Response {
			resp := protocol.NewListGroupsResponse()
			resp.Groups = []protocol.ListGroupsResponseGroup{{GroupID: fmt.Sprint("g", broker)}}
			return resp
		}
		c := w.cluster("b2:9092")
		defer w.end(c)
		resp, err := c.Do(t.Context(), protocol.NewListGroupsRequest())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range resp.(*protocol.ListGroupsResponse).Groups {
			got = append(got, g.GroupID)
		}
		want(t, "groups", got, []string{"g1", "g2", "g3"})
	})
}

func TestABrokersSettingsAreAskedOfThatBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		w.on[protocol.KeyDescribeConfigs] = func(broker int32, req protocol.Request) protocol.Response {
			resp := protocol.NewDescribeConfigsResponse()
			for _, r := range req.(*protocol.DescribeConfigsRequest).Resources {
				message := fmt.Sprint(broker)
				resp.Results = append(resp.Results, protocol.DescribeConfigsResponseResult{ResourceType: r.ResourceType, ResourceName: r.ResourceName, ErrorMessage: &message})
			}
			return resp
		}
		c := w.cluster("b1:9092")
		defer w.end(c)
		req := protocol.NewDescribeConfigsRequest()
		req.Resources = []protocol.DescribeConfigsRequestResource{{ResourceType: 4, ResourceName: "3"}, {ResourceType: 2, ResourceName: "orders"}, {ResourceType: 4, ResourceName: "2"}}
		resp, err := c.Do(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		results := resp.(*protocol.DescribeConfigsResponse).Results
		if *results[0].ErrorMessage != "3" || results[1].ResourceName != "orders" || *results[2].ErrorMessage != "2" {
			t.Errorf("got %+v", results)
		}
	})
}

func TestARequestForAnyBrokerSurvivesADeadOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Do(t.Context(), protocol.NewListGroupsRequest()); err != nil { // connects to all
			t.Fatal(err)
		}
		w.change(func() {
			w.on[protocol.KeyDescribeCluster] = func(broker int32, req protocol.Request) protocol.Response {
				if broker != 2 {
					return nil
				}
				return protocol.NewDescribeClusterResponse()
			}
		})
		began := time.Now()
		if _, err := c.Do(t.Context(), protocol.NewDescribeClusterRequest()); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v, want no time", took)
		}
	})
}

func TestWhatCannotBeRoutedSaysSo(t *testing.T) {
	w := newWorld(t, 1)
	c := w.cluster()
	defer w.end(c)
	var routeErr *cluster.RouteError
	for _, req := range []protocol.Request{protocol.NewSaslHandshakeRequest(), protocol.NewAlterReplicaLogDirsRequest(), protocol.NewWriteTxnMarkersRequest()} {
		if _, err := c.Do(t.Context(), req); !errors.As(err, &routeErr) || routeErr.API != req.Key() {
			t.Errorf("%v: %v", req.Key(), err)
		}
	}
}

func TestOffsetsOfKafka081GoToAnyBroker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.speaks = map[protocol.APIKey]protocol.VersionRange{protocol.KeyMetadata: {}, protocol.KeyOffsetCommit: {}, protocol.KeyOffsetFetch: {}}
		w.on[protocol.KeyOffsetCommit] = func(_ int32, req protocol.Request) protocol.Response {
			resp := protocol.NewOffsetCommitResponse()
			resp.Topics = []protocol.OffsetCommitResponseTopic{{Name: "orders", Partitions: []protocol.OffsetCommitResponseTopicPartition{{}}}}
			return resp
		}
		c := w.cluster()
		defer w.end(c)
		req := protocol.NewOffsetCommitRequest()
		req.GroupID = "billing"
		req.Topics = []protocol.OffsetCommitRequestTopic{{Name: "orders", Partitions: []protocol.OffsetCommitRequestTopicPartition{{CommittedOffset: 7, CommitTimestamp: -1, CommittedLeaderEpoch: -1}}}}
		outcomes, err := c.Each(t.Context(), cluster.Job{Request: req})
		if err != nil || outcomes[0].Err != nil || outcomes[0].Version != 0 {
			t.Errorf("got %+v, %v", outcomes, err)
		}
	})
}

func TestARequestThatBrokersHangUpOnIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.on[protocol.KeyDescribeQuorum] = func(int32, protocol.Request) protocol.Response { return nil }
		c := w.cluster()
		defer w.end(c)
		began := time.Now()
		_, err := c.Do(t.Context(), protocol.NewDescribeQuorumRequest())
		var broken *cluster.BrokerError
		if !errors.As(err, &broken) || broken.Broker != 1 || !broken.Sent {
			t.Errorf("got %v", err)
		}
		if took, n := time.Since(began), len(w.requests(protocol.KeyDescribeQuorum)); took > time.Second || n != 3 {
			t.Errorf("after %v and %d tries", took, n)
		}
	})
}
