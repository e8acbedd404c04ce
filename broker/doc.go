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
// Where it differs from a Kafka of one node on purpose:
//   - There are no transactions, no groups of the consumer protocol (KIP-848), no
//     ACLs and no quotas; their APIs are not advertised. Groups are classic ones.
//   - An empty group does not wait for more members after the first one, unless
//     Config.GroupInitialRebalanceDelay says so. Where Kafka goes by a hash's order,
//     a new leader and one of several protocols that are equally liked, it is the
//     members' age that counts. Groups and their offsets do not expire.
//   - Topics exist on every API as soon as they are created, and coordinators
//     are there at once. Internal topics do not exist.
//   - Topic configs are checked and reported, but only max.message.bytes,
//     max.decompressed.message.bytes, message.timestamp.type,
//     message.timestamp.before.max.ms, message.timestamp.after.max.ms,
//     retention.bytes and, as far as keys are required, cleanup.policy have an
//     effect. There is nothing that retains by time or compacts.
//   - A request with bytes behind its body ends the connection, as does every
//     other one that cannot be decoded; Kafka passes over them.
//   - Record batches whose records carry impossible offset deltas are refused,
//     and null in the place of records is answered.
//   - The sentences beside error codes are its own.
//
// Unless told otherwise it listens on a loopback address only: there is no
// authorisation in it.
//
// A Broker runs one goroutine that accepts connections, one that is the clock of
// the groups, and one for each connection, which handles that connection's
// requests one after another, as Kafka does: nothing else is read while a
// request waits for records or for the other members of its group. Close ends
// them all and waits for them.
package broker
