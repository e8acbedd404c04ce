package cluster_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestTopicWaitsForALeader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		c := w.cluster()
		defer w.end(c)
		time.AfterFunc(time.Second, func() { w.change(func() { w.leaders["orders"] = []int32{-1, -1} }) })
		time.AfterFunc(2*time.Second, func() { w.change(func() { w.leaders["orders"] = []int32{-1, 1} }) })
		topic, err := c.Topic(t.Context(), "orders", true)
		if err != nil || len(topic.Partitions) != 2 {
			t.Fatalf("got %v, %v", topic, err)
		}
		if part, err := topic.Leader(1); err != nil || part.Leader != 1 {
			t.Errorf("leader of 1: %v, %v", part, err)
		}
		if _, err := topic.Leader(0); !errors.Is(err, kerr.LeaderNotAvailable) {
			t.Errorf("leader of 0: %v", err)
		}
	})
}

func TestAMissingTopicIsATypedError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		c := w.cluster()
		defer w.end(c)
		for create, most := range map[bool]time.Duration{false: time.Second, true: 13 * time.Second} {
			began := time.Now()
			_, err := c.Topic(t.Context(), "none", create)
			var topicErr *cluster.TopicError
			if !errors.As(err, &topicErr) || topicErr.Topic != "none" || !errors.Is(err, kerr.UnknownTopicOrPartition) {
				t.Errorf("create %v: got %v", create, err)
			}
			if took := time.Since(began); took > most {
				t.Errorf("create %v: took %v, want at most %v", create, took, most)
			}
		}
	})
}

func TestAForbiddenTopicIsNotAskedForTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.on[protocol.KeyMetadata] = func(_ int32, req protocol.Request) protocol.Response {
			resp := w.metadata(req.(*protocol.MetadataRequest), 13).(*protocol.MetadataResponse)
			for i := range resp.Topics {
				resp.Topics[i].ErrorCode = int16(kerr.TopicAuthorizationFailed)
			}
			return resp
		}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "secret", false); !errors.Is(err, kerr.TopicAuthorizationFailed) {
			t.Errorf("got %v", err)
		}
		want(t, "metadata requests", w.requests(protocol.KeyMetadata), []string{"1 secret"})
	})
}

func TestOnlyWhoMayCreateTopicsCreatesThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		var created []bool
		w.on[protocol.KeyMetadata] = func(_ int32, req protocol.Request) protocol.Response {
			q := req.(*protocol.MetadataRequest)
			created = append(created, q.AllowAutoTopicCreation)
			if q.AllowAutoTopicCreation {
				w.leaders[*q.Topics[0].Name] = []int32{1}
			}
			return w.metadata(q, 13)
		}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", true); err != nil {
			t.Error(err)
		}
		if _, err := c.Topic(t.Context(), "other", false); err == nil {
			t.Error("other was created")
		}
		if !created[0] || created[1] {
			t.Errorf("allowed: %v", created)
		}
	})
}

func TestBrokersBefore011AreNotMadeToCreateATopicByAskingForIt(t *testing.T) {
	for name, version := range map[string]int16{"0.8 and 0.9": 0, "0.10": 2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.speaks = map[protocol.APIKey]protocol.VersionRange{protocol.KeyMetadata: {Max: version}}
				w.leaders["orders"] = []int32{1}
				w.leaders["secret"] = []int32{1}
				c := w.cluster()
				defer w.end(c)
				if _, err := c.Topic(t.Context(), "orders", false); err != nil {
					t.Error(err)
				}
				if _, known := c.Picture().Topic("secret"); known {
					t.Error("the picture has a topic that nobody asked for")
				}
				if _, err := c.Topic(t.Context(), "none", false); err == nil {
					t.Error("none exists")
				}
				for _, asked := range w.requests(protocol.KeyMetadata) {
					if asked != "1" {
						t.Errorf("asked for %q by name", asked)
					}
				}
			})
		})
	}
}

func TestAHundredComplaintsAreOneNarrowRefresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"], w.leaders["other"] = []int32{1}, []int32{1}
		c := w.cluster()
		defer w.end(c)
		for _, name := range []string{"orders", "other"} {
			if _, err := c.Topic(t.Context(), name, false); err != nil {
				t.Fatal(err)
			}
		}
		topic, _ := c.Picture().Topic("orders")
		for range 50 {
			c.Stale(topic.Generation, "orders")
		}
		synctest.Wait()
		for range 50 {
			c.Stale(topic.Generation, "orders")
		}
		time.Sleep(time.Second)
		for range 50 { // late ones, of the same generation
			c.Stale(topic.Generation, "orders")
		}
		time.Sleep(time.Second)
		want(t, "metadata requests", w.requests(protocol.KeyMetadata), []string{"1 orders", "1 other", "1 orders"})
	})
}

func TestComplaintsAreHeededAgainAfterARefreshThatFailed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		c := w.cluster()
		defer w.end(c)
		topic, err := c.Topic(t.Context(), "orders", false)
		if err != nil {
			t.Fatal(err)
		}
		fail := true
		w.change(func() {
			w.on[protocol.KeyMetadata] = func(_ int32, req protocol.Request) protocol.Response {
				if fail {
					return nil
				}
				return w.metadata(req.(*protocol.MetadataRequest), 13)
			}
		})
		c.Stale(topic.Generation, "orders")
		time.Sleep(time.Second)
		w.change(func() { fail = false })
		c.Stale(topic.Generation, "orders")
		time.Sleep(time.Second)
		if now, _ := c.Picture().Topic("orders"); now.Generation <= topic.Generation {
			t.Error("the topic was not looked up again")
		}
	})
}

func TestTopicsInUseAreLookedUpAgainInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"], w.leaders["unused"] = []int32{1}, []int32{1}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		changed := c.Changed()
		w.change(func() { w.leaders["orders"] = []int32{1, 1} })
		began := time.Now()
		<-changed
		if waited := time.Since(began); waited < 4*time.Minute || waited > 6*time.Minute {
			t.Errorf("after %v, want about 5m", waited)
		}
		if topic, _ := c.Picture().Topic("orders"); len(topic.Partitions) != 2 {
			t.Errorf("%d partitions, want 2", len(topic.Partitions))
		}
		want(t, "metadata requests", w.requests(protocol.KeyMetadata), []string{"1 orders", "1 orders"})
	})
}

func TestATopicThatIsUsedIsLookedUpAgainHoweverItWasLearned(t *testing.T) {
	for name, use := range map[string]func(*cluster.Cluster){
		"used":      func(c *cluster.Cluster) { c.Use("orders") },
		"asked for": func(c *cluster.Cluster) { _, _ = c.Topic(context.Background(), "orders", false) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, 1)
				w.leaders["orders"] = []int32{1}
				c := w.cluster()
				defer w.end(c)
				if _, err := c.Look(t.Context(), "orders"); err != nil {
					t.Fatal(err)
				}
				use(c)
				w.change(func() { w.leaders["orders"] = []int32{1, 1} })
				time.Sleep(5*time.Minute + time.Second) // simulated
				if topic, _ := c.Picture().Topic("orders"); len(topic.Partitions) != 2 {
					t.Errorf("%d partitions, want 2", len(topic.Partitions))
				}
			})
		})
	}
}

func TestATopicThatIsGoneAndUnusedIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{1}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "orders", false); err != nil {
			t.Fatal(err)
		}
		w.change(func() { delete(w.leaders, "orders") })
		time.Sleep(time.Hour)
		if n := len(w.requests(protocol.KeyMetadata)); n > 3 {
			t.Errorf("asked %d times for a topic that is gone", n)
		}
	})
}

func TestForgottenTopicsAreLookedUpAnew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["a"], w.leaders["b"] = []int32{1}, []int32{1}
		c := w.cluster()
		defer w.end(c)
		for _, forget := range []func(){func() {}, func() { c.Forget("a") }, func() { c.Forget() }} {
			forget()
			for _, name := range []string{"a", "b"} {
				if _, err := c.Topic(t.Context(), name, false); err != nil {
					t.Fatal(err)
				}
			}
		}
		want(t, "metadata requests", w.requests(protocol.KeyMetadata), []string{"1 a", "1 b", "1 a", "1 a", "1 b"})
	})
}

func TestAWaitForATopicEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["orders"] = []int32{-1}
		c := w.cluster()
		defer w.end(c)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Topic(ctx, "orders", false)
		if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, kerr.LeaderNotAvailable) {
			t.Errorf("got %v, want the context's end and the reason for waiting", err)
		}
	})
}

func TestEachTopicIsLookedUpAgainAtItsOwnAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 1)
		w.leaders["a"], w.leaders["b"] = []int32{1}, []int32{1}
		c := w.cluster()
		defer w.end(c)
		if _, err := c.Topic(t.Context(), "a", false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Minute)
		if _, err := c.Topic(t.Context(), "b", false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(90 * time.Second)
		want(t, "after 5.5 minutes", w.requests(protocol.KeyMetadata), []string{"1 a", "1 b", "1 a"})
		time.Sleep(4 * time.Minute)
		want(t, "after 9.5 minutes", w.requests(protocol.KeyMetadata), []string{"1 a", "1 b", "1 a", "1 b"})
	})
}
