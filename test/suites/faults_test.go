package suites

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/realkafka"
	"github.com/afkak-go/afkak/test/harness"
)

// lasts is how long a fault lasts; nothing is waited for.
func (f *traffic) lasts(d time.Duration) {
	f.t.Helper()
	select {
	case <-time.After(d):
	case <-f.ctx.Done():
		f.t.Fatal(f.ctx.Err())
	}
}

// leading is the broker that leads partition 0.
func (f *traffic) leading(target harness.Target) *realkafka.Broker {
	f.t.Helper()
	return target.Real.Broker(int(leader(f.t, f.client, f.topic, 0)))
}

func TestNothingIsLostWhenALeaderIsKilled(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		f := flow(t, target)
		broker := f.leading(target)
		broker.Kill()
		f.flows(100)
		if err := broker.Restart(f.ctx); err != nil {
			t.Fatal(err)
		}
		f.resumes()
		target.Settled(t, f.client, f.topic)
		f.flows(100)
		f.settleUp()
	})
}

func TestNothingIsLostWhenALeaderIsPaused(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		f := flow(t, target)
		broker := f.leading(target)
		if err := broker.Pause(); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		f.flows(100) // while it does not answer
		f.lasts(pass.Pause - time.Since(began))
		if err := broker.Resume(); err != nil {
			t.Fatal(err)
		}
		f.resumes()
		target.Settled(t, f.client, f.topic)
		f.flows(100)
		f.settleUp()
	})
}

func TestNothingIsLostWhenEachBrokerIsRestarted(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		f := flow(t, target)
		for _, broker := range target.Real.Brokers() {
			if err := broker.Restart(f.ctx); err != nil {
				t.Fatal(err)
			}
			f.resumes()
			target.Settled(t, f.client, f.topic)
		}
		f.settleUp()
	})
}

func TestNothingIsLostWhenABrokerReturnsAtAnotherPort(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		f := flow(t, target)
		broker := f.leading(target)
		before := broker.Addr()
		if err := broker.RestartOn(f.ctx, 0); err != nil {
			t.Fatal(err)
		}
		if broker.Addr() == before {
			t.Fatal("it is where it was")
		}
		f.resumes()
		target.Settled(t, f.client, f.topic)
		f.flows(100)
		f.settleUp()
	})
}

func TestNothingIsLostWhenZooKeeperIsAwayForAWhile(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		zk := target.Real.ZooKeeper()
		if zk == nil {
			t.Skip("this release has no ZooKeeper")
		}
		f := flow(t, target)
		zk.Kill()
		f.flows(100)
		if err := zk.Start(f.ctx); err != nil {
			t.Fatal(err)
		}
		f.resumes()
		f.settleUp()
	})
}

func TestNothingIsLostWhenAllBrokersAreGoneForAWhile(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		f := flow(t, target)
		if pass.AtLeast("0.11") {
			f.crashAll(target.Real.Brokers(), pass.Outage)
		} else {
			f.stopAll(target.Real.Brokers(), pass.Outage)
		}
		f.resumes()
		target.Settled(t, f.client, f.topic)
		f.settleUp()
	})
}

// crashAll kills all brokers and brings them back at once.
func (f *traffic) crashAll(brokers []*realkafka.Broker, outage time.Duration) {
	f.t.Helper()
	for _, broker := range brokers {
		broker.Kill()
	}
	f.lasts(outage)
	var starts sync.WaitGroup
	for _, broker := range brokers {
		starts.Go(func() {
			if err := broker.Restart(f.ctx); err != nil {
				f.t.Error(err)
			}
		})
	}
	starts.Wait()
}

// stopAll stops the brokers, and brings the one back first that was the last to go and has everything. Before 0.11
// (KIP-101) a replica that restarts throws away what it does not know to be on the others, some tenths of a second, and
// then leads: Kafka itself loses what it has acknowledged when all replicas crash together.
func (f *traffic) stopAll(brokers []*realkafka.Broker, outage time.Duration) {
	f.t.Helper()
	for _, broker := range brokers {
		if err := broker.Stop(f.ctx); err != nil {
			f.t.Fatal(err)
		}
	}
	f.lasts(outage)
	for _, broker := range slices.Backward(brokers) {
		if err := broker.Restart(f.ctx); err != nil {
			f.t.Fatal(err)
		}
	}
}

func TestNothingIsLostWhenConnectionsAreCutInTheMiddleOfAFrame(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		proxy := harness.NewProxy(t)
		f := flow(t, target, afkak.WithDialer(proxy.Dial))
		for _, key := range []protocol.APIKey{protocol.KeyProduce, protocol.KeyFetch} {
			for range 3 {
				for _, cut := range []<-chan struct{}{proxy.CutRequest(key), proxy.CutAnswer(key)} {
					select {
					case <-cut:
					case <-f.ctx.Done():
						t.Fatal(errors.New("nothing was cut"))
					}
				}
				f.resumes()
			}
		}
		f.settleUp()
	})
}
