package suites

import (
	"context"
	"errors"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// processing is a Process call under way, and what it was given.
type processing struct {
	consumer *afkak.Consumer
	records  chan afkak.Record
	ended    chan error
}

// process starts processing.
func process(t *testing.T, c *afkak.Consumer) *processing {
	t.Helper()
	p := &processing{consumer: c, records: make(chan afkak.Record), ended: make(chan error, 1)}
	go func() {
		p.ended <- c.Process(t.Context(), func(ctx context.Context, records []afkak.Record) error {
			for _, r := range records {
				select {
				case p.records <- r:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			return nil
		})
	}()
	return p
}

// take waits for n records, with the next offsets from the given one on.
func (p *processing) take(t *testing.T, from, n int) []afkak.Record {
	t.Helper()
	var got []afkak.Record
	ctx := harness.Context(t)
	for len(got) < n {
		select {
		case r := <-p.records:
			if want := int64(from + len(got)); r.Offset != want {
				t.Fatalf("offset %d, want %d", r.Offset, want)
			}
			got = append(got, r)
		case err := <-p.ended:
			t.Fatalf("ended after %d of %d records: %v", len(got), n, err)
		case <-ctx.Done():
			t.Fatalf("got %d of %d records; the consumer is %v", len(got), n, p.consumer.State())
		}
	}
	return got
}

// stop ends processing and checks that nothing else had come.
func (p *processing) stop(t *testing.T) {
	t.Helper()
	stopped := make(chan struct{})
	go func() {
		p.consumer.Stop()
		close(stopped)
	}()
	ctx := harness.Context(t)
	for {
		select {
		case r := <-p.records:
			t.Errorf("one more record, offset %d", r.Offset)
		case err := <-p.ended:
			if err != nil {
				t.Error(err)
			}
			<-stopped
			return
		case <-ctx.Done():
			t.Fatal("Process does not end")
		}
	}
}

func TestEachRecordComesExactlyOnce(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		write(t, client, topic, afkak.None, numbered(0, 100))
		p := process(t, consumer(t, client, topic, 0))
		got := p.take(t, 0, 100)
		write(t, client, topic, afkak.None, numbered(100, 100))
		got = append(got, p.take(t, 100, 100)...)
		write(t, client, topic, afkak.None, numbered(200, 50))
		got = append(got, p.take(t, 200, 50)...)
		p.stop(t)
		same(t, got, numbered(0, 250))
	})
}

func TestMessagesThreeTimesTheBufferAreRead(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		const buffer = 128 << 10
		client := target.Logged(t)
		topic := target.Created(t, client)
		want := append(numbered(0, 10), sized(10, 3*buffer)...)
		write(t, client, topic, afkak.None, want[:10])
		for _, r := range want[10:] {
			write(t, client, topic, afkak.None, []afkak.Record{r})
		}
		same(t, pull(t, consumer(t, client, topic, 0, afkak.WithPartitionMaxBytes(buffer)), len(want)), want)
	})
}

func TestAMessageBeyondTheLargestBufferFailsAfterTheTenBeforeIt(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		const largest = 256 << 10
		client, ctx := target.Logged(t), harness.Context(t)
		topic := target.Created(t, client)
		want := append(numbered(0, 10), sized(1, largest+100)...)
		write(t, client, topic, afkak.None, want[:10])
		write(t, client, topic, afkak.None, want[10:])

		c := consumer(t, client, topic, 0, afkak.WithPartitionMaxBytes(64<<10), afkak.WithMaxFetchBuffer(largest))
		var got []afkak.Record
		err := c.Process(ctx, func(_ context.Context, records []afkak.Record) error {
			if got = append(got, records...); len(got) == len(want) {
				c.Stop()
			}
			return nil
		})
		if pass.AtLeast("0.10.1") { // KIP-74: the first batch comes whatever its size
			if err != nil {
				t.Fatal(err)
			}
			same(t, got, want)
			return
		}
		var tooLarge *afkak.MessageTooLargeError
		if !errors.As(err, &tooLarge) || tooLarge.Offset != 10 || tooLarge.Limit != largest || tooLarge.Size < largest {
			t.Fatalf("got %v, want that the message at 10 is larger than %d", err, largest)
		}
		same(t, got, want[:10])
		same(t, pull(t, consumer(t, client, topic, 0, afkak.WithPartitionMaxBytes(64<<10)), len(want)), want)
	})
}

func TestStopAndRestartLeaveNoGapAndRepeatNothing(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		write(t, client, topic, afkak.None, numbered(0, 100))
		c := consumer(t, client, topic, 0, afkak.WithMaxRecords(1))
		got := pull(t, c, 100)
		if last := c.Stop(); last != 99 {
			t.Errorf("stopped after offset %d, want 99", last)
		}
		write(t, client, topic, afkak.Gzip, numbered(100, 100))
		for len(got) < 120 {
			got = append(got, pull(t, c, 1)...) // again and again, in the middle of what was fetched
		}
		got = append(got, pull(t, c, 80)...)
		same(t, got, numbered(0, 200))
	})
}

func TestASecondConsumerGetsExactlyTheRestOfWhatWasCommitted(t *testing.T) {
	harness.OnThree(t, core, func(t *testing.T, pass harness.Pass, target harness.Target) {
		client, ctx := target.Logged(t), harness.Context(t)
		topic, group := target.Created(t, client), harness.Name("group")
		write(t, client, topic, afkak.None, numbered(0, 100))
		keep := []afkak.ConsumerOption{
			afkak.WithGroup(group), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0), afkak.WithMaxRecords(33),
		}
		first := consumer(t, client, topic, 0, append(keep, afkak.StartAt(afkak.Earliest))...)
		got := pull(t, first, 60)
		if err := first.Commit(ctx); !pass.AtLeast("0.8.1") {
			wantUnsupported(t, err)
			return
		} else if err != nil {
			t.Fatal(err)
		}
		if committed := first.Committed(); committed != int64(len(got)) {
			t.Errorf("committed %d after %d records", committed, len(got))
		}
		first.Stop()
		write(t, client, topic, afkak.None, numbered(100, 20))
		second := consumer(t, target.Logged(t), topic, 0, append(keep, afkak.StartAt(afkak.Committed))...)
		got = append(got, pull(t, second, 120-len(got))...)
		same(t, got, numbered(0, 120))
	})
}

func TestOffsetsInAFileStandInForThoseOfTheBrokers(t *testing.T) {
	harness.OnOne(t, core, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client, folder := target.Logged(t), t.TempDir()
		topic, group := target.Created(t, client), harness.Name("group")
		write(t, client, topic, afkak.None, numbered(0, 100))
		var got []afkak.Record
		for _, until := range []int{40, 100} {
			store, err := afkak.NewFileOffsetStore(folder)
			if err != nil {
				t.Fatal(err)
			}
			c := consumer(t, client, topic, 0, afkak.WithGroup(group), afkak.WithOffsetStore(store), afkak.WithMaxRecords(7))
			got = append(got, pull(t, c, until-len(got))...)
			if err := c.Close(harness.Context(t)); err != nil { // commits
				t.Fatal(err)
			}
		}
		same(t, got, numbered(0, 100))
	})
}

func TestAutomaticCommitsAreOfWhatIsProcessed(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, pass harness.Pass, target harness.Target) {
		if !pass.AtLeast("0.8.1") {
			t.Skip("not covered: commits on a release that keeps no offsets")
		}
		client, ctx := target.Logged(t), harness.Context(t)
		topic, group := target.Created(t, client), harness.Name("group")
		write(t, client, topic, afkak.None, numbered(0, 100))
		c := consumer(t, client, topic, 0, afkak.WithGroup(group), afkak.WithCommitEvery(10), afkak.WithCommitInterval(0), afkak.WithMaxRecords(1))
		failure := errors.New("the processor cannot")
		err := c.Process(ctx, func(_ context.Context, records []afkak.Record) error {
			if records[0].Offset == 55 {
				return failure
			}
			return nil
		})
		if !errors.Is(err, failure) || c.LastProcessed() != 54 {
			t.Fatalf("got %v after offset %d, want the processor's error after 54", err, c.LastProcessed())
		}
		if err := c.Close(ctx); err != nil {
			t.Fatal(err)
		}
		results, err := client.FetchOffsets(ctx, group, []afkak.CommittedPayload{{Topic: topic}})
		if err != nil || results[0].Offset != 55 {
			t.Errorf("got %+v, %v; want 55 committed, not past the failure", results, err)
		}
	})
}

func TestLatestIsTheEndAtTheMomentOfTheStart(t *testing.T) {
	harness.OnThree(t, whole, func(t *testing.T, _ harness.Pass, target harness.Target) {
		client := target.Logged(t)
		topic := target.Created(t, client)
		write(t, client, topic, afkak.None, numbered(0, 10))
		c := consumer(t, client, topic, 0, afkak.StartAt(afkak.Latest))
		p := process(t, c)
		harness.Eventually(t, "the consumer stands at the end", func(context.Context) error {
			if at := c.Position(); at != 10 {
				return errors.New(c.State().String())
			}
			return nil
		})
		write(t, client, topic, afkak.None, numbered(10, 5))
		got := p.take(t, 10, 5)
		p.stop(t)
		same(t, got, numbered(10, 5))
	})
}
