//go:build amd64 || arm64

package record

// prefetch has the processor fetch that many cache lines, at least one, behind
// the one that last is in, and waits for nothing. What a batch is written to is
// seldom in a cache: the budget is larger than all of them, and of a thousand
// partitions no processor foresees which is next; the next record would wait for
// main memory. Memory that is not there is not fetched: last may be the end of a
// buffer.
//
//go:noescape
func prefetch(last *byte, lines int)
