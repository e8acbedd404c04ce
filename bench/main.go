// Bench measures this library beside the other Kafka clients for Go, and writes
// docs/benchmarks.md:
//
//	go run ./bench
//
// from the repository's root. Every run is a process of its own; see
// -help for what can be chosen. It needs Java and Maven for the real Kafka,
// unless -addr names a broker, and a C compiler for librdkafka's client, which
// is left out where there is none.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/afkak-go/afkak/bench/internal/clients"
	"github.com/afkak-go/afkak/bench/internal/driver"
	"github.com/afkak-go/afkak/bench/internal/sink"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func command(ctx context.Context, args []string) error {
	switch {
	case len(args) > 0 && args[0] == "run":
		return driver.Child(ctx, clients.All(), args[1:], os.Stdout)
	case len(args) > 0 && args[0] == "sink":
		return serveSink(os.Stdin, os.Stdout)
	}
	return compare(ctx, args)
}

// serveSink runs the sink until stdin ends. It prints its address.
func serveSink(stdin io.Reader, stdout io.Writer) error {
	s, err := sink.Start()
	if err != nil {
		return err
	}
	_, printing := fmt.Fprintln(stdout, s.Addr())
	_, reading := io.Copy(io.Discard, stdin)
	return errors.Join(printing, reading, s.Close())
}
