// Package accum is one partition of a producer: its open batch, the batches
// that wait, those in flight, their sequence numbers, retries and deadlines.
//
// It decides and never acts: it starts no goroutine, reads no clock and knows
// no socket. Time comes in as a reading of the owner's monotonic clock, so a
// test is a transcript. What to send comes out of [Partition.Take], what the
// broker said goes into [Partition.Answer], and everybody who waits for a
// record is told through the batch's [Promise].
//
// A [Partition] guards itself with a mutex that is never held over anything
// slower than copying one record, and a [Promise] with one of its own, taken
// after the partition's. Memory belongs to the owner: batches are written into
// buffers that it lends, and each buffer comes back exactly once, after the
// batch's final answer, when no retry can need it any more, or with the batch's
// callbacks ([Page.Free]).
package accum
