// Command consumer starts a Consumer for each partition of a topic and prints
// each message, from the earliest one on. It ends with -for or Ctrl-C.
//
//	go run ./examples/consumer -topic example -for 10s localhost:9092
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/afkak-go/afkak"
)

func main() {
	topic := flag.String("topic", "example", "topic to read")
	period := flag.Duration("for", 0, "how long to read (default: until Ctrl-C)")
	flag.Parse()
	hosts := flag.Args()
	if len(hosts) == 0 {
		hosts = []string{"localhost:9092"}
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if *period > 0 {
		time.AfterFunc(*period, stop) // as if by Ctrl-C
	}
	if err := consume(ctx, hosts, *topic); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// consume reads until ctx ends, which is then its error, or a consumer fails.
func consume(ctx context.Context, hosts []string, topic string) error {
	client, err := afkak.NewClient(hosts)
	if err != nil {
		return err
	}
	defer client.Close()
	meta, err := client.Metadata(ctx, topic)
	if err != nil {
		return err
	}
	if err := meta.Topics[0].Err; err != nil {
		return fmt.Errorf("topic %s: %w", topic, err)
	}

	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	var running sync.WaitGroup
	for _, partition := range meta.Topics[0].Partitions {
		consumer, err := afkak.NewConsumer(client, topic, partition.ID, afkak.StartAt(afkak.Earliest))
		if err != nil {
			fail(err) // ends those that run
			break
		}
		running.Go(func() {
			if err := consumer.Process(ctx, printRecords); err != nil {
				fail(err) // only the first one counts
			}
		})
	}
	running.Wait()
	return context.Cause(ctx)
}

// printRecords is the processor function: what it was given counts as processed
// when it returns nil. The partitions' consumers call it at the same time.
func printRecords(_ context.Context, records []afkak.Record) error {
	for _, rec := range records {
		if _, err := fmt.Printf("%s/%d offset %d: %q = %q\n", rec.Topic, rec.Partition, rec.Offset, rec.Key, rec.Value); err != nil {
			return err
		}
	}
	return nil
}
