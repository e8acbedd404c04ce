// Command producer writes groups of 2 to 25 random messages to a topic, some to
// a partition chosen by their key, some to the partitions in turn, and prints
// each acknowledgement. It ends with -for or Ctrl-C, when everything that was
// sent is acknowledged.
//
//	go run ./examples/producer -topic example -for 10s localhost:9092
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"log"
	mathrand "math/rand/v2"
	"os"
	"os/signal"
	"time"

	"github.com/afkak-go/afkak"
)

func main() {
	topic := flag.String("topic", "example", "topic to write to")
	period := flag.Duration("for", 0, "how long to write (default: until Ctrl-C)")
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
	context.AfterFunc(ctx, stop) // a second Ctrl-C does not wait for acknowledgements
	if err := produce(ctx, hosts, *topic); err != nil && !errors.Is(err, context.Canceled) {
		log.Fatal(err)
	}
}

// produce writes until ctx ends or a group cannot be stored.
func produce(ctx context.Context, hosts []string, topic string) error {
	client, err := afkak.NewClient(hosts)
	if err != nil {
		return err
	}
	defer client.Close() // a producer that is not closed by then gives up what it has not sent
	hashed, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.Hashed()))
	if err != nil {
		return err
	}
	inTurn, err := afkak.NewProducer(client, afkak.WithPartitioner(afkak.RoundRobin()))
	if err != nil {
		return err
	}

	failed := make(chan error, 1)
	send := func(name string, p *afkak.Producer, key []byte) {
		group := randomMessages()
		p.SendAll(ctx, topic, key, group...).Then(func(res afkak.Result, err error) {
			if err != nil {
				select {
				case failed <- err:
				default: // one is enough
				}
				return
			}
			fmt.Printf("%s: %d messages are in %s/%d from offset %d on\n", name, len(group), res.Topic, res.Partition, res.Offset)
		})
	}
	for turn := 0; ctx.Err() == nil; turn++ {
		send("hashed", hashed, fmt.Appendf(nil, "key %d", turn%10))
		send("round robin", inTurn, nil)
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
		}
	}

	// ctx has ended: what is still on its way gets a time of its own.
	flush, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := hashed.Close(flush); err != nil {
		return err
	}
	if err := inTurn.Close(flush); err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	default:
		return nil
	}
}

// randomMessages are 2 to 25 messages that nobody has seen before.
func randomMessages() [][]byte {
	messages := make([][]byte, 2+mathrand.IntN(24))
	for i := range messages {
		messages[i] = []byte(rand.Text())
	}
	return messages
}
