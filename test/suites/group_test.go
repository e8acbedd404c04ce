package suites

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/test/harness"
)

const groupPartitions = 6

// gathering is a group and a producer, at work on a topic of six partitions, and the account of what was
// acknowledged and of what the members have processed.
type gathering struct {
	t      *testing.T
	ctx    context.Context
	target harness.Target
	client *afkak.Client
	topic  string
	group  string

	sending sync.WaitGroup
	stop    func() // ends the sending

	mu     sync.Mutex
	acked  [groupPartitions][]string // in the order of the acknowledgements
	failed []error
	done   [groupPartitions]map[int64]string // by offset
	twice  int                               // offsets that were processed again
}

// attendee is one member of the group.
type attendee struct {
	name  string
	group *afkak.GroupConsumer
	ended chan error
}

// gather starts the sending, to a topic of its own.
func gather(t *testing.T, target harness.Target) *gathering {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	sending, stop := context.WithCancel(ctx)
	g := &gathering{t: t, ctx: ctx, target: target, client: target.Logged(t, quick...), group: harness.Name("group"), stop: stop}
	t.Cleanup(func() { // of a test that failed; otherwise all has ended
		cancel()
		g.sending.Wait()
	})
	g.topic = target.Replicated(t, g.client, groupPartitions)
	p := producer(t, g.client, afkak.WithPartitioner(afkak.Manual()), afkak.WithProduceTimeout(10*time.Second),
		afkak.WithAckTimeout(5*time.Second), afkak.WithDeliveryTimeout(5*time.Minute))
	g.sending.Go(func() { // until stop is called
		g.send(sending, p)
		if err := p.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gathering) send(ctx context.Context, p *afkak.Producer) {
	pace := time.NewTicker(trafficPace)
	defer pace.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		value, partition := fmt.Sprintf("%08d", n), n%groupPartitions
		p.Send(g.ctx, afkak.Record{Topic: g.topic, Partition: int32(partition), Value: []byte(value)}).
			Then(func(_ afkak.Result, err error) {
				g.mu.Lock()
				defer g.mu.Unlock()
				if err != nil {
					g.failed = append(g.failed, err)
				} else {
					g.acked[partition] = append(g.acked[partition], value)
				}
			})
	}
}

// join adds a member with a client of its own.
func (g *gathering) join(name string, clientOpts []afkak.ClientOption, opts ...afkak.GroupOption) *attendee {
	g.t.Helper()
	client := g.target.Logged(g.t, append(slices.Clone(quick), clientOpts...)...)
	member, err := afkak.NewGroupConsumer(client, g.group, []string{g.topic}, opts...)
	if err != nil {
		g.t.Fatal(err)
	}
	a := &attendee{name: name, group: member, ended: make(chan error, 1)}
	go func() {
		a.ended <- member.Process(g.ctx, func(_ context.Context, records []afkak.Record) error { return g.process(records) })
	}()
	return a
}

func (g *gathering) process(records []afkak.Record) error {
	partition := records[0].Partition
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.done[partition] == nil {
		g.done[partition] = map[int64]string{}
	}
	for _, r := range records {
		if _, before := g.done[partition][r.Offset]; before {
			g.twice++
		}
		g.done[partition][r.Offset] = string(r.Value)
	}
	return nil
}

// leave ends a membership in order.
func (g *gathering) leave(a *attendee) {
	g.t.Helper()
	if err := errors.Join(a.group.Close(g.ctx), <-a.ended); err != nil {
		g.t.Errorf("member %s: %v", a.name, err)
	}
}

// settles waits until the members have that many partitions each, the least first, all together, and
// records of all partitions are processed.
func (g *gathering) settles(members []*attendee, shares ...int) {
	g.t.Helper()
	harness.Eventually(g.t, fmt.Sprintf("the members have %v partitions", shares), func(context.Context) error {
		var got []int
		all := map[afkak.TopicPartition]bool{}
		text := ""
		for _, a := range members {
			select {
			case err := <-a.ended:
				g.t.Fatalf("member %s has ended: %v", a.name, err)
			default:
			}
			assigned := a.group.Assignment()
			got = append(got, len(assigned))
			for _, p := range assigned {
				all[p] = true
			}
			text += fmt.Sprintf("; %s has %v and is %v", a.name, assigned, a.group.State())
		}
		if slices.Sort(got); !slices.Equal(got, shares) || len(all) != groupPartitions {
			return fmt.Errorf("%v%s", got, text)
		}
		return nil
	})
	g.flows(members)
}

// flows waits until more of each partition is processed.
func (g *gathering) flows(members []*attendee) {
	g.t.Helper()
	before := g.counts()
	harness.Eventually(g.t, "each partition's records are processed", func(context.Context) error {
		for partition, n := range g.counts() {
			if n < before[partition]+10 {
				var states []string
				for _, a := range members {
					states = append(states, a.name+" is "+a.group.State().String())
				}
				return fmt.Errorf("partition %d: %d, were %d; %v", partition, n, before[partition], states)
			}
		}
		return nil
	})
}

func (g *gathering) counts() (done [groupPartitions]int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for partition := range done {
		done[partition] = len(g.done[partition])
	}
	return done
}

// settleUp ends the sending and compares the accounts: everything that was acknowledged is processed. It
// returns how many offsets were processed more than once.
func (g *gathering) settleUp(members []*attendee) (twice int) {
	g.t.Helper()
	g.stop()
	g.sending.Wait()
	if len(g.failed) > 0 {
		g.t.Errorf("%d records failed: %v", len(g.failed), g.failed[0])
	}
	harness.Eventually(g.t, "all is processed", func(context.Context) error { return g.missing() })
	for _, a := range members {
		g.leave(a)
	}
	acked, done := 0, 0
	for partition := range g.done {
		acked, done = acked+len(g.acked[partition]), done+len(g.done[partition])
	}
	g.t.Logf("%d acknowledged, %d in the log, all of them processed, %d more than once", acked, done, g.twice)
	return g.twice
}

// missing says what was acknowledged, or lies before what was processed, and is not processed.
func (g *gathering) missing() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for partition := range g.acked {
		values := map[string]bool{}
		for offset := range int64(len(g.done[partition])) {
			value, done := g.done[partition][offset]
			if !done {
				return fmt.Errorf("partition %d: offset %d was passed over", partition, offset)
			}
			values[value] = true
		}
		for _, value := range g.acked[partition] {
			if !values[value] {
				return fmt.Errorf("partition %d: %s is acknowledged and not processed", partition, value)
			}
		}
	}
	return nil
}

// withoutGroups checks what brokers before 0.9 lead to.
func withoutGroups(t *testing.T, target harness.Target) {
	t.Helper()
	member, err := afkak.NewGroupConsumer(target.Logged(t), harness.Name("group"), []string{"orders"})
	if err != nil {
		t.Fatal(err)
	}
	err = member.Process(harness.Context(t), func(context.Context, []afkak.Record) error { return nil })
	var unsupported *afkak.GroupsUnsupportedError
	if !errors.As(err, &unsupported) || unsupported.Release == "" {
		t.Errorf("got %v, want that it has no groups", err)
	}
	t.Log(err)
}

func TestAGroupSharesItsPartitionsAsMembersComeAndGo(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.9") {
			withoutGroups(t, target)
			return
		}
		g := gather(t, target)
		members := []*attendee{g.join("a", nil)}
		g.settles(members, 6)
		members = append(members, g.join("b", nil), g.join("c", nil))
		g.settles(members, 2, 2, 2)
		g.leave(members[1])
		members = slices.Delete(members, 1, 2)
		g.settles(members, 3, 3)
		if twice := g.settleUp(members); twice > 0 {
			t.Errorf("%d records were processed again, and each member has committed before it gave up", twice)
		}
	})
}

func TestMembersOfOneClientShareItsConnections(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.9") {
			t.Skip("not covered: groups on a release that has none")
		}
		g := gather(t, target)
		var members []*attendee
		for _, name := range []string{"a", "b", "c"} {
			member, err := afkak.NewGroupConsumer(g.client, g.group, []string{g.topic}, afkak.WithAssignors(afkak.RoundRobinAssignor))
			if err != nil {
				t.Fatal(err)
			}
			a := &attendee{name: name, group: member, ended: make(chan error, 1)}
			go func() {
				a.ended <- member.Process(g.ctx, func(_ context.Context, records []afkak.Record) error { return g.process(records) })
			}()
			members = append(members, a)
		}
		g.settles(members, 2, 2, 2)
		g.settleUp(members)
	})
}

func TestAGroupGoesOnWhenItsCoordinatorIsRestarted(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.9") {
			t.Skip("not covered: groups on a release that has none")
		}
		g := gather(t, target)
		members := []*attendee{g.join("a", nil), g.join("b", nil), g.join("c", nil)}
		g.settles(members, 2, 2, 2)
		for _, how := range []string{"in order", "by a crash"} {
			broker := target.Real.Broker(int(g.coordinator().ID))
			t.Logf("restarting broker %d, the group's coordinator, %s", broker.ID(), how)
			if how == "by a crash" {
				broker.Kill()
				g.flows(members) // without it
			}
			if err := broker.Restart(g.ctx); err != nil {
				t.Fatal(err)
			}
			g.settles(members, 2, 2, 2)
			target.Settled(t, g.client, g.topic)
		}
		g.settleUp(members)
	})
}

func (g *gathering) coordinator() afkak.Broker {
	g.t.Helper()
	g.client.ResetGroups(g.group)
	broker, err := g.client.Coordinator(g.ctx, g.group)
	if err != nil {
		g.t.Fatal(err)
	}
	return broker
}

func TestAMemberWhoseHeartbeatsWereLostComesBack(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.9") {
			t.Skip("not covered: groups on a release that has none")
		}
		g := gather(t, target)
		proxy := harness.NewProxy(t)
		short := []afkak.GroupOption{afkak.WithSessionTimeout(6 * time.Second), afkak.WithHeartbeatInterval(time.Second)}
		lost := g.join("c", []afkak.ClientOption{afkak.WithDialer(proxy.Dial)}, short...)
		others := []*attendee{g.join("a", nil, short...), g.join("b", nil, short...)}
		members := append(slices.Clone(others), lost)
		g.settles(members, 2, 2, 2)
		end := proxy.Silence()
		g.settles(others, 3, 3) // after the session of the lost one
		harness.Eventually(t, "the lost one knows", func(context.Context) error {
			if state := lost.group.State(); len(lost.group.Assignment()) > 0 || state.Kind != afkak.StateWaiting {
				return fmt.Errorf("it is %v", state)
			}
			return nil
		})
		t.Logf("the lost one is %v", lost.group.State())
		end()
		g.settles(members, 2, 2, 2)
		g.settleUp(members)
	})
}

func TestPartitionsThatAreAddedAreShared(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("1.0") {
			t.Skip("not covered: a request that adds partitions, which came with Kafka 1.0 (KIP-195)")
		}
		g := gather(t, target)
		members := []*attendee{
			g.join("a", []afkak.ClientOption{afkak.WithMetadataMaxAge(time.Second)}), g.join("b", []afkak.ClientOption{afkak.WithMetadataMaxAge(time.Second)}),
		}
		g.settles(members, 3, 3)
		req := protocol.NewCreatePartitionsRequest()
		req.TimeoutMs = 30_000
		req.Topics = []protocol.CreatePartitionsRequestTopic{{Name: g.topic, Count: 8}}
		if _, err := g.client.Do(g.ctx, req); err != nil {
			t.Fatal(err)
		}
		harness.Eventually(t, "the members have eight partitions", func(context.Context) error {
			if a, b := members[0].group.Assignment(), members[1].group.Assignment(); len(a) != 4 || len(b) != 4 {
				return fmt.Errorf("%v and %v", a, b)
			}
			return nil
		})
		g.settleUp(members)
	})
}
