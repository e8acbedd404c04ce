package afkak_test

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// onStage runs f in a bubble of simulated time with a stage that has the topic
// "orders" of four partitions, and a client.
func onStage(t *testing.T, brokers int32, f func(t *testing.T, s *stage, client *afkak.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, brokers, broker.Topic{Name: "orders", Partitions: 4})
		client := s.client()
		defer s.close()
		defer client.Close()
		f(t, s, client)
	})
}

func newConsumer(t testing.TB, client *afkak.Client, opts ...afkak.ConsumerOption) *afkak.Consumer {
	t.Helper()
	c, err := afkak.NewConsumer(client, "orders", 0, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// pull reads n records, and returns their values and what ended the loop early.
// All but the last count as processed; with last that one does too.
func pull(ctx context.Context, c *afkak.Consumer, n int) (values []string, err error) {
	for rec, err := range c.Records(ctx) {
		if err != nil {
			return values, err
		}
		if values = append(values, string(rec.Value)); len(values) == n {
			break
		}
	}
	return values, nil
}

func wantValues(t testing.TB, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConsumerReadsWhatIsThereAndWhatComes(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 100)...)
		c := newConsumer(t, client)
		done := reads(t.Context(), c, 150)
		time.Sleep(3 * time.Second)
		s.produce("orders", 0, numbered(100, 50)...)
		got := <-done
		if got.err != nil {
			t.Fatal(got.err)
		}
		wantValues(t, got.values, numbered(0, 150))
		if c.HighWatermark() != 150 || c.State().Kind != afkak.StateFetching {
			t.Errorf("got high watermark %d, state %v", c.HighWatermark(), c.State())
		}
		c.Stop()
	})
}

func TestConsumerFillsInTheRecord(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		now := time.Now()
		s.produce("orders", 0, "a", "b")
		c := newConsumer(t, client, afkak.StartAt(afkak.Offset(1)))
		defer c.Stop()
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if rec.Topic != "orders" || rec.Partition != 0 || rec.Offset != 1 || rec.Key != nil || string(rec.Value) != "b" || !rec.Timestamp.Equal(now.Truncate(time.Millisecond)) {
				t.Errorf("got %+v", rec)
			}
			break
		}
	})
}

func TestConsumerStartPositions(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		time.Sleep(time.Hour)
		s.produce("orders", 0, numbered(10, 10)...)
		for _, tc := range []struct {
			at   afkak.Position
			want int64
		}{
			{afkak.Earliest, 0},
			{afkak.Latest, 20},
			{afkak.Offset(7), 7},
			{afkak.At(time.Now().Add(-time.Minute)), 10},
			{afkak.Ago(time.Minute), 10},
			{afkak.Ago(2 * time.Hour), 0},
			{afkak.At(time.Now().Add(time.Hour)), 20},
		} {
			c := newConsumer(t, client, afkak.StartAt(tc.at), afkak.EndAt(afkak.Latest))
			for _, err := range c.Records(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				break
			}
			if c.Position() != tc.want {
				t.Errorf("%v: got position %d, want %d", tc.at, c.Position(), tc.want)
			}
			c.Stop()
		}
	})
}

func TestRecordsBeginsAgainWithTheRecordThatTheLoopBrokeAt(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client)
		defer c.Stop()
		got, err := pull(t.Context(), c, 3)
		if err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, []string{"0", "1", "2"})
		if c.LastProcessed() != 1 || c.Position() != 2 {
			t.Errorf("got last processed %d, position %d, want 1 and 2", c.LastProcessed(), c.Position())
		}
		got, err = pull(t.Context(), c, 3)
		if err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, []string{"2", "3", "4"})
		if last := c.Stop(); last != 3 {
			t.Errorf("Stop returned %d, want 3", last)
		}
		got, err = pull(t.Context(), c, 2) // after a stop as well
		if err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, []string{"4", "5"})
	})
}

func TestRecordsEndsWithItsContext(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		c := newConsumer(t, client)
		defer c.Stop()
		cause := errors.New("enough")
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Minute, cause)
		defer cancel()
		got, err := pull(ctx, c, 2)
		wantValues(t, got, []string{"0"})
		if !errors.Is(err, cause) {
			t.Errorf("got %v, want the cause", err)
		}
		if c.LastProcessed() != 0 {
			t.Errorf("the record counts as processed when the next was asked for; got %d", c.LastProcessed())
		}
	})
}

func TestRecordsOfABusyConsumerFails(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		c := newConsumer(t, client)
		defer c.Stop()
		for range c.Records(t.Context()) {
			if _, err := pull(t.Context(), c, 1); !errors.Is(err, afkak.ErrConsumerBusy) {
				t.Errorf("got %v, want ErrConsumerBusy", err)
			}
			break
		}
	})
}

func TestProcessHandsOverEachRecordOnce(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 1000)...)
		c := newConsumer(t, client, afkak.WithMaxRecords(7))
		var got []string
		err := c.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
			if len(recs) > 7 {
				t.Errorf("got %d records at once", len(recs))
			}
			for _, rec := range recs {
				got = append(got, string(rec.Value))
			}
			if len(got) == 1000 {
				c.Stop()
			}
			return nil
		})
		if err != nil {
			t.Errorf("got %v from a stopped consumer, want nil", err)
		}
		wantValues(t, got, numbered(0, 1000))
		if c.LastProcessed() != 999 {
			t.Errorf("got last processed %d, want 999", c.LastProcessed())
		}
	})
}

func TestProcessStopsAtAnErrorAndBeginsAgainThere(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 20)...)
		c := newConsumer(t, client, afkak.WithMaxRecords(5), afkak.WithGroup("billing"), afkak.EndAt(afkak.Latest))
		broken := errors.New("disk full")
		var got []string
		process := func(fail string) error {
			return c.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
				if string(recs[0].Value) == fail {
					return broken
				}
				for _, rec := range recs {
					got = append(got, string(rec.Value))
				}
				return nil
			})
		}
		err := process("10")
		var failed *afkak.ProcessorError
		if !errors.Is(err, broken) || !errors.As(err, &failed) || failed.First != 10 || failed.Last != 14 {
			t.Errorf("got %v, want a ProcessorError of 10 to 14", err)
		}
		wantValues(t, got, numbered(0, 10))
		time.Sleep(time.Minute)
		if c.LastProcessed() != 9 || c.Committed() != 10 {
			t.Errorf("got last processed %d, committed %d, want 9 and 10", c.LastProcessed(), c.Committed())
		}
		if err := process("none"); err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, numbered(0, 20))
	})
}

func TestStopCancelsTheProcessor(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		c := newConsumer(t, client)
		go func() {
			time.Sleep(time.Second)
			if last := c.Stop(); last != -1 {
				t.Errorf("Stop returned %d, want -1", last)
			}
		}()
		err := c.Process(t.Context(), func(ctx context.Context, _ []afkak.Record) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if err != nil {
			t.Errorf("got %v, want nil", err)
		}
		if c.LastProcessed() != -1 {
			t.Errorf("got last processed %d, want -1", c.LastProcessed())
		}
	})
}

func TestCloseFinishesTheRecordsInHandAndCommits(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithMaxRecords(4), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0))
		closed := make(chan error, 1)
		calls := 0
		err := c.Process(t.Context(), func(context.Context, []afkak.Record) error {
			calls++
			go func() { closed <- c.Close(t.Context()) }()
			time.Sleep(10 * time.Second)
			return nil
		})
		if err != nil || calls != 1 {
			t.Errorf("got %v after %d calls, want nil after 1", err, calls)
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if c.Committed() != 4 {
			t.Errorf("got committed %d, want 4", c.Committed())
		}
		if _, err := pull(t.Context(), c, 1); !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("got %v from a closed consumer, want ErrClosed", err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Errorf("closing again: %v", err)
		}

		next := newConsumer(t, client, afkak.WithGroup("billing"))
		defer next.Stop()
		got, err := pull(t.Context(), next, 6)
		if err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, numbered(4, 6))
	})
}

func TestCloseDoesNotHangPastItsContext(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		c := newConsumer(t, client, afkak.WithGroup("billing"))
		release := make(chan struct{})
		done := make(chan error, 1)
		started := make(chan struct{})
		go func() {
			done <- c.Process(t.Context(), func(context.Context, []afkak.Record) error {
				close(started)
				<-release
				return nil
			})
		}()
		<-started
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := c.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the deadline", err)
		}
		close(release)
		if err := <-done; err != nil {
			t.Errorf("Process: %v", err)
		}
	})
}

func TestAProcessorMayCloseItsConsumer(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 4)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithMaxRecords(2))
		err := c.Process(t.Context(), func(ctx context.Context, recs []afkak.Record) error {
			if recs[0].Offset == 2 {
				return c.Close(ctx)
			}
			return nil
		})
		if err != nil || c.Committed() != 2 {
			t.Errorf("got %v, committed %d, want nil and 2", err, c.Committed())
		}
	})
}

func TestCommits(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 1000)...)
		committed := func() (at int64) {
			probe := newConsumer(t, client, afkak.WithGroup("billing"))
			defer probe.Stop()
			if _, err := pull(t.Context(), probe, 1); err != nil {
				t.Fatal(err)
			}
			return probe.Committed()
		}
		manual := []afkak.ConsumerOption{afkak.WithGroup("billing"), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0)}

		c := newConsumer(t, client, manual...)
		if err := c.Commit(t.Context()); err != nil || c.Committed() != -1 {
			t.Errorf("before the start: %v, committed %d", err, c.Committed())
		}
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			switch rec.Offset {
			case 9:
				if err := c.Commit(t.Context()); err != nil || c.Committed() != 9 {
					t.Errorf("Commit: %v, committed %d, want 9: the record in hand is not processed", err, c.Committed())
				}
				continue
			case 10:
				if err := c.CommitRecord(t.Context(), rec); err != nil || c.Committed() != 11 {
					t.Errorf("CommitRecord: %v, committed %d, want 11", err, c.Committed())
				}
			default:
				continue
			}
			break
		}
		if c.Stop() != 10 || committed() != 11 {
			t.Errorf("last processed %d, committed %d, want 10 and 11", c.LastProcessed(), committed())
		}
		if err := c.CommitOffset(t.Context(), 500); err != nil || committed() != 500 || c.Position() != 11 {
			t.Errorf("CommitOffset: %v, committed %d, position %d", err, committed(), c.Position())
		}
	})
}

func TestARecordCommittedBehindItsLoopStaysCommittedWhenTheConsumerCloses(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 20)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0))
		var last afkak.Record
		for rec, err := range c.Records(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			if last = rec; rec.Offset == 10 {
				break
			}
		}
		if err := c.CommitRecord(t.Context(), last); err != nil {
			t.Fatal(err)
		}
		for rec, err := range c.Records(t.Context()) {
			if err != nil || rec.Offset != 11 {
				t.Errorf("the next record is %d (%v), want 11", rec.Offset, err)
			}
			break
		}
		if err := c.Close(t.Context()); err != nil || c.Committed() != 11 {
			t.Errorf("Close: %v, committed %d, want 11", err, c.Committed())
		}
	})
}

func TestAutomaticCommits(t *testing.T) {
	for _, tc := range []struct {
		name  string
		opts  []afkak.ConsumerOption
		early int64 // committed after 150 records
		late  int64 // and a minute later
	}{
		{"every 100 records or 5 seconds by default", nil, 100, 149},
		{"by number only", []afkak.ConsumerOption{afkak.WithCommitInterval(0)}, 100, 100},
		{"by time only", []afkak.ConsumerOption{afkak.WithCommitEvery(0)}, -1, 149},
		{"not at all", []afkak.ConsumerOption{afkak.WithCommitEvery(0), afkak.WithCommitInterval(0)}, -1, -1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				s.produce("orders", 0, numbered(0, 150)...)
				c := newConsumer(t, client, append(tc.opts, afkak.WithGroup("billing"))...)
				defer c.Stop()
				for rec, err := range c.Records(t.Context()) {
					if err != nil {
						t.Fatal(err)
					}
					if rec.Offset == 100 || rec.Offset == 149 {
						synctest.Wait() // the 100th record is processed since this one was asked for
						time.Sleep(time.Millisecond)
					}
					if rec.Offset == 149 {
						break
					}
				}
				if c.Committed() != tc.early {
					t.Errorf("got %d committed, want %d", c.Committed(), tc.early)
				}
				time.Sleep(time.Minute)
				if c.Committed() != tc.late {
					t.Errorf("a minute later: got %d committed, want %d", c.Committed(), tc.late)
				}
			})
		})
	}
}

func TestCommitWithoutAGroupFails(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		if err := newConsumer(t, client).Commit(t.Context()); err == nil {
			t.Error("got no error")
		}
	})
}

func TestPartitionsShareOneRequestAtATime(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		done := make(chan error)
		for p := range int32(4) {
			c, err := afkak.NewConsumer(client, "orders", p)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				got, err := pull(t.Context(), c, 20)
				wantValues(t, got, numbered(int(p)*100, 20))
				c.Stop()
				done <- err
			}()
		}
		for i := range 20 {
			time.Sleep(time.Second)
			for p := range int32(4) {
				s.produce("orders", p, strconv.Itoa(int(p)*100+i))
			}
		}
		for range 4 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.dials > 3 { // control and fetch, and what the discovery of the cluster takes
			t.Errorf("got %d connections", s.dials)
		}
	})
}

func TestOptionsAreCheckedAllAtOnce(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		_, err := afkak.NewConsumer(client, "", -1, afkak.StartAt(afkak.Committed), afkak.WithMaxRecords(0), afkak.WithFetchMaxBytes(-1), afkak.IfOutOfRange(afkak.Offset(-3)))
		if err == nil {
			t.Fatal("got no error")
		}
		var joined interface{ Unwrap() []error }
		if !errors.As(err, &joined) {
			t.Errorf("got %v, want several", err)
		}
	})
}

func TestUnknownTopicAndPartitionFailInTime(t *testing.T) {
	for _, tc := range []struct {
		name      string
		topic     string
		partition int32
	}{{"topic", "nothing", 0}, {"partition", "orders", 17}} {
		t.Run(tc.name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				c, err := afkak.NewConsumer(client, tc.topic, tc.partition)
				if err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				_, err = pull(t.Context(), c, 1)
				if !errors.Is(err, kerr.UnknownTopicOrPartition) {
					t.Errorf("got %v", err)
				}
				if took := time.Since(start); took < 10*time.Second || took > 20*time.Second {
					t.Errorf("took %v, want the 10 s of the default and little more", took)
				}
				if c.State().Kind != afkak.StateFailed {
					t.Errorf("got state %v", c.State())
				}
			})
		})
	}
}

func TestEndAtEndsTheConsumer(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		for i := range 10 {
			s.produce("orders", 0, numbered(10*i, 10)...)
		}
		for _, tc := range []struct {
			start, end afkak.Position
			want       []string
		}{
			{afkak.Earliest, afkak.Latest, numbered(0, 100)},
			{afkak.Earliest, afkak.Offset(37), numbered(0, 37)},
			{afkak.Offset(15), afkak.Offset(20), numbered(15, 5)},
			{afkak.Latest, afkak.Latest, nil},
			{afkak.Offset(50), afkak.Offset(20), nil},
		} {
			pulling := newConsumer(t, client, afkak.StartAt(tc.start), afkak.EndAt(tc.end))
			got, err := pull(t.Context(), pulling, 1000)
			if err != nil {
				t.Error(err)
			}
			wantValues(t, got, tc.want)

			processing := newConsumer(t, client, afkak.StartAt(tc.start), afkak.EndAt(tc.end), afkak.WithMaxRecords(4))
			got = nil
			err = processing.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
				for _, rec := range recs {
					got = append(got, string(rec.Value))
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
			wantValues(t, got, tc.want)
			for _, c := range []*afkak.Consumer{pulling, processing} {
				if c.State().Kind != afkak.StateStopped || len(tc.want) > 0 && strconv.FormatInt(c.LastProcessed(), 10) != tc.want[len(tc.want)-1] {
					t.Errorf("%v to %v: got state %q, last processed %d", tc.start, tc.end, c.State(), c.LastProcessed())
				}
			}
		}
	})
}

func TestAClosedConsumerRemembersWhereItWas(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"))
		if c.Position() != -1 || c.LastProcessed() != -1 || c.Committed() != -1 || c.HighWatermark() != -1 || c.Lag() != -1 || c.State().Kind != afkak.StateIdle {
			t.Errorf("before the start: %d, %d, %d, %d, %d, %v", c.Position(), c.LastProcessed(), c.Committed(), c.HighWatermark(), c.Lag(), c.State())
		}
		if _, err := pull(t.Context(), c, 4); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if c.Position() != 3 || c.LastProcessed() != 2 || c.Committed() != 3 || c.HighWatermark() != 10 || c.Lag() != 7 || c.State().String() != "closed by you" {
			t.Errorf("after the end: %d, %d, %d, %d, %d, %v", c.Position(), c.LastProcessed(), c.Committed(), c.HighWatermark(), c.Lag(), c.State())
		}
	})
}

func TestTimesAreLookedUpOnOldBrokersToo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		var asked []int64
		s.set(func() {
			s.limit[protocol.KeyListOffsets] = 0
			s.answer = func(_ int32, req protocol.Request) protocol.Response {
				q, ok := req.(*protocol.ListOffsetsRequest)
				if !ok {
					return nil
				}
				at := q.Topics[0].Partitions[0].Timestamp
				asked = append(asked, at)
				resp := protocol.NewListOffsetsResponse()
				var part protocol.ListOffsetsResponseTopicPartition
				part.SetDefaults()
				if at == -2 { // no file of the log is an hour old, but it begins at 7
					part.OldStyleOffsets = []int64{7}
				}
				resp.Topics = []protocol.ListOffsetsResponseTopic{{Name: "orders", Partitions: []protocol.ListOffsetsResponseTopicPartition{part}}}
				return resp
			}
		})
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.StartAt(afkak.Ago(time.Hour)), afkak.WithIsolation(afkak.ReadCommitted))
		defer c.Stop()
		got, err := pull(t.Context(), c, 1)
		if err != nil {
			t.Fatal(err)
		}
		wantValues(t, got, []string{"7"})
	})
}

func TestConsumersThatComeOneAfterTheOtherDoNotWaitForEachOther(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		idle := newConsumer(t, client, afkak.WithFetchMaxWait(10*time.Second))
		defer idle.Stop()
		reads(t.Context(), idle, 1)
		time.Sleep(100 * time.Millisecond)
		s.produce("orders", 1, "0")
		other, err := afkak.NewConsumer(client, "orders", 1, afkak.WithFetchMaxWait(10*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		defer other.Stop()
		began := time.Now()
		if _, err := pull(t.Context(), other, 1); err != nil || time.Since(began) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
	})
}
