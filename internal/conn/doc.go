// Package conn is one connection to one Kafka broker: dialling, TLS, finding
// out which versions the broker speaks, SASL, and then many requests in flight
// with their deadlines.
//
// A [Conn] never re-dials and never sends a request twice; that is decided a
// floor above. It knows nothing about topics or cluster membership.
//
// # Goroutines
//
// A connection has one reader and one writer. They end when the connection
// does, the reader last, which then fails what still waits and closes
// [Conn.Done]. Callbacks are called from these two, from the timer that
// watches deadlines or, when a call is refused, from a goroutine that does
// nothing else: never by the caller's own goroutine, never under a lock.
//
// # Memory
//
// Each answer has a buffer of its own. The decoded message aliases it and the
// connection keeps no reference, so the message is its receiver's for good. A
// request is encoded before [Conn.Start] returns, except for payloads of 1 KiB
// and more in `records` fields, which are written from where they lie.
//
// # Deadlines
//
// A call's time runs from its hand-off, and when it is over the call ends. A
// broker answers the requests of one connection one after the other, so a call
// may time out only because it stood behind a slow one: that is no reason to
// end the connection, and the answer is thrown away when it comes. The
// connection ends when the broker has not answered the oldest request for that
// request's whole timeout since it became the oldest. Such a broker is silent.
package conn
