package afkak_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
)

// embedded starts a broker with the topic "orders" and returns a client.
func embedded() (client *afkak.Client, stop func()) {
	b, err := broker.Start(broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 2}}})
	if err != nil {
		log.Fatal(err)
	}
	client, err = afkak.NewClient([]string{b.Addr()})
	if err != nil {
		log.Fatal(err)
	}
	return client, func() {
		_ = client.Close()
		_ = b.Close()
	}
}

func ExampleProducer() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()

	producer, err := afkak.NewProducer(client)
	if err != nil {
		log.Fatal(err)
	}
	delivery := producer.Send(ctx, afkak.Record{Topic: "orders", Key: []byte("key1"), Value: []byte("an order")})
	result, err := delivery.Wait(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s/%d at offset %d\n", result.Topic, result.Partition, result.Offset)
	if err := producer.Close(ctx); err != nil { // flushes
		log.Fatal(err)
	}
	// Output: orders/0 at offset 0
}

func ExampleProducer_SendAll() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client)
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()

	// Either all of them are stored, next to each other, or none.
	delivery := producer.SendAll(ctx, "orders", []byte("key1"), []byte("header"), []byte("line 1"), []byte("line 2"))
	result, err := delivery.Wait(ctx)
	fmt.Println(result.Offset, err)
	// Output: 0 <nil>
}

func ExampleDelivery_Then() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.RoundRobin()))
	if err != nil {
		log.Fatal(err)
	}
	for _, value := range []string{"a", "b", "c"} {
		producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte(value)}).Then(func(res afkak.Result, err error) {
			if err == nil && res.Partition == 0 {
				fmt.Println(value, "is at", res.Offset)
			}
		})
	}
	_ = producer.Close(ctx) // waits for the callbacks
	// Output:
	// a is at 0
	// c is at 1
}

func ExampleWithBatch() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()

	// Nothing is sent before 20 records wait, or the first has waited for a
	// minute.
	producer, err := afkak.NewProducer(client, afkak.WithBatch(20, 0, time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	var delivery afkak.Delivery
	for i := range 20 {
		if i == 19 {
			_, _, known := delivery.Result()
			fmt.Println("after 19 records:", known)
		}
		delivery = producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("v")})
	}
	_, err = delivery.Wait(ctx)
	fmt.Println("after 20 records:", err)
	_ = producer.Close(ctx)
	// Output:
	// after 19 records: false
	// after 20 records: <nil>
}

func ExampleProducer_Stats() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()

	earlier := producer.Stats()
	for range 10 {
		producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("v")})
	}
	if err := producer.Flush(ctx); err != nil {
		log.Fatal(err)
	}
	now := producer.Stats()
	since := now.Since(earlier) // or since a minute ago
	fmt.Println("held:", now.BufferedRecords, "records,", now.InFlight, "batches in flight")
	fmt.Println("stored:", since.Sent, "records,", since.RecordsPerBatch(), "a batch")
	fmt.Println("compression:", since.CompressionRatio())
	fmt.Println("99% of the answers came in a second:", since.Latency.Quantile(0.99) < time.Second)
	// Output:
	// held: 0 records, 0 batches in flight
	// stored: 10 records, 10 a batch
	// compression: 1
	// 99% of the answers came in a second: true
}

func ExampleProducer_FlushPartition() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()
	first := producer.Send(ctx, afkak.Record{Topic: "orders", Partition: 0, Value: []byte("v")})
	second := producer.Send(ctx, afkak.Record{Topic: "orders", Partition: 1, Value: []byte("w")})
	if err := producer.FlushPartition(ctx, "orders", 0); err != nil {
		log.Fatal(err)
	}
	_, _, firstKnown := first.Result()
	_, _, secondKnown := second.Result()
	fmt.Println(firstKnown, secondKnown)
	// Output: true false
}

func ExampleManual() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.Manual()))
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()
	result, err := producer.Send(ctx, afkak.Record{Topic: "orders", Partition: 1, Value: []byte("v")}).Wait(ctx)
	fmt.Println(result.Partition, err)
	// Output: 1 <nil>
}

func ExampleHashedBy() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()

	// A Python program with confluent-kafka writes to the same topic: its
	// records of customer-4711 and ours belong in one partition, in order.
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.HashedBy(afkak.CRC32)))
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()
	result, err := producer.Send(ctx, afkak.Record{Topic: "orders", Key: []byte("customer-4711"), Value: []byte("v")}).Wait(ctx)
	fmt.Println(result.Partition, err)
	// Output: 1 <nil>
}

func ExampleWithTopic() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()

	// Orders matter, and few bytes on the network; clicks are many, and some
	// may get lost.
	producer, err := afkak.NewProducer(client,
		afkak.WithCompression(afkak.Zstd), afkak.WithLinger(0),
		afkak.WithTopic("clicks", afkak.WithAcks(afkak.AcksLeader), afkak.WithLinger(100*time.Millisecond)))
	if err != nil {
		log.Fatal(err)
	}
	producer.Send(ctx, afkak.Record{Topic: "clicks", Value: []byte("a click")})
	result, err := producer.Send(ctx, afkak.Record{Topic: "orders", Key: []byte("key1"), Value: []byte("an order")}).Wait(ctx)
	fmt.Println(result.Topic, result.Offset, err)
	_ = producer.Close(ctx)
	// Output: orders 0 <nil>
}

func ExampleWithInterceptor() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()

	// Every record gets a header, and its way to the broker is told.
	trace := func(_ context.Context, rec *afkak.Record) (func(afkak.Result, error), error) {
		rec.Headers = append(rec.Headers, afkak.Header{Key: "trace", Value: []byte("4711")})
		return func(res afkak.Result, err error) { fmt.Println("trace 4711:", res.Topic, res.Offset, err) }, nil
	}
	producer, err := afkak.NewProducer(client, afkak.WithInterceptor(trace))
	if err != nil {
		log.Fatal(err)
	}
	producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("an order")})
	_ = producer.Close(ctx) // waits for the functions that are called back
	// Output: trace 4711: orders 0 <nil>
}

func ExampleWithRackAware() {
	broker, err := broker.Start(broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 2}}})
	if err != nil {
		log.Fatal(err)
	}
	defer broker.Close()
	ctx := context.Background()
	client, err := afkak.NewClient([]string{broker.Addr()}, afkak.WithRack("eu-central-1a"))
	if err != nil {
		log.Fatal(err)
	}
	defer client.Close()

	// Records without a key stay in the rack while a leader there is ready.
	producer, err := afkak.NewProducer(client, afkak.WithRackAware(), afkak.WithAvailabilityTimeout(time.Second))
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()
	result, err := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("an order")}).Wait(ctx)
	fmt.Println(result.Topic, err)
	// Output: orders <nil>
}
