//go:build !librdkafka || !cgo

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "built without librdkafka: it needs -tags librdkafka, and cgo")
	os.Exit(1)
}
