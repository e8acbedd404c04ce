package afkak_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// fetchOnly returns what alters the partitions of fetch answers.
func fetchOnly(alter func(p *protocol.FetchResponseResponsePartition)) func(int32, protocol.Request, protocol.Response) {
	return func(_ int32, _ protocol.Request, resp protocol.Response) {
		if answer, ok := resp.(*protocol.FetchResponse); ok {
			for i := range answer.Responses {
				for j := range answer.Responses[i].Partitions {
					alter(&answer.Responses[i].Partitions[j])
				}
			}
		}
	}
}

// reads starts a goroutine that pulls n records; the channel has the outcome.
type outcome struct {
	values []string
	err    error
}

func reads(ctx context.Context, c *afkak.Consumer, n int) <-chan outcome {
	done := make(chan outcome, 1)
	go func() {
		values, err := pull(ctx, c, n)
		done <- outcome{values, err}
	}()
	return done
}

func TestConsumerFollowsTheLeader(t *testing.T) {
	onStage(t, 3, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client)
		defer c.Stop()
		done := reads(t.Context(), c, 40)
		for i := range 3 {
			time.Sleep(10 * time.Second)
			s.set(func() { s.leader = s.leader%3 + 1 })
			s.produce("orders", 0, numbered(10+10*i, 10)...)
		}
		got := <-done
		if got.err != nil {
			t.Fatal(got.err)
		}
		wantValues(t, got.values, numbered(0, 40))
	})
}

func TestConsumerOutlastsABrokerThatIsKilled(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client)
		defer c.Stop()
		done := reads(t.Context(), c, 20)
		time.Sleep(10 * time.Second)
		s.kill(1)
		time.Sleep(10 * time.Second)
		s.set(func() { s.leader = 2 })
		s.produce("orders", 0, numbered(10, 10)...)
		got := <-done
		if got.err != nil {
			t.Fatal(got.err)
		}
		wantValues(t, got.values, numbered(0, 20))
	})
}

func TestConsumerOutlastsAClusterThatIsGoneForAWhile(t *testing.T) {
	onStage(t, 2, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client)
		defer c.Stop()
		done := reads(t.Context(), c, 20)
		time.Sleep(10 * time.Second)
		s.kill(1)
		s.kill(2)
		time.Sleep(5 * time.Minute)
		state := c.State()
		if state.Kind != afkak.StateWaiting || state.Err == nil || time.Since(state.Since) < 4*time.Minute || !strings.Contains(state.String(), "refused") {
			t.Errorf("got state %q, want waiting since five minutes, refused", state)
		}
		s.set(func() { clear(s.down) })
		s.produce("orders", 0, numbered(10, 10)...)
		back := time.Now()
		got := <-done
		if got.err != nil {
			t.Fatal(got.err)
		}
		wantValues(t, got.values, numbered(0, 20))
		if took := time.Since(back); took > 10*time.Second {
			t.Errorf("took %v to go on", took)
		}
		synctest.Wait()
		if c.State().Kind != afkak.StateFetching {
			t.Errorf("got state %q", c.State())
		}
	})
}

func TestConsumerSaysThatThereIsNoLeader(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() { s.leader = -1 })
		c := newConsumer(t, client)
		defer c.Stop()
		done := reads(t.Context(), c, 1)
		time.Sleep(time.Minute)
		if state := c.State().String(); !strings.Contains(state, "waiting since") || !strings.Contains(state, "LEADER_NOT_AVAILABLE") {
			t.Errorf("got state %q", state)
		}
		s.produce("orders", 0, "0")
		s.set(func() { s.leader = 1 })
		if got := <-done; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestConsumerGivesUpAfterItsRetries(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() {
			s.alter = fetchOnly(func(p *protocol.FetchResponseResponsePartition) { p.ErrorCode = int16(kerr.KafkaStorageError) })
		})
		c := newConsumer(t, client, afkak.WithConsumerRetries(3))
		_, err := pull(t.Context(), c, 1)
		var failed *afkak.FetchError
		if !errors.Is(err, kerr.KafkaStorageError) || !errors.As(err, &failed) || failed.Topic != "orders" || failed.Broker != 1 || failed.Addr != "b1:9092" {
			t.Errorf("got %v, want a FetchError with KAFKA_STORAGE_ERROR", err)
		}
		if state := c.State(); state.Kind != afkak.StateFailed || !errors.Is(state.Err, kerr.KafkaStorageError) {
			t.Errorf("got state %q", state)
		}
		s.set(func() { s.alter = nil })
		s.produce("orders", 0, "0")
		if _, err := pull(t.Context(), c, 1); err != nil {
			t.Errorf("called again: %v", err)
		}
		c.Stop()
	})
}

func TestConsumerFailsAtOnceWhenRetryingIsOfNoUse(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.set(func() {
			s.alter = fetchOnly(func(p *protocol.FetchResponseResponsePartition) { p.ErrorCode = int16(kerr.TopicAuthorizationFailed) })
		})
		c := newConsumer(t, client)
		start := time.Now()
		if _, err := pull(t.Context(), c, 1); !errors.Is(err, kerr.TopicAuthorizationFailed) || time.Since(start) > time.Second {
			t.Errorf("got %v after %v", err, time.Since(start))
		}
	})
}

func TestConsumerTellsAnUnreachableClusterInTime(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.kill(1)
		c := newConsumer(t, client)
		start := time.Now()
		_, err := pull(t.Context(), c, 1)
		var unreachable *afkak.UnreachableError
		if !errors.As(err, &unreachable) || time.Since(start) > 10*time.Second {
			t.Errorf("got %v after %v, want an UnreachableError", err, time.Since(start))
		}
	})
}

func TestConsumerNeverJumpsUnasked(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.StartAt(afkak.Offset(500)))
		_, err := pull(t.Context(), c, 1)
		var missing *afkak.OffsetOutOfRangeError
		if !errors.Is(err, kerr.OffsetOutOfRange) || !errors.As(err, &missing) {
			t.Fatalf("got %v, want an OffsetOutOfRangeError", err)
		}
		if want := (afkak.OffsetOutOfRangeError{Topic: "orders", Offset: 500, LogStart: 0, LogEnd: 10}); *missing != want {
			t.Errorf("got %+v, want %+v", *missing, want)
		}
	})
}

func TestConsumerJumpsWhereItWasTold(t *testing.T) {
	for _, tc := range []struct {
		to   afkak.Position
		want string
	}{{afkak.Earliest, "0"}, {afkak.Latest, "20"}, {afkak.Ago(time.Minute), "10"}} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			s.produce("orders", 0, numbered(0, 10)...)
			time.Sleep(time.Hour)
			s.produce("orders", 0, numbered(10, 10)...)
			c := newConsumer(t, client, afkak.StartAt(afkak.Offset(500)), afkak.IfOutOfRange(tc.to))
			defer c.Stop()
			done := reads(t.Context(), c, 1)
			time.Sleep(10 * time.Second)
			s.produce("orders", 0, "20")
			got := <-done
			if got.err != nil {
				t.Fatal(got.err)
			}
			wantValues(t, got.values, []string{tc.want})
		})
	}
}

func TestConsumerBeginsWhereToldWithoutACommittedOffset(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		for _, tc := range []struct {
			opts []afkak.ConsumerOption
			want int64
		}{
			{nil, 0},
			{[]afkak.ConsumerOption{afkak.IfNoCommitted(afkak.Latest)}, 10},
			{[]afkak.ConsumerOption{afkak.IfNoCommitted(afkak.Offset(4))}, 4},
			{[]afkak.ConsumerOption{afkak.StartAt(afkak.Offset(7))}, 7},
		} {
			c := newConsumer(t, client, append(tc.opts, afkak.WithGroup("billing"))...)
			done := reads(t.Context(), c, 1)
			synctest.Wait()
			time.Sleep(time.Second)
			if c.Position() < tc.want || c.Position() > tc.want+1 {
				t.Errorf("got position %d, want %d", c.Position(), tc.want)
			}
			c.Stop()
			<-done
		}
	})
}

func TestConsumerStopsAtACorruptBatch(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		s.produce("orders", 0, "broken")
		s.produce("orders", 0, numbered(11, 10)...)
		damage := fetchOnly(func(p *protocol.FetchResponseResponsePartition) {
			p.Records = bytes.Replace(p.Records, []byte("broken"), []byte("BROKEN"), 1)
		})
		s.set(func() { s.alter = damage })
		c := newConsumer(t, client)
		got, err := pull(t.Context(), c, 100)
		wantValues(t, got, numbered(0, 10))
		var failed *afkak.FetchError
		if !errors.Is(err, kerr.CorruptMessage) || !errors.As(err, &failed) || failed.Offset != 10 || failed.Topic != "orders" {
			t.Errorf("got %v, want a FetchError at 10 with CORRUPT_MESSAGE", err)
		}

		skipping := newConsumer(t, client, afkak.WithSkipCorrupt(), afkak.EndAt(afkak.Latest))
		got, err = pull(t.Context(), skipping, 100)
		if err != nil {
			t.Error(err)
		}
		wantValues(t, got, slices.Concat(numbered(0, 10), numbered(11, 10)))

		s.set(func() { s.alter = nil }) // it was the wire: trying again heals
		got, err = pull(t.Context(), c, 1)
		if err != nil {
			t.Error(err)
		}
		wantValues(t, got, []string{"broken"})
		c.Stop()
	})
}

func TestConsumerNamesAnUnknownCodec(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		s.set(func() {
			s.alter = fetchOnly(func(p *protocol.FetchResponseResponsePartition) {
				if len(p.Records) > 0 {
					p.Records = withCodec(p.Records, 6)
				}
			})
		})
		_, err := pull(t.Context(), newConsumer(t, client), 1)
		var failed *afkak.FetchError
		if !errors.Is(err, kerr.UnsupportedCompressionType) || !errors.As(err, &failed) {
			t.Errorf("got %v, want a FetchError with UNSUPPORTED_COMPRESSION_TYPE", err)
		}
	})
}

func TestConsumerBeginsANewSessionWhenTheBrokerForgotIts(t *testing.T) {
	for _, code := range []kerr.Error{kerr.FetchSessionIDNotFound, kerr.InvalidFetchSessionEpoch} {
		onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
			refusals := 0
			s.set(func() {
				s.answer = func(_ int32, req protocol.Request) protocol.Response {
					fetch, ok := req.(*protocol.FetchRequest)
					if !ok || fetch.SessionEpoch != 3 {
						return nil
					}
					refusals++
					resp := protocol.NewFetchResponse()
					resp.ErrorCode = int16(code)
					return resp
				}
			})
			c := newConsumer(t, client)
			done := reads(t.Context(), c, 10)
			for i := range 10 {
				time.Sleep(5 * time.Second)
				s.produce("orders", 0, numbered(i, 1)...)
			}
			got := <-done
			c.Stop()
			if got.err != nil {
				t.Fatal(got.err)
			}
			wantValues(t, got.values, numbered(0, 10))
			s.set(func() {
				if refusals == 0 {
					t.Error("no session lived that long")
				}
			})
		})
	}
}

func TestConsumerOutlastsABrokerThatLeavesThePartitionOut(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "0")
		s.set(func() {
			s.alter = func(_ int32, _ protocol.Request, resp protocol.Response) {
				if answer, ok := resp.(*protocol.FetchResponse); ok {
					answer.Responses, answer.SessionID = nil, 0
				}
			}
		})
		c := newConsumer(t, client)
		defer c.Stop()
		done := reads(t.Context(), c, 1)
		time.Sleep(time.Minute)
		if state := c.State().String(); !strings.Contains(state, "leaves the partition out") {
			t.Errorf("got state %q", state)
		}
		s.set(func() { s.alter = nil })
		if got := <-done; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestConsumerGrowsItsBufferForBrokersThatTruncate(t *testing.T) {
	big := strings.Repeat("x", 300_000)
	for _, tc := range []struct {
		name  string
		limit int
		want  int
	}{{"without a limit", 0, 13}, {"up to its limit", 100_000, 10}} {
		t.Run(tc.name, func(t *testing.T) {
			onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
				s.set(func() {
					// Fetch 2 as brokers before 0.10.1 answer it: cut off at the size asked for.
					s.limit[protocol.KeyFetch] = 2
					s.answer = func(_ int32, req protocol.Request) protocol.Response {
						if fetch, ok := req.(*protocol.FetchRequest); ok {
							return s.truncated(fetch, big)
						}
						return nil
					}
				})
				opts := []afkak.ConsumerOption{afkak.StartAt(afkak.Offset(0)), afkak.WithPartitionMaxBytes(1000)}
				if tc.limit > 0 {
					opts = append(opts, afkak.WithMaxFetchBuffer(tc.limit))
				}
				c := newConsumer(t, client, opts...)
				defer c.Stop()
				got, err := pull(t.Context(), c, 13)
				if len(got) != tc.want {
					t.Errorf("got %d records, want %d", len(got), tc.want)
				}
				var large *afkak.MessageTooLargeError
				if (tc.limit > 0) != errors.As(err, &large) {
					t.Errorf("got %v", err)
				}
				if large != nil && (large.Offset != 10 || large.Limit != tc.limit || large.Size < 300_000) {
					t.Errorf("got %+v", *large)
				}
			})
		})
	}
}

func TestPrefetchingKeepsToItsBound(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		value := strings.Repeat("x", 10_000)
		for range 100 {
			s.produce("orders", 0, value)
		}
		delivered := 0 // bytes of batches that the broker has sent
		s.set(func() {
			s.alter = fetchOnly(func(p *protocol.FetchResponseResponsePartition) { delivered += len(p.Records) })
		})
		c := newConsumer(t, client, afkak.WithPrefetchBytes(100_000), afkak.WithPartitionMaxBytes(30_000))
		defer c.Stop()
		if _, err := pull(t.Context(), c, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour) // and nobody reads on
		s.set(func() {
			if delivered < 70_000 || delivered > 100_000 {
				t.Errorf("the broker has sent %d bytes, want nearly 100,000 and no more", delivered)
			}
		})
		got, err := pull(t.Context(), c, 100)
		if err != nil || len(got) != 100 {
			t.Errorf("got %d records, %v", len(got), err)
		}
	})
}

func TestASlowPartitionDoesNotHoldUpTheOthers(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		for range 20 {
			s.produce("orders", 0, strings.Repeat("x", 10_000))
		}
		slow := newConsumer(t, client, afkak.WithPrefetchBytes(20_000))
		defer slow.Stop()
		if _, err := pull(t.Context(), slow, 1); err != nil { // and nobody reads on
			t.Fatal(err)
		}
		other, err := afkak.NewConsumer(client, "orders", 1)
		if err != nil {
			t.Fatal(err)
		}
		defer other.Stop()
		done := reads(t.Context(), other, 10)
		for i := range 10 {
			time.Sleep(time.Second)
			s.produce("orders", 1, fmt.Sprint(i))
		}
		if got := <-done; got.err != nil {
			t.Error(got.err)
		}
	})
}

func TestCommitIsRetriedWithTheLatestOffset(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		var sent []int64
		s.set(func() {
			s.answer = func(_ int32, req protocol.Request) protocol.Response {
				commit, ok := req.(*protocol.OffsetCommitRequest)
				if !ok {
					return nil
				}
				sent = append(sent, commit.Topics[0].Partitions[0].CommittedOffset)
				refusal := kerr.OffsetMetadataTooLarge
				switch len(sent) {
				case 1:
				case 2:
					refusal = kerr.CoordinatorLoadInProgress // the others come while this one waits to try again
				default:
					return nil
				}
				resp := protocol.NewOffsetCommitResponse()
				resp.Topics = []protocol.OffsetCommitResponseTopic{{Name: "orders", Partitions: []protocol.OffsetCommitResponseTopicPartition{{ErrorCode: int16(refusal)}}}}
				return resp
			}
		})
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0))
		defer c.Stop()
		if err := c.CommitOffset(t.Context(), 3); !errors.Is(err, kerr.OffsetMetadataTooLarge) {
			t.Errorf("got %v, want the broker's refusal at once", err)
		}
		done := make(chan error)
		for at := range int64(20) {
			go func() { done <- c.CommitOffset(t.Context(), at) }()
		}
		for range 20 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		s.set(func() {
			if len(sent) > 6 {
				t.Errorf("20 commits at once sent %v: they did not join", sent)
			}
			if last := sent[len(sent)-1]; last != c.Committed() {
				t.Errorf("sent %d last, committed is %d", last, c.Committed())
			}
		})
	})
}

func TestClientCloseEndsItsConsumers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 1})
		defer s.close()
		client := s.client()
		c := newConsumer(t, client)
		done := reads(t.Context(), c, 1)
		time.Sleep(time.Minute)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		if got := <-done; !errors.Is(got.err, afkak.ErrClosed) {
			t.Errorf("got %v, want ErrClosed", got.err)
		}
		if c.State().Kind != afkak.StateFailed {
			t.Errorf("got state %v", c.State())
		}
	})
}
