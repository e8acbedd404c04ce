package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// The Go of docs/from-afkak.md stands here as well, line for line, so that it
// compiles and runs; TestTheGuideFromAfkakShowsWhatRuns compares the two.

const thisFile = "from_afkak_test.go"

func TestTheGuideFromAfkakShowsWhatRuns(t *testing.T) {
	guide, err := os.ReadFile("docs/from-afkak.md")
	if err != nil {
		t.Fatal(err)
	}
	source, err := os.ReadFile(thisFile)
	if err != nil {
		t.Fatal(err)
	}
	code := withoutIndent(string(source))
	snippets := goBlocks(string(guide))
	if len(snippets) < 10 {
		t.Errorf("found %d snippets: are they still marked as go?", len(snippets))
	}
	for _, snippet := range snippets {
		if !strings.Contains(code, "\n"+withoutIndent(snippet)) {
			t.Errorf("the guide has this, and %s does not:\n%s", thisFile, snippet)
		}
	}
}

// goBlocks returns the contents of the blocks that begin with ```go.
func goBlocks(markdown string) (blocks []string) {
	inside := false
	for line := range strings.Lines(markdown) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = strings.TrimSpace(line) == "```go"
			if inside {
				blocks = append(blocks, "")
			}
		case inside:
			blocks[len(blocks)-1] += line
		}
	}
	return blocks
}

func withoutIndent(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimLeft(line, "\t"))
	}
	return b.String()
}

func TestTheGuideFromAfkakRuns(t *testing.T) {
	b := startBroker(t, broker.Config{Topics: []broker.Topic{{Name: "my-topic", Partitions: 4}}})
	client := newClient(t, b.Addr())
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, part := range []struct {
		name string
		run  func(context.Context, *afkak.Client) error
	}{
		{"client", func(ctx context.Context, _ *afkak.Client) error { return guideClient(ctx, []string{b.Addr()}) }},
		{"producer", guideProducer},
		{"batches", guideBatches},
		{"partitioners", guidePartitioners},
		{"processor", guideProcessor},
		{"pull", guidePull},
		{"group", guideGroup},
		{"moving a group", guideMoveGroup},
		{"produce", guideLowLevelProduce},
		{"fetch", guideLowLevelFetch},
		{"any request", guideAnyRequest},
		{"errors", guideErrors},
	} {
		t.Run(part.name, func(t *testing.T) {
			if err := part.run(ctx, client); err != nil {
				t.Error(err)
			}
		})
	}
}

func guideClient(ctx context.Context, hosts []string) error {
	client, err := afkak.NewClient(hosts, afkak.WithClientID("billing"), afkak.WithRequestTimeout(10*time.Second))
	if err != nil {
		return err // every bad host and option at once
	}
	defer client.Close()
	return ctx.Err()
}

func guideProducer(ctx context.Context, client *afkak.Client) error {
	handle := func(afkak.Result) {}
	handleError := func(error) {}

	producer, err := afkak.NewProducer(client, afkak.WithAcks(afkak.AcksLeader), afkak.WithCompression(afkak.Gzip))
	if err != nil {
		return err
	}
	d := producer.SendAll(ctx, "my-topic", []byte("key"), []byte("one"), []byte("two"))
	d.Then(func(res afkak.Result, err error) { // addCallbacks
		if err != nil {
			handleError(err)
			return
		}
		handle(res)
	})
	res, err := d.Wait(ctx) // yield
	if err != nil {
		return err
	}
	fmt.Println(res.Topic, res.Partition, res.Offset)

	if !d.Cancel() { // too late: it is in a request, or has its result
		_, err := d.Wait(ctx)
		fmt.Println(afkak.MaybeStored(err))
	}
	return producer.Close(ctx)
}

func guideBatches(ctx context.Context, client *afkak.Client) error {
	producer, err := afkak.NewProducer(client, afkak.WithBatch(20, 0, time.Minute)) // messages, bytes, time; 0: not this one
	if err != nil {
		return err
	}
	return producer.Close(ctx)
}

func guidePartitioners(ctx context.Context, client *afkak.Client) error {
	hashed, err := afkak.NewProducer(client) // Hashed is the default
	if err != nil {
		return err
	}
	hashed.Send(ctx, afkak.Record{Topic: "my-topic", Key: []byte("key1"), Value: []byte("some message")})

	inTurn, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.RoundRobin()))
	if err != nil {
		return err
	}
	byLength, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.PartitionBy(
		func(rec afkak.Record, partitions int) int { return len(rec.Key) % partitions })))
	if err != nil {
		return err
	}
	return errors.Join(hashed.Close(ctx), inTurn.Close(ctx), byLength.Close(ctx))
}

func guideProcessor(ctx context.Context, client *afkak.Client) error {
	processed := make(chan struct{}, 1000)
	store := func(context.Context, afkak.Record) error {
		processed <- struct{}{}
		return nil
	}
	closed := make(chan error, 1)

	consumer, err := afkak.NewConsumer(client, "my-topic", 3,
		afkak.WithGroup("billing"), afkak.WithCommitEvery(100), afkak.WithCommitInterval(5*time.Second),
		afkak.StartAt(afkak.Committed), afkak.IfNoCommitted(afkak.Earliest))
	if err != nil {
		return err
	}
	go func() { // the rest of a program; ends with the consumer
		_, err := client.Produce(ctx, []afkak.ProducePayload{{Topic: "my-topic", Partition: 3, Records: []afkak.Record{{Value: []byte("a")}}}})
		<-processed
		closed <- errors.Join(err, consumer.Close(ctx))
	}()
	err = consumer.Process(ctx, func(ctx context.Context, records []afkak.Record) error {
		for _, rec := range records {
			if err := store(ctx, rec); err != nil {
				return err // these records and all later ones stay unprocessed and uncommitted
			}
		}
		return nil
	})
	return errors.Join(err, <-closed)
}

func guidePull(ctx context.Context, client *afkak.Client) error {
	store := func(context.Context, afkak.Record) error { return nil }

	consumer, err := afkak.NewConsumer(client, "my-topic", 3, afkak.StartAt(afkak.Earliest), afkak.EndAt(afkak.Latest))
	if err != nil {
		return err
	}
	for rec, err := range consumer.Records(ctx) {
		if err != nil {
			return err
		}
		if err := store(ctx, rec); err != nil {
			return err
		}
	}
	return nil
}

func guideGroup(ctx context.Context, client *afkak.Client) error {
	processed := make(chan struct{}, 1000)
	storeAll := func(context.Context, []afkak.Record) error {
		processed <- struct{}{}
		return nil
	}
	closed := make(chan error, 1)

	group, err := afkak.NewGroupConsumer(client, "billing", []string{"my-topic"})
	if err != nil {
		return err
	}
	go func() { // the rest of a program; ends with the member
		_, err := client.Produce(ctx, []afkak.ProducePayload{{Topic: "my-topic", Partition: 3, Records: []afkak.Record{{Value: []byte("a")}}}})
		<-processed
		closed <- errors.Join(err, group.Close(ctx))
	}()
	err = group.Process(ctx, func(ctx context.Context, records []afkak.Record) error {
		return storeAll(ctx, records) // of one partition; those of others at the same time
	})
	return errors.Join(err, <-closed)
}

func guideMoveGroup(ctx context.Context, client *afkak.Client) error {
	if _, err := client.CommitOffsets(ctx, "afkaks", []afkak.CommitPayload{{Topic: "my-topic", Partition: 3, Offset: 0}}); err != nil {
		return err
	}

	found, err := client.FetchOffsets(ctx, "afkaks", []afkak.CommittedPayload{{Topic: "my-topic", Partition: 3}})
	if err != nil {
		return err
	}
	if last := found[0].Offset; last >= 0 { // -1: nothing is committed
		next := []afkak.CommitPayload{{Topic: "my-topic", Partition: 3, Offset: last + 1}}
		if _, err := client.CommitOffsets(ctx, "afkaks", next); err != nil {
			return err
		}
	}

	moved, err := client.FetchOffsets(ctx, "afkaks", []afkak.CommittedPayload{{Topic: "my-topic", Partition: 3}})
	if err == nil && moved[0].Offset != 1 {
		err = fmt.Errorf("moved to offset %d", moved[0].Offset)
	}
	return err
}

func guideLowLevelProduce(ctx context.Context, client *afkak.Client) error {
	results, err := client.Produce(ctx, []afkak.ProducePayload{
		{Topic: "my-topic", Partition: 1, Codec: afkak.Gzip, Records: []afkak.Record{{Value: []byte("some message")}}},
		{Topic: "my-topic", Partition: 2, Records: []afkak.Record{{Key: []byte("k"), Value: []byte("another one")}}},
	})
	for _, result := range results { // complete, in the order of the payloads
		fmt.Println(result.Topic, result.Partition, result.Offset, result.Err)
	}
	var failed *afkak.PayloadsError // FailedPayloadsError
	if errors.As(err, &failed) {
		for _, payload := range failed.Failed {
			fmt.Println(payload.Index, payload.Err)
		}
	}
	return err
}

func guideLowLevelFetch(ctx context.Context, client *afkak.Client) error {
	fetched, err := client.Fetch(ctx, []afkak.FetchPayload{{Topic: "my-topic", Partition: 1, Offset: 0, MaxBytes: 4096}},
		afkak.WithFetchMaxWait(5*time.Second), afkak.WithFetchMinBytes(1))
	if err != nil {
		return err
	}
	fmt.Println(fetched[0].HighWatermark, len(fetched[0].Records))

	ends, err := client.ListOffsets(ctx, []afkak.ListOffsetsPayload{{Topic: "my-topic", Partition: 1, At: afkak.Latest}})
	if err != nil {
		return err
	}
	fmt.Println(ends[0].Offset)
	return nil
}

func guideAnyRequest(ctx context.Context, client *afkak.Client) error {
	resp, err := client.Do(ctx, &protocol.ListGroupsRequest{}) // goes to every broker
	if err != nil {
		return err
	}
	for _, group := range resp.(*protocol.ListGroupsResponse).Groups {
		fmt.Println(group.GroupID)
	}
	return nil
}

func guideErrors(ctx context.Context, client *afkak.Client) error {
	outcomes := []string{}
	producer, err := afkak.NewProducer(client)
	if err != nil {
		return err
	}
	_, err = producer.Send(ctx, afkak.Record{Topic: "no such topic", Value: []byte("v")}).Wait(ctx)

	var produceErr *afkak.ProduceError
	switch {
	case err == nil:
		outcomes = append(outcomes, "stored")
	case errors.Is(err, kerr.InvalidTopicException): // a broker's code, as afkak.common.InvalidTopic
		outcomes = append(outcomes, "fix the name")
	case afkak.MaybeStored(err): // as CancelledError.request_sent, of any failure
		outcomes = append(outcomes, "sending again may store it twice")
	case afkak.Retriable(err): // as RetriableBrokerResponseError
		outcomes = append(outcomes, "try again")
	case errors.As(err, &produceErr):
		outcomes = append(outcomes, fmt.Sprintf("%s/%d: %v", produceErr.Topic, produceErr.Partition, produceErr.Err))
	}

	if want := []string{"fix the name"}; !slices.Equal(outcomes, want) {
		return fmt.Errorf("got %q, want %q", outcomes, want)
	}
	return producer.Close(ctx)
}
