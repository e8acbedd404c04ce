package afkak_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// ledger is what members of a group have processed, together.
type ledger struct {
	mu      sync.Mutex
	records map[afkak.TopicPartition][]string
	running map[afkak.TopicPartition]bool
	twice   int // functions that ran while another did for the same partition
}

func newLedger() *ledger {
	return &ledger{records: map[afkak.TopicPartition][]string{}, running: map[afkak.TopicPartition]bool{}}
}

func (l *ledger) enter(p afkak.TopicPartition) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[p] {
		l.twice++
	}
	l.running[p] = true
}

func (l *ledger) leave(p afkak.TopicPartition, records []afkak.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running[p] = false
	for _, r := range records {
		l.records[p] = append(l.records[p], string(r.Value))
	}
}

// of is what was processed of a partition of orders.
func (l *ledger) of(partition int32) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.records[afkak.TopicPartition{Topic: "orders", Partition: partition}])
}

// member is a GroupConsumer at work.
type member struct {
	*afkak.GroupConsumer
	ended chan error
}

func newMember(t testing.TB, client *afkak.Client, opts ...afkak.GroupOption) *afkak.GroupConsumer {
	t.Helper()
	g, err := afkak.NewGroupConsumer(client, "billing", []string{"orders"}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func work(ctx context.Context, g *afkak.GroupConsumer, fn func(context.Context, []afkak.Record) error) *member {
	m := &member{g, make(chan error, 1)}
	go func() { m.ended <- g.Process(ctx, fn) }()
	return m
}

// records processes into the ledger.
func (l *ledger) process(_ context.Context, records []afkak.Record) error {
	p := afkak.TopicPartition{Topic: records[0].Topic, Partition: records[0].Partition}
	l.enter(p)
	l.leave(p, records)
	return nil
}

func (m *member) end(t testing.TB) {
	t.Helper()
	if err := m.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if err := <-m.ended; err != nil {
		t.Error(err)
	}
}

// wantShares compares how many partitions the members have, the least first.
func wantShares(t testing.TB, members []*member, shares ...int) {
	t.Helper()
	all := map[afkak.TopicPartition]bool{}
	var got []int
	for i, m := range members {
		assigned := m.Assignment()
		got = append(got, len(assigned))
		t.Logf("member %d has %v; it is %v", i, assigned, m.State())
		for _, p := range assigned {
			if all[p] {
				t.Errorf("%v is assigned twice", p)
			}
			all[p] = true
		}
	}
	if slices.Sort(got); !slices.Equal(got, shares) {
		t.Errorf("the members have %v partitions, want %v", got, shares)
	}
}

// committed is what the group has committed of a partition of orders.
func committed(t testing.TB, client *afkak.Client, partition int32) int64 {
	t.Helper()
	results, err := client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{Topic: "orders", Partition: partition}})
	if err != nil {
		t.Fatal(err)
	}
	return results[0].Offset
}

func TestAGroupOfOneReadsAllAndCommits(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		for p := range int32(4) {
			s.produce("orders", p, numbered(int(p)*100, 10)...)
		}
		l := newLedger()
		m := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(3 * time.Second)
		wantShares(t, []*member{m}, 4)
		if s := m.State(); s.Kind != afkak.StateFetching || s.Reason != "4 partitions in generation 1, leading the group" {
			t.Errorf("the member is %v", s)
		}
		for p := range int32(4) {
			wantValues(t, l.of(p), numbered(int(p)*100, 10))
		}
		time.Sleep(3 * time.Second) // the period of the commits is 5 s
		if offset := committed(t, client, 3); offset != 10 {
			t.Errorf("committed %d while it runs, want 10", offset)
		}
		s.produce("orders", 3, "last")
		synctest.Wait()
		m.end(t)
		if offset := committed(t, client, 3); offset != 11 {
			t.Errorf("committed %d at the end, want 11", offset)
		}
		if m.State().String() != "closed by you" || len(m.Assignment()) > 0 {
			t.Errorf("the member is %v, with %v", m.State(), m.Assignment())
		}
		if err := m.Process(t.Context(), l.process); !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("Process of a closed member: %v", err)
		}
	})
}

func TestMembersShareThePartitionsOfOneClientToo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		var members []*member
		for range 3 {
			members = append(members, work(t.Context(), newMember(t, client), l.process))
		}
		time.Sleep(10 * time.Second)
		wantShares(t, members, 1, 1, 2)
		for p := range int32(4) {
			s.produce("orders", p, numbered(0, 10)...)
		}
		time.Sleep(time.Second)
		members[0].end(t)
		time.Sleep(10 * time.Second)
		wantShares(t, members[1:], 2, 2)
		for p := range int32(4) {
			s.produce("orders", p, numbered(10, 10)...)
		}
		time.Sleep(time.Second)
		members[1].end(t)
		members[2].end(t)
		for p := range int32(4) {
			wantValues(t, l.of(p), numbered(0, 20))
		}
	})
}

func TestCommitsAndLookUpsOfManyPartitionsGoTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 100})
		client := s.client()
		defer s.close()
		defer client.Close()
		l := newLedger()
		m := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(4 * time.Second)
		wantShares(t, []*member{m}, 100)
		for p := range int32(100) {
			s.produce("orders", p, "a")
		}
		time.Sleep(time.Minute)
		for p := range int32(100) {
			if offset := committed(t, client, p); offset != 1 {
				t.Fatalf("committed %d of partition %d", offset, p)
			}
		}
		m.end(t)
		s.set(func() {
			if looked, commits := s.seen[protocol.KeyOffsetFetch]-100, s.seen[protocol.KeyOffsetCommit]; looked > 50 || commits > 50 {
				t.Errorf("%d requests to look offsets up, %d commits, for 100 partitions in a minute", looked, commits)
			}
		})
	})
}

func TestARebalanceWaitsForTheRecordsInHand(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		for p := range int32(4) {
			s.produce("orders", p, numbered(0, 10)...)
		}
		l := newLedger()
		slow := func(ctx context.Context, records []afkak.Record) error {
			p := afkak.TopicPartition{Topic: records[0].Topic, Partition: records[0].Partition}
			l.enter(p)
			time.Sleep(20 * time.Second) // no matter what ctx says
			l.leave(p, records)
			return ctx.Err()
		}
		first := work(t.Context(), newMember(t, client), slow)
		time.Sleep(10 * time.Second) // it is at its first records
		second := work(t.Context(), newMember(t, client), slow)
		time.Sleep(time.Minute)
		wantShares(t, []*member{first, second}, 2, 2)
		for p := range int32(4) {
			wantValues(t, l.of(p), numbered(0, 10))
		}
		if l.twice > 0 {
			t.Errorf("%d functions ran beside another of their partition", l.twice)
		}
		first.end(t)
		second.end(t)
	})
}

func TestAFunctionThatTakesTooLongIsToldAndWaitedFor(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "slow")
		var began, told time.Time
		l := newLedger()
		first := work(t.Context(), newMember(t, client), func(ctx context.Context, records []afkak.Record) error {
			if began.IsZero() {
				began = time.Now()
				<-ctx.Done()
				told = time.Now()
				time.Sleep(time.Minute) // and still does not return
				return ctx.Err()
			}
			return l.process(ctx, records)
		})
		time.Sleep(5 * time.Second)
		second := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(3 * time.Minute)
		wantShares(t, []*member{first, second}, 2, 2)
		if after := told.Sub(began); after < 50*time.Second || after > 70*time.Second {
			t.Errorf("the context ended %v after the function began", after)
		}
		wantValues(t, l.of(0), []string{"slow"}) // again
		first.end(t)
		second.end(t)
	})
}

func TestAProcessorErrorEndsTheMembershipAndCommitsNothingBehindIt(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		s.produce("orders", 1, numbered(0, 10)...)
		failure := errors.New("the store is full")
		l := newLedger()
		m := work(t.Context(), newMember(t, client, afkak.WithMaxRecords(1)), func(ctx context.Context, records []afkak.Record) error {
			if records[0].Partition == 0 && records[0].Offset == 5 {
				return failure
			}
			return l.process(ctx, records)
		})
		err := <-m.ended
		var failed *afkak.ProcessorError
		if !errors.As(err, &failed) || !errors.Is(err, failure) || failed.Partition != 0 || failed.First != 5 {
			t.Fatalf("got %v", err)
		}
		if m.State().Kind != afkak.StateFailed || !errors.Is(m.State().Err, failure) {
			t.Errorf("the member is %v", m.State())
		}
		wantValues(t, l.of(0), numbered(0, 5))
		if offset := committed(t, client, 0); offset != 5 {
			t.Errorf("committed %d, want 5", offset)
		}
		if offset := max(committed(t, client, 1), 0); offset != int64(len(l.of(1))) {
			t.Errorf("committed %d of the other partition, %d are processed", offset, len(l.of(1)))
		}
		began := time.Now()
		other := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(5 * time.Second) // long before a session ends: the first has left
		wantShares(t, []*member{other}, 4)
		t.Log(time.Since(began))
		other.end(t)
	})
}

func TestStopCommitsNothingAndLeaves(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		l := newLedger()
		never := []afkak.GroupOption{afkak.WithCommitEvery(0), afkak.WithCommitInterval(0)}
		g := newMember(t, client, never...)
		m := work(t.Context(), g, l.process)
		time.Sleep(5 * time.Second)
		if err := g.Process(t.Context(), l.process); !errors.Is(err, afkak.ErrConsumerBusy) {
			t.Errorf("a second Process: %v", err)
		}
		g.Stop()
		again := work(t.Context(), g, l.process) // waits for the first to end
		if err := <-m.ended; err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Second)
		wantShares(t, []*member{again}, 4)
		wantValues(t, l.of(0), append(numbered(0, 10), numbered(0, 10)...))
		again.end(t)
		if offset := committed(t, client, 0); offset != 10 {
			t.Errorf("committed %d, want 10", offset)
		}
	})
}

func TestTheEndOfTheContextCommitsAndLeaves(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		l := newLedger()
		ctx, cancel := context.WithCancelCause(t.Context())
		m := work(ctx, newMember(t, client), l.process)
		time.Sleep(3 * time.Second)
		why := errors.New("that is enough")
		cancel(why)
		if err := <-m.ended; !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
		if m.State().Kind != afkak.StateStopped {
			t.Errorf("the member is %v", m.State())
		}
		if offset := committed(t, client, 0); offset != 10 {
			t.Errorf("committed %d, want 10", offset)
		}
		other := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(5 * time.Second)
		wantShares(t, []*member{other}, 4)
		other.end(t)
	})
}

func TestTheEndOfTheContextEndsProcessWithoutBrokersToo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		ctx, cancel := context.WithCancel(t.Context())
		m := work(ctx, newMember(t, client), newLedger().process)
		time.Sleep(3 * time.Second)
		s.kill(1)
		time.Sleep(3 * time.Second)
		began := time.Now()
		cancel()
		if err := <-m.ended; !errors.Is(err, context.Canceled) || time.Since(began) > 5*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}

func TestAMemberClosesItselfFromItsFunction(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		g := newMember(t, client)
		err := g.Process(t.Context(), func(ctx context.Context, _ []afkak.Record) error { return g.Close(ctx) })
		if err != nil {
			t.Error(err)
		}
		if offset := committed(t, client, 0); offset != 10 {
			t.Errorf("committed %d, want 10", offset)
		}
	})
}

func TestAMovedCoordinatorIsFound(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		s.set(func() { s.leader = 2 })
		m := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(5 * time.Second)
		generation := m.State().Reason
		s.kill(1)
		time.Sleep(20 * time.Second)
		s.produce("orders", 0, numbered(0, 10)...)
		time.Sleep(10 * time.Second)
		wantValues(t, l.of(0), numbered(0, 10))
		if m.State().Reason != generation {
			t.Errorf("the member is %v, was %s", m.State(), generation)
		}
		m.end(t)
		if offset := committed(t, client, 0); offset != 10 {
			t.Errorf("committed %d, want 10", offset)
		}
	})
}

func TestAMemberThatWasPutOutDropsAndComesBack(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		l := newLedger()
		m := work(t.Context(), newMember(t, client, afkak.WithCommitInterval(time.Hour)), l.process)
		time.Sleep(5 * time.Second)
		var ids []string
		s.set(func() {
			s.answer = func(_ int32, req protocol.Request) protocol.Response {
				switch q := req.(type) {
				case *protocol.HeartbeatRequest:
					if len(ids) == 0 || q.MemberID == ids[0] {
						ids = []string{q.MemberID}
						return &protocol.HeartbeatResponse{ErrorCode: kerr.UnknownMemberID.Code()}
					}
				case *protocol.JoinGroupRequest:
					if q.MemberID == ids[0] {
						t.Errorf("it joins as %s again", q.MemberID)
					}
				}
				return nil
			}
		})
		time.Sleep(3 * time.Minute) // the broker takes the old one for alive until its session is over
		wantShares(t, []*member{m}, 4)
		wantValues(t, l.of(0), append(numbered(0, 10), numbered(0, 10)...)) // nothing of it was committed
		m.end(t)
	})
}

func TestLostHeartbeatsAreAnEndAndABeginning(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		m := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(5 * time.Second)
		s.set(func() { s.down[1] = true })
		s.kill(1)
		time.Sleep(30 * time.Second)
		if state := m.State(); len(m.Assignment()) != 4 || state.Err == nil {
			t.Errorf("before the session is over: %v, with %v", state, m.Assignment())
		}
		time.Sleep(30 * time.Second)
		if state := m.State(); len(m.Assignment()) != 0 || state.Kind != afkak.StateWaiting {
			t.Errorf("when the session is over: %v, with %v", state, m.Assignment())
		}
		s.set(func() { s.down[1] = false })
		time.Sleep(10 * time.Second)
		wantShares(t, []*member{m}, 4)
		s.produce("orders", 0, numbered(0, 10)...)
		time.Sleep(time.Second)
		wantValues(t, l.of(0), numbered(0, 10))
		m.end(t)
	})
}

func TestTopicsThatAppearAreRead(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		g, err := afkak.NewGroupConsumer(client, "billing", []string{"orders", "returns"})
		if err != nil {
			t.Fatal(err)
		}
		m := work(t.Context(), g, l.process)
		time.Sleep(5 * time.Second)
		wantShares(t, []*member{m}, 4)
		if state := m.State(); state.Reason != "4 partitions in generation 1, leading the group; topic returns does not exist" {
			t.Errorf("the member is %v", state)
		}
		create := protocol.NewCreateTopicsRequest()
		create.TimeoutMs = 1000
		create.Topics = []protocol.CreateTopicsRequestTopic{{Name: "returns", NumPartitions: 2, ReplicationFactor: 1}}
		if resp, err := s.direct(create, 5); err != nil || resp.(*protocol.CreateTopicsResponse).Topics[0].ErrorCode != 0 {
			t.Fatal(resp, err)
		}
		time.Sleep(15 * time.Second)
		wantShares(t, []*member{m}, 6)
		m.end(t)
	})
}

func TestPartitionsThatAreAddedAreRead(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		first, second := work(t.Context(), newMember(t, client), l.process), work(t.Context(), newMember(t, client), l.process)
		time.Sleep(10 * time.Second)
		wantShares(t, []*member{first, second}, 2, 2)
		create := protocol.NewCreatePartitionsRequest()
		create.TimeoutMs = 1000
		create.Topics = []protocol.CreatePartitionsRequestTopic{{Name: "orders", Count: 6}}
		if resp, err := s.direct(create, 3); err != nil || resp.(*protocol.CreatePartitionsResponse).Results[0].ErrorCode != 0 {
			t.Fatal(resp, err)
		}
		time.Sleep(5*time.Minute + 10*time.Second) // the age of the metadata, and the rebalance
		wantShares(t, []*member{first, second}, 3, 3)
		first.end(t)
		second.end(t)
	})
}

func TestATopicThatABrokerDoesNotKnowForAWhileIsKept(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		m := work(t.Context(), newMember(t, client), newLedger().process)
		time.Sleep(5 * time.Second)
		unknown := false
		s.set(func() {
			s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
				if r, ok := resp.(*protocol.MetadataResponse); ok && unknown {
					for i := range r.Topics {
						r.Topics[i].ErrorCode, r.Topics[i].Partitions = kerr.UnknownTopicOrPartition.Code(), nil
					}
				}
			}
		})
		forget := func(d time.Duration) {
			s.set(func() { unknown = true })
			client.ResetTopics("orders") // so that it is asked for
			time.Sleep(d)
			s.set(func() { unknown = false })
		}
		forget(8 * time.Second)
		time.Sleep(10 * time.Second)
		if state := m.State(); len(m.Assignment()) != 4 || state.Reason != "4 partitions in generation 1, leading the group" {
			t.Errorf("after a while without the topic: %v", state)
		}
		forget(30 * time.Second)
		if state := m.State(); len(m.Assignment()) != 0 {
			t.Errorf("when the topic is gone: %v, with %v", state, m.Assignment())
		}
		time.Sleep(20 * time.Second)
		wantShares(t, []*member{m}, 4)
		m.end(t)
	})
}

func TestAStaticMemberComesBackToItsPlace(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		l := newLedger()
		first := work(t.Context(), newMember(t, client, afkak.WithInstanceID("a")), l.process)
		second := work(t.Context(), newMember(t, client, afkak.WithInstanceID("b")), l.process)
		time.Sleep(10 * time.Second)
		wantShares(t, []*member{first, second}, 2, 2)
		before := fmt.Sprint(first.Assignment(), second.State().Reason)
		first.end(t)
		time.Sleep(20 * time.Second)
		first = work(t.Context(), newMember(t, client, afkak.WithInstanceID("a")), l.process)
		time.Sleep(10 * time.Second)
		if after := fmt.Sprint(first.Assignment(), second.State().Reason); after != before {
			t.Errorf("it was %s, and is %s", before, after)
		}
		usurper := work(t.Context(), newMember(t, client, afkak.WithInstanceID("a")), l.process)
		if err := <-first.ended; !errors.Is(err, kerr.FencedInstanceID) {
			t.Errorf("the member whose ID was taken ended with %v", err)
		}
		usurper.end(t)
		second.end(t)
	})
}

func TestAClosedClientEndsItsMembers(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		m := work(t.Context(), newMember(t, client), newLedger().process)
		time.Sleep(5 * time.Second)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if err := <-m.ended; !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("Process ended with %v", err)
		}
	})
}

func TestEachRebalanceIsLogged(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, _ *afkak.Client) {
		var log bytes.Buffer
		client := s.client(afkak.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
		defer client.Close()
		l := newLedger()
		first := work(t.Context(), newMember(t, client), l.process)
		time.Sleep(5 * time.Second)
		other := s.client()
		defer other.Close()
		second := work(t.Context(), newMember(t, other), l.process)
		time.Sleep(10 * time.Second)
		first.end(t)
		second.end(t)
		for _, want := range []string{
			`msg=assigned generation=1 member=`, `leader=true partitions="[orders/0 orders/1 orders/2 orders/3]" group=billing`,
			`msg="group membership" state="rebalancing (the group is rebalancing): finishing the records in hand" group=billing`,
			`msg=assigned generation=2 member=`, `state="leaving (closed by you): saying goodbye"`, `state="closed by you"`,
		} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log has no %s:\n%s", want, &log)
			}
		}
	})
}

func TestBrokersBefore09KnowNoGroups(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() {
			s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
				if r, ok := resp.(*protocol.APIVersionsResponse); ok {
					r.APIKeys = slices.DeleteFunc(r.APIKeys, func(api protocol.APIVersionsResponseAPIKey) bool {
						return protocol.APIKey(api.APIKey) == protocol.KeyJoinGroup
					})
				}
			}
		})
		err := newMember(t, client).Process(t.Context(), newLedger().process)
		var unsupported *afkak.GroupsUnsupportedError
		if !errors.As(err, &unsupported) {
			t.Errorf("got %v", err)
		}
	})
}

func TestARefusedGroupEndsWithATypedError(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() {
			s.answer = func(_ int32, req protocol.Request) protocol.Response {
				if _, ok := req.(*protocol.JoinGroupRequest); !ok {
					return nil
				}
				return &protocol.JoinGroupResponse{ErrorCode: kerr.GroupAuthorizationFailed.Code(), ProtocolName: new(string)}
			}
		})
		err := newMember(t, client).Process(t.Context(), newLedger().process)
		var refused *afkak.GroupError
		if !errors.As(err, &refused) || !errors.Is(err, kerr.GroupAuthorizationFailed) || refused.Broker != 1 {
			t.Errorf("got %v", err)
		}
	})
}

func TestWrongArgumentsOfAMemberAreAllTold(t *testing.T) {
	_, err := afkak.NewGroupConsumer(nil, "", []string{""}, afkak.WithHeartbeatInterval(time.Minute), afkak.WithAssignors(), afkak.WithMaxRecords(0))
	const want = `new group consumer: the client is nil
the group has no name
topic "": a name has 1 to 249 characters
WithHeartbeatInterval(1m0s): not less than the session timeout, which is 30s
WithAssignors: name at least one
WithMaxRecords(0): records must be at least 1`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
