package afkak_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
)

// What Afkak's client and consumer do, under their own names:
// docs/AFKAK-PARITY.md.

func TestTheProcessorIsNeverRunTwiceAtOnceWhileFetchingGoesOn(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.WithMaxRecords(10))
		var running atomic.Int32
		seen := 0
		err := c.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
			if running.Add(1) != 1 {
				t.Error("the processor runs twice at once")
			}
			defer running.Add(-1)
			if seen += len(recs); seen == 10 {
				s.produce("orders", 0, numbered(10, 10)...)
				time.Sleep(time.Minute)
				if c.HighWatermark() != 20 {
					t.Errorf("high watermark %d: nothing was fetched while the processor was running", c.HighWatermark())
				}
			}
			if seen == 20 {
				c.Stop()
			}
			return nil
		})
		if err != nil || seen != 20 {
			t.Errorf("got %v after %d records", err, seen)
		}
	})
}

func TestNothingPastAFailedRecordIsDeliveredOrCommitted(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 20)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithMaxRecords(1), afkak.WithCommitEvery(1), afkak.WithCommitInterval(time.Second))
		broken := errors.New("disk full")
		last := int64(-1)
		err := c.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
			if last = recs[0].Offset; last == 7 {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("got %v", err)
		}
		time.Sleep(time.Hour) // for whatever might go on by itself
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
		results, err := client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{Topic: "orders"}})
		if err != nil || results[0].Offset != 7 || last != 7 {
			t.Errorf("committed %+v, %v, delivered up to %d; want 7 and 7", results, err, last)
		}
	})
}

func TestACommitInsideTheProcessorIsOfTheBlockBefore(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithMaxRecords(5), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0), afkak.EndAt(afkak.Latest))
		err := c.Process(t.Context(), func(ctx context.Context, recs []afkak.Record) error {
			if err := c.Commit(ctx); err != nil || c.Committed() != recs[0].Offset {
				t.Errorf("block at %d: %v, committed %d", recs[0].Offset, err, c.Committed())
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestAStoppedConsumerGoesOnWithoutGapOrRepeat(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 100)...)
		c := newConsumer(t, client, afkak.WithMaxRecords(7), afkak.EndAt(afkak.Latest))
		var got []string
		for len(got) < 100 {
			before := len(got)
			err := c.Process(t.Context(), func(_ context.Context, recs []afkak.Record) error {
				for _, rec := range recs {
					got = append(got, string(rec.Value))
				}
				if last := c.Stop(); last != recs[0].Offset-1 { // these are not processed until the function returns
					t.Errorf("Stop returned %d in the block of %d", last, recs[0].Offset)
				}
				return nil
			})
			if err != nil || len(got) == before {
				t.Fatalf("got %v after %d records", err, len(got))
			}
		}
		wantValues(t, got, numbered(0, 100))
	})
}

func TestAResetMakesTheNextCallAskAnew(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		for name, test := range map[string]struct {
			reset func()
			use   func() error
			asks  protocol.APIKey
		}{
			"topics": {func() { client.ResetTopics("orders") }, func() error {
				_, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{Topic: "orders", At: afkak.Latest}})
				return err
			}, protocol.KeyMetadata},
			"groups": {func() { client.ResetGroups("billing") }, func() error {
				_, err := client.Coordinator(t.Context(), "billing")
				return err
			}, protocol.KeyFindCoordinator},
			"all": {client.ResetAll, func() error {
				_, err := client.Coordinator(t.Context(), "billing")
				return err
			}, protocol.KeyFindCoordinator},
		} {
			for range 2 {
				if err := test.use(); err != nil {
					t.Fatal(err)
				}
			}
			known := s.requests(test.asks)
			if err := test.use(); err != nil || s.requests(test.asks) != known {
				t.Errorf("%s: %v, %d requests more for what is known", name, err, s.requests(test.asks)-known)
			}
			test.reset()
			if err := test.use(); err != nil || s.requests(test.asks) == known {
				t.Errorf("%s: %v, nobody asked after the reset", name, err)
			}
		}
	})
}

func TestClosingAClientAgainDoesNothingAndEveryCallFindsItClosed(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		waits := make(chan error, 1)
		c := newConsumer(t, client) // of an empty partition
		go func() {
			_, err := pull(t.Context(), c, 1)
			waits <- err
		}()
		time.Sleep(time.Minute)
		for range 2 {
			if err := client.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-waits; !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("who waited got %v", err)
		}
		_, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{Topic: "orders", At: afkak.Latest}})
		if !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("a call afterwards got %v", err)
		}
	})
}
