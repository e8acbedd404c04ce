// Package group is one member of a consumer group, by the classic protocol
// (Kafka 0.9 and later), as a state machine: Step takes what has happened and
// returns what to do about it. It sends nothing, waits for nothing and knows
// no clock; its owner does and tells it.
//
// The protocol is the eager one: at each rebalance a member gives up all its
// partitions, joins, and gets others.
//
// A Member is not safe for concurrent use. It keeps no memory of its caller's
// but the answers that it is given.
package group
