//go:build amd64 || arm64

package record

// prefetch has the processor fetch the two cache lines behind the one that last
// is in, and waits for nothing. A producer of a thousand partitions comes back
// to a batch when no cache has its end any more, and no processor foresees so
// many; the next record of the batch would wait for main memory. Memory that is
// not there is not fetched: last may be the end of a buffer.
//
//go:noescape
func prefetch(last *byte)
