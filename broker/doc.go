// Package broker is an Apache Kafka broker in one Go package, for tests, demos
// and offline work: a real listener that speaks Kafka's protocol, and logs
// that live in memory.
//
//	b, err := broker.Start(broker.Config{})
//	if err != nil {
//		return err
//	}
//	defer b.Close()
//	client, err := afkak.NewClient([]string{b.Addr()})
//
// It answers as Apache Kafka 4.4 does for the APIs that it implements, and
// advertises exactly those: what a client finds out through ApiVersions is
// true. It is one node, leader of every partition, coordinator of every group
// and controller; nothing is stored beyond Close.
//
// It validates what it is sent as Kafka does (checksums, record batches,
// sequence numbers of idempotent producers, topic names and configs) and
// answers with the same error codes. Bytes that are not Kafka's protocol end
// the connection that they came by, and nothing else.
//
// Unless told otherwise it listens on a loopback address only: there is no
// authorisation in it.
//
// A Broker runs one goroutine that accepts connections and one for each
// connection, which handles that connection's requests one after another, as
// Kafka does. Close ends them all and waits for them.
package broker
