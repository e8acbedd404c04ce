// Package metadata is a picture of a Kafka cluster at one moment, and how an
// answer of a broker makes the next one.
//
// A [Picture] never changes: readers share it without a lock, and whoever
// refreshes it swaps the pointer. The package does no I/O, starts no goroutine
// and reads no clock; time comes in as an argument.
package metadata
