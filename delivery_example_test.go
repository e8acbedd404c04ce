package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/afkak-go/afkak"
)

// ExampleDelivery_Wait is the synchronous form: Send, and wait.
func ExampleDelivery_Wait() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithLinger(0)) // nobody adds to the batch while we wait
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()

	result, err := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("v")}).Wait(ctx)
	fmt.Println(result.Offset, err)
	// Output: 0 <nil>
}

func ExampleDelivery_Done() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client)
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()

	delivery := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("v")})
	select {
	case <-delivery.Done():
		result, err, _ := delivery.Result()
		fmt.Println(result.Offset, err)
	case <-time.After(time.Minute):
		fmt.Println("still on its way")
	}
	// Output: 0 <nil>
}

func ExampleDelivery_Cancel() {
	client, stop := embedded()
	defer stop()
	ctx := context.Background()
	producer, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.Manual()), afkak.WithLinger(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	first := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("one")})
	second := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("two")})
	third := producer.Send(ctx, afkak.Record{Topic: "orders", Value: []byte("three")})
	fmt.Println("taken back:", second.Cancel())
	_ = producer.Close(ctx)

	_, err, _ = second.Result()
	fmt.Println("the second:", errors.Is(err, afkak.ErrCanceled))
	for _, delivery := range []afkak.Delivery{first, third} {
		result, err, _ := delivery.Result()
		fmt.Println(result.Offset, err)
	}
	// Output:
	// taken back: true
	// the second: true
	// 0 <nil>
	// 1 <nil>
}

func ExampleProducer_TrySend() {
	client, stop := embedded()
	defer stop()
	producer, err := afkak.NewProducer(client)
	if err != nil {
		log.Fatal(err)
	}
	defer producer.Abort()

	// Nothing is known of the topic yet: Send would wait for that.
	_, err, _ = producer.TrySend(afkak.Record{Topic: "orders", Value: []byte("v")}).Result()
	fmt.Println(errors.Is(err, afkak.ErrWouldBlock))
	// Output: true
}
