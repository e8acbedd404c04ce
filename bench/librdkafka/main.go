//go:build librdkafka && cgo

// Librdkafka is the benchmark's client for confluent-kafka-go. It is a module
// and a program of its own because it needs a C compiler and a module of
// 161 MB; `go run ./bench` builds and runs it.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/afkak-go/afkak/bench/internal/driver"
)

func main() {
	if err := driver.Child(context.Background(), []driver.Client{client()}, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
