// Package kbin reads and writes the primitives of Kafka's wire format:
// big-endian integers, varints, strings, byte strings and array lengths, each
// in its plain form and in the compact form of flexible versions (KIP-482).
//
// The Append functions work on a slice like those of encoding/binary. [Writer]
// wraps one with a sticky error and can leave large payloads out of the buffer
// as [Cut]s. [Reader] is a bounds-checked cursor with a sticky error.
//
// The package never panics on bytes that it reads and never allocates because
// of a length before it has compared that length with what is there. Readers
// and Writers belong to one goroutine at a time. Byte slices that a Reader
// returns alias its input.
package kbin
