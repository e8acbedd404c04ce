// Package assign decides which member of a consumer group reads which
// partitions. The leader of a group runs it; every other client that may lead
// the same group, Kafka's own first of all, comes to the same result.
//
// It is pure: it keeps nothing and asks nobody.
package assign
