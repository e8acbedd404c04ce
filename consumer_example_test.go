package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
)

// withOrders is embedded with three records in orders/0.
func withOrders() (client *afkak.Client, stop func()) {
	client, stop = embedded()
	payload := afkak.ProducePayload{Topic: "orders", Partition: 0, Records: []afkak.Record{
		{Value: []byte("first")}, {Value: []byte("second")}, {Value: []byte("third")},
	}}
	if _, err := client.Produce(context.Background(), []afkak.ProducePayload{payload}); err != nil {
		log.Fatal(err)
	}
	return client, stop
}

func ExampleConsumer_Records() {
	client, stop := withOrders()
	defer stop()
	ctx := context.Background()

	consumer, err := afkak.NewConsumer(client, "orders", 0, afkak.EndAt(afkak.Latest))
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%d: %s\n", rec.Offset, rec.Value)
	}
	fmt.Println(consumer.State())
	// Output:
	// 0: first
	// 1: second
	// 2: third
	// at the end asked for, offset 3
}

func ExampleConsumer_Process() {
	client, stop := withOrders()
	defer stop()
	ctx := context.Background()

	consumer, err := afkak.NewConsumer(client, "orders", 0, afkak.WithGroup("billing"))
	if err != nil {
		log.Fatal(err)
	}
	err = consumer.Process(ctx, func(_ context.Context, records []afkak.Record) error {
		for _, rec := range records {
			fmt.Printf("%d: %s\n", rec.Offset, rec.Value)
			if string(rec.Value) == "third" {
				consumer.Stop() // Process returns nil after this call of the function
			}
		}
		return nil // nil: processed; an error: delivery stops here
	})
	if err != nil {
		log.Fatal(err)
	}
	if err := consumer.Close(ctx); err != nil { // commits what is processed
		log.Fatal(err)
	}
	fmt.Println("committed", consumer.Committed())
	// Output:
	// 0: first
	// 1: second
	// 2: third
	// committed 3
}

func ExampleConsumer_CommitRecord() {
	client, stop := withOrders()
	defer stop()
	ctx := context.Background()

	consumer, err := afkak.NewConsumer(client, "orders", 0,
		afkak.WithGroup("billing"), afkak.WithCommitEvery(0), afkak.WithCommitInterval(0)) // by hand only
	if err != nil {
		log.Fatal(err)
	}
	for rec, err := range consumer.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		if string(rec.Value) == "second" {
			if err := consumer.CommitRecord(ctx, rec); err != nil {
				log.Fatal(err)
			}
			break
		}
	}
	fmt.Println("last processed", consumer.Stop(), "- next", consumer.Committed())
	// Output: last processed 1 - next 2
}

func ExampleIfOutOfRange() {
	client, stop := withOrders()
	defer stop()
	ctx := context.Background()

	strict, err := afkak.NewConsumer(client, "orders", 0, afkak.StartAt(afkak.Offset(500)))
	if err != nil {
		log.Fatal(err)
	}
	for _, err := range strict.Records(ctx) {
		var missing *afkak.OffsetOutOfRangeError
		if errors.As(err, &missing) {
			fmt.Println(errors.Is(err, kerr.OffsetOutOfRange), missing.Offset, missing.LogStart, missing.LogEnd)
		}
	}

	lenient, err := afkak.NewConsumer(client, "orders", 0, afkak.StartAt(afkak.Offset(500)), afkak.IfOutOfRange(afkak.Earliest))
	if err != nil {
		log.Fatal(err)
	}
	defer lenient.Stop()
	for rec, err := range lenient.Records(ctx) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(string(rec.Value))
		break
	}
	// Output:
	// true 500 0 3
	// first
}
