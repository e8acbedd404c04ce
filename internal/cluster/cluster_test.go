package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestNothingIsDialledBeforeItIsNeeded(t *testing.T) {
	w := newWorld(t, 1)
	c := w.cluster()
	if c.Picture() == nil || c.Picture().Generation != 0 {
		t.Error("the first picture is not empty")
	}
	w.end(c)
	want(t, "dials", w.dialled(), nil)
}

func TestASeedThatIsABrokerCostsOneConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		if _, err := c.DoOn(t.Context(), 1, cluster.Control, call(protocol.NewListGroupsRequest())); err != nil {
			t.Fatal(err)
		}
		want(t, "dials", w.dialled(), []string{"b1:9092"})
	})
}

func TestAdvertisedAddressesMayDifferFromTheSeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.up["outside:1"] = 1
		c := w.cluster("outside:1")
		defer w.end(c)
		if _, err := c.DoOn(t.Context(), 1, cluster.Control, call(protocol.NewListGroupsRequest())); err != nil {
			t.Fatal(err)
		}
		want(t, "dials", w.dialled(), []string{"outside:1", "b1:9092"})
	})
}

func TestASeedThatRefusesCostsNoTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		c := w.cluster("gone1:1", "gone2:1", "b1:9092", "gone3:1")
		defer w.end(c)
		began := time.Now()
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 0 {
			t.Errorf("took %v, want no time", took)
		}
	})
}

func TestSeedsAreTriedInRandomOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := map[string]bool{}
		for range 100 {
			w := newWorld(t, 3)
			c := w.cluster()
			_, _ = c.Do(t.Context(), protocol.NewMetadataRequest())
			first[w.dialled()[0]] = true
			w.end(c)
		}
		if len(first) != 3 {
			t.Errorf("in 100 runs only %v came first", first)
		}
	})
}

func TestAClusterThatNeverAnsweredIsGivenUpSoon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		c := w.cluster("gone1:1", "gone2:1")
		defer w.end(c)
		began := time.Now()
		_, err := c.Topic(t.Context(), "orders", true)
		var unreachable *cluster.UnreachableError
		if !errors.As(err, &unreachable) || len(unreachable.Causes) != 2 || !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("got %v, want an UnreachableError with two causes", err)
		}
		if !cluster.Retriable(err) || cluster.MaybeDone(err) {
			t.Errorf("retriable %v, maybe done %v; want true, false", cluster.Retriable(err), cluster.MaybeDone(err))
		}
		if took := time.Since(began); took > 4*time.Second {
			t.Errorf("took %v", took)
		}
	})
}

func TestASilentBrokerIsLeftForAnotherOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		w.leaders["orders"] = []int32{2}
		w.on[protocol.KeyMetadata] = func(broker int32, req protocol.Request) protocol.Response {
			if broker == 1 {
				return silence
			}
			return w.metadata(req.(*protocol.MetadataRequest), 13)
		}
		c := w.cluster()
		defer w.end(c)
		began := time.Now()
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("took %v, want at most the dial timeout", took)
		}
	})
}

func TestOnlySilentBrokersAreATypedErrorWithinTheDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.on[protocol.KeyMetadata] = func(int32, protocol.Request) protocol.Response { return silence }
		c := w.cluster()
		defer w.end(c)
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		began := time.Now()
		_, err := c.Topic(ctx, "orders", false)
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 3*time.Second {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		var topicErr *cluster.TopicError
		if !errors.As(err, &topicErr) || topicErr.Topic != "orders" {
			t.Errorf("the error does not name the topic: %v", err)
		}
	})
}

func TestAnUnreachableHostIsATypedErrorWithinTheDialTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		c := w.cluster("nowhere:1")
		defer w.end(c)
		began := time.Now()
		_, err := c.Topic(t.Context(), "orders", false)
		var broken *cluster.BrokerError
		if !errors.As(err, &broken) || broken.Addr != "nowhere:1" || broken.Sent || !cluster.Retriable(err) {
			t.Errorf("got %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("took %v, want the dial timeout", took)
		}
	})
}

func TestAnHTTPServerIsSaidToBeOne(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { // ends with the listener, below
		defer close(served)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"))
			_ = conn.Close()
		}
	}()
	defer func() { _ = l.Close(); <-served }()
	w := newWorld(t, 0)
	c := w.clusterWith(func(config *cluster.Config) { config.Conn.Dial = new(net.Dialer).DialContext }, l.Addr().String())
	defer w.end(c)
	_, err = c.Topic(t.Context(), "orders", false)
	if err == nil || !strings.Contains(err.Error(), "HTTP") || cluster.Retriable(err) {
		t.Errorf("got %v, retriable %v", err, cluster.Retriable(err))
	}
}

func TestSeedsAreTriedAgainWhenAllBrokersAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.up["seed:1"] = 1
		w.leaders["orders"] = []int32{1}
		c := w.cluster("seed:1")
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		w.change(func() { // the broker comes back elsewhere, which only the seed's name tells
			delete(w.up, "b1:9092")
			w.up["new:9092"] = 1
			w.advertised[1] = "new:9092"
		})
		req := protocol.NewListOffsetsRequest()
		req.Topics = []protocol.ListOffsetsRequestTopic{{Name: "orders", Partitions: []protocol.ListOffsetsRequestTopicPartition{{MaxNumOffsets: 1}}}}
		w.on[protocol.KeyListOffsets] = listOffsets(0)
		if _, err := c.Do(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		if dials := w.dialled(); dials[len(dials)-1] != "new:9092" {
			t.Errorf("dials: %v", dials)
		}
	})
}

func TestABrokerThatRefusedIsLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		c := w.cluster("b1:9092")
		defer w.end(c)
		if _, err := c.Do(t.Context(), brokersOnly()); err != nil {
			t.Fatal(err)
		}
		if _, _, err := c.BrokerVersions(t.Context(), 1); err != nil { // learns of both
			t.Fatal(err)
		}
		w.change(func() { delete(w.up, "b2:9092") })
		_, first := c.DoOn(t.Context(), 2, cluster.Control, call(protocol.NewListGroupsRequest()))
		_, second := c.DoOn(t.Context(), 2, cluster.Control, call(protocol.NewListGroupsRequest()))
		var backoff *cluster.BackoffError
		if errors.As(first, &backoff) || !errors.As(second, &backoff) || !errors.Is(second, syscall.ECONNREFUSED) {
			t.Errorf("first %v, second %v", first, second)
		}
		if !cluster.Retriable(second) || cluster.MaybeDone(second) {
			t.Errorf("retriable %v, maybe done %v; want true, false", cluster.Retriable(second), cluster.MaybeDone(second))
		}
		time.Sleep(70 * time.Millisecond) // simulated
		w.change(func() { w.up["b2:9092"] = 2 })
		if _, err := c.DoOn(t.Context(), 2, cluster.Control, call(protocol.NewListGroupsRequest())); err != nil {
			t.Errorf("after the backoff: %v", err)
		}
	})
}

func TestLanesHaveConnectionsOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.on[protocol.KeyJoinGroup] = func(int32, protocol.Request) protocol.Response { return silence }
		c := w.cluster()
		defer w.end(c)
		if _, _, err := c.BrokerVersions(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		c.StartOn(1, cluster.Group, call(protocol.NewJoinGroupRequest()), func(protocol.Response, error) {})
		if _, err := c.DoOn(t.Context(), 1, cluster.Fetch, call(protocol.NewListGroupsRequest())); err != nil {
			t.Error(err)
		}
		if _, err := c.DoOn(t.Context(), 1, cluster.Control, call(protocol.NewListGroupsRequest())); err != nil {
			t.Error(err)
		}
		synctest.Wait()
		want(t, "dials", w.dialled(), []string{"b1:9092", "b1:9092", "b1:9092"})
	})
}

func TestLanesOfOnesOwnEndWithTheirCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.on[protocol.KeyJoinGroup] = func(int32, protocol.Request) protocol.Response { return silence }
		c := w.cluster()
		defer w.end(c)
		if _, _, err := c.BrokerVersions(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		mine, yours := c.OwnLane(), c.OwnLane()
		ended := make(chan error, 1)
		c.StartOn(1, mine, call(protocol.NewJoinGroupRequest()), func(_ protocol.Response, err error) { ended <- err })
		synctest.Wait()
		if _, err := c.DoOn(t.Context(), 1, yours, call(protocol.NewHeartbeatRequest())); err != nil {
			t.Error(err)
		}
		c.CloseLane(mine)
		if err := <-ended; err == nil || !cluster.MaybeDone(err) {
			t.Errorf("the join ended with %v, want a lost connection", err)
		}
		if _, err := c.DoOn(t.Context(), 1, yours, call(protocol.NewHeartbeatRequest())); err != nil {
			t.Error(err)
		}
		c.StartOn(1, mine, call(protocol.NewHeartbeatRequest()), func(_ protocol.Response, err error) { ended <- err })
		c.CloseLane(mine) // while it is being opened
		<-ended
		synctest.Wait()
		w.change(func() {
			if w.open != 2 {
				t.Errorf("%d connections are open, want that of the cluster and the other lane's", w.open)
			}
		})
	})
}

func TestCallsOfALaneKeepTheirOrderWhileItConnects(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		c := w.cluster()
		defer w.end(c)
		if _, _, err := c.BrokerVersions(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		var wanted []string
		for i := range 50 {
			req := protocol.NewDescribeGroupsRequest()
			req.Groups = []string{fmt.Sprint("g", i)}
			wanted = append(wanted, "1 "+req.Groups[0])
			c.StartOn(1, cluster.Produce, call(req), func(protocol.Response, error) {})
		}
		synctest.Wait()
		want(t, "order", w.requests(protocol.KeyDescribeGroups), wanted)
	})
}

func TestAnUnknownBrokerIsATypedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		c := w.cluster()
		defer w.end(c)
		var unknown *cluster.UnknownBrokerError
		if _, err := c.DoOn(t.Context(), 7, cluster.Control, call(protocol.NewListGroupsRequest())); !errors.As(err, &unknown) || unknown.Broker != 7 {
			t.Errorf("DoOn: %v", err)
		}
		ended := make(chan error, 1)
		c.StartOn(7, cluster.Control, call(protocol.NewListGroupsRequest()), func(_ protocol.Response, err error) { ended <- err })
		if err := <-ended; !errors.As(err, &unknown) {
			t.Errorf("StartOn: %v", err)
		}
	})
}

func TestCloseEndsEveryPendingCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{-1}
		w.on[protocol.KeyListGroups] = func(int32, protocol.Request) protocol.Response { return silence }
		c := w.cluster()
		if _, _, err := c.BrokerVersions(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 4)
		go func() { _, err := c.Topic(t.Context(), "orders", false); ended <- err }()
		go func() { _, err := c.Do(t.Context(), protocol.NewListGroupsRequest()); ended <- err }()
		go func() {
			_, err := c.DoOn(t.Context(), 1, cluster.Control, call(protocol.NewListGroupsRequest()))
			ended <- err
		}()
		c.StartOn(1, cluster.Group, call(protocol.NewListGroupsRequest()), func(_ protocol.Response, err error) { ended <- err })
		synctest.Wait()
		w.end(c)
		c.Close()
		for range 4 {
			if err := <-ended; !errors.Is(err, cluster.ErrClosed) {
				t.Errorf("got %v, want ErrClosed", err)
			}
		}
		if _, err := c.Do(t.Context(), protocol.NewListGroupsRequest()); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		if _, err := c.Topic(t.Context(), "orders", false); !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
		c.StartOn(1, cluster.Group, call(protocol.NewListGroupsRequest()), func(_ protocol.Response, err error) { ended <- err })
		if err := <-ended; !errors.Is(err, cluster.ErrClosed) {
			t.Errorf("StartOn after Close: %v", err)
		}
	})
}

func TestAMovedBrokerIsFoundAtItsNewAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 2)
		c := w.cluster("b1:9092")
		defer w.end(c)
		if _, _, err := c.BrokerVersions(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		w.change(func() {
			w.up["moved:9092"] = 2
			w.advertised[2] = "moved:9092"
		})
		if _, err := c.Topic(t.Context(), "nothing", false); !errors.Is(err, kerr.UnknownTopicOrPartition) {
			t.Fatal(err)
		}
		if _, _, err := c.BrokerVersions(t.Context(), 2); err != nil {
			t.Fatal(err)
		}
		if dials := w.dialled(); !slices.Contains(dials, "moved:9092") {
			t.Errorf("dials: %v", dials)
		}
	})
}

func TestWhatABrokerSpeaksIsAskedOnceOnEachConnectionAndSoAgainAfterAReconnect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		asked := 0
		w.on[protocol.KeyAPIVersions] = func(int32, protocol.Request) protocol.Response {
			asked++
			return w.versions()
		}
		w.on[protocol.KeyListGroups] = func(int32, protocol.Request) protocol.Response { return nil }
		c := w.cluster("b1:9092")
		defer w.end(c)
		metadataUpTo := func() int16 {
			reports, err := c.AllVersions(t.Context())
			if err != nil || reports[0].Err != nil {
				t.Fatalf("got %+v, %v", reports, err)
			}
			r, _ := reports[0].Identity.Versions.Range(protocol.KeyMetadata)
			return r.Max
		}
		before := metadataUpTo()
		first := len(w.dialled())
		if again := metadataUpTo(); again != before || len(w.dialled()) != first || asked != first {
			t.Errorf("asked %d times on %d connections, and then %d; metadata up to version %d, then %d", asked, first, len(w.dialled()), before, again)
		}

		w.change(func() { // the broker comes back as another release
			w.speaks = map[protocol.APIKey]protocol.VersionRange{
				protocol.KeyMetadata: {Min: 0, Max: 5}, protocol.KeyListGroups: {Min: 0, Max: 0},
			}
		})
		if _, err := c.DoOn(t.Context(), 1, cluster.Control, call(protocol.NewListGroupsRequest())); err == nil {
			t.Fatal("the connection was to end")
		}
		synctest.Wait()
		if after := metadataUpTo(); after != 5 || len(w.dialled()) == first || asked != len(w.dialled()) {
			t.Errorf("asked %d times on %d connections, %d before; metadata up to version %d, want 5", asked, len(w.dialled()), first, after)
		}
	})
}

func call(req protocol.Request) cluster.Call {
	return cluster.Call{Request: req, MaxVersion: cluster.AnyVersion}
}

// brokersOnly asks for no topic.
func brokersOnly() *protocol.MetadataRequest {
	req := protocol.NewMetadataRequest()
	req.Topics = []protocol.MetadataRequestTopic{}
	return req
}
