package afkak_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func openStore(t testing.TB, folder string) *afkak.FileOffsetStore {
	t.Helper()
	store, err := afkak.NewFileOffsetStore(folder)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestAnOffsetStoreStandsInForTheBrokers(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 20)...)
		folder := t.TempDir()
		for _, first := range []int{0, 10} {
			store := openStore(t, folder) // anew, as after a restart
			c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithOffsetStore(store), afkak.WithCommitMetadata("host b"), afkak.EndAt(afkak.Offset(int64(first)+10)))
			got, err := pull(t.Context(), c, 20)
			if err != nil {
				t.Error(err)
			}
			wantValues(t, got, numbered(first, 10))
			if err := c.Close(t.Context()); err != nil {
				t.Error(err)
			}
			offset, ok, err := store.LoadOffset(t.Context(), "billing", "orders", 0)
			if want := (afkak.StoredOffset{Offset: int64(first) + 10, Metadata: "host b"}); offset != want || !ok || err != nil {
				t.Errorf("stored %+v, %v, %v; want %+v", offset, ok, err, want)
			}
		}
		if n := s.requests(protocol.KeyOffsetCommit) + s.requests(protocol.KeyOffsetFetch); n != 0 {
			t.Errorf("%d requests about offsets went to the broker", n)
		}
	})
}

func TestADamagedOffsetFileEndsTheConsumerAndIsNotBegunAnew(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "a")
		folder := t.TempDir()
		store := openStore(t, folder)
		if err := store.StoreOffset(t.Context(), "billing", "orders", 0, afkak.StoredOffset{Offset: 1}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(folder, "billing.offsets")
		if err := os.Truncate(path, 20); err != nil {
			t.Fatal(err)
		}
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithOffsetStore(store))
		_, err := pull(t.Context(), c, 1)
		var damaged *afkak.OffsetFileError
		if !errors.As(err, &damaged) || damaged.Path != path {
			t.Errorf("got %v", err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestABrokerThatKeepsNoOffsetsIsNamedWithWhatToDo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, "a")
		s.set(func() { s.alter = withoutOffsets })
		c := newConsumer(t, client, afkak.WithGroup("billing"))
		_, err := pull(t.Context(), c, 1)
		wantNoOffsets(t, "start", err)
		c = newConsumer(t, client, afkak.WithGroup("billing"), afkak.StartAt(afkak.Earliest))
		if _, err := pull(t.Context(), c, 1); err != nil {
			t.Error(err)
		}
		wantNoOffsets(t, "commit", c.CommitOffset(t.Context(), 1))
		_, err = client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{Topic: "orders"}})
		wantNoOffsets(t, "fetch", err)
		c.Stop()
	})
}

// withoutOffsets takes the requests about offsets out of what a broker speaks.
func withoutOffsets(_ int32, _ protocol.Request, resp protocol.Response) {
	versions, ok := resp.(*protocol.APIVersionsResponse)
	if !ok {
		return
	}
	var kept []protocol.APIVersionsResponseAPIKey
	for _, api := range versions.APIKeys {
		if key := protocol.APIKey(api.APIKey); key != protocol.KeyOffsetCommit && key != protocol.KeyOffsetFetch {
			kept = append(kept, api)
		}
	}
	versions.APIKeys = kept
}

func wantNoOffsets(t testing.TB, what string, err error) {
	t.Helper()
	var unsupported *afkak.OffsetsUnsupportedError
	if !errors.As(err, &unsupported) || !strings.Contains(err.Error(), "Kafka "+unsupported.Release) || !strings.Contains(err.Error(), "WithOffsetStore") {
		t.Errorf("%s: got %v", what, err)
	}
}

func TestAnOffsetStoreOfTheUsersIsTriedAgainIfItSaysSo(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		store := &flakyStore{failures: 3}
		c := newConsumer(t, client, afkak.WithGroup("billing"), afkak.WithOffsetStore(store))
		if err := c.CommitOffset(t.Context(), 7); err != nil || store.stored.Offset != 7 {
			t.Errorf("got %v, stored %d", err, store.stored.Offset)
		}
		store.final = true
		store.failures = 1
		if err := c.CommitOffset(t.Context(), 8); !errors.Is(err, errFull) {
			t.Errorf("got %v, want what the store said", err)
		}
	})
}

var errFull = errors.New("the disk is full")

// flakyStore fails some times before it stores.
type flakyStore struct {
	mu       sync.Mutex
	failures int
	final    bool
	stored   afkak.StoredOffset
}

func (s *flakyStore) LoadOffset(context.Context, string, string, int32) (afkak.StoredOffset, bool, error) {
	return afkak.StoredOffset{}, false, nil
}

func (s *flakyStore) StoreOffset(_ context.Context, _, _ string, _ int32, offset afkak.StoredOffset) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures > 0 {
		s.failures--
		if s.final {
			return errFull
		}
		return kerr.CoordinatorNotAvailable
	}
	s.stored = offset
	return nil
}

func TestAutomaticCommitsThatFailShowInTheState(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		s.produce("orders", 0, numbered(0, 10)...)
		s.set(func() { s.answer = refuseCommits(kerr.CoordinatorLoadInProgress) })
		c := newConsumer(t, client, afkak.WithGroup("billing"))
		done := processes(t.Context(), c)
		began := time.Now()
		time.Sleep(2 * time.Minute)
		state := c.State()
		if state.Kind != afkak.StateFetching || !errors.Is(state.CommitErr, kerr.CoordinatorLoadInProgress) ||
			state.CommitsFailSince.Sub(began) > time.Minute || !strings.Contains(state.String(), "commits fail since") {
			t.Errorf("got %v since %v", state, state.CommitsFailSince)
		}
		s.set(func() { s.answer = nil })
		time.Sleep(time.Minute)
		if state := c.State(); state.CommitErr != nil || c.Committed() != 10 {
			t.Errorf("got %v, committed %d", state, c.Committed())
		}
		c.Stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// processes runs a processor function that takes everything.
func processes(ctx context.Context, c *afkak.Consumer) <-chan error {
	done := make(chan error, 1)
	go func() { done <- c.Process(ctx, func(context.Context, []afkak.Record) error { return nil }) }()
	return done
}

func refuseCommits(code kerr.Error) func(int32, protocol.Request) protocol.Response {
	return func(_ int32, req protocol.Request) protocol.Response {
		if req.Key() != protocol.KeyOffsetCommit {
			return nil
		}
		resp := protocol.NewOffsetCommitResponse()
		resp.Topics = []protocol.OffsetCommitResponseTopic{{Name: "orders", Partitions: []protocol.OffsetCommitResponseTopicPartition{{ErrorCode: int16(code)}}}}
		return resp
	}
}

func ExampleWithOffsetStore() {
	client, err := afkak.NewClient([]string{"kafka080:9092"})
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	store, err := afkak.NewFileOffsetStore("/var/lib/billing/offsets")
	if err != nil {
		return
	}
	consumer, err := afkak.NewConsumer(client, "orders", 0, afkak.WithGroup("billing"), afkak.WithOffsetStore(store))
	if err != nil {
		return
	}
	_ = consumer.Process(context.Background(), func(ctx context.Context, records []afkak.Record) error {
		return nil // what was processed is in the store, at the latest when the consumer is closed
	})
	_ = consumer.Close(context.Background())
}
