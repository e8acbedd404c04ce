// Package fetch decides what a consumer asks a broker for and what it does
// with the answer: where each partition stands (Cursor), what a broker
// remembers of the requests before (Session, KIP-227), which bytes of an
// answer are whole batches (Chunk), and which of their records a reader may
// see (Reader).
//
// It has no goroutine, no clock and no socket. A Cursor, a Session and a
// Reader each belong to one goroutine at a time, or to whoever holds the lock
// of their owner.
//
// No record is copied: a Chunk, and every Record a Reader returns, alias the
// bytes of the answer that they came in, or one freshly decompressed buffer.
// Neither is ever used again for anything else, so records may be kept.
package fetch
