// Package reliability sends records for a long time to a cluster that is broken in every way that its
// schedule knows, reads back what the partitions have, and holds the two against each other: see
// docs/reliability.md.
//
// A schedule is made of a seed, which is logged and can be given again:
//
//	KAFKA_VERSION=2.8.2 AFKAK_RELIABILITY=10m AFKAK_SEED=7 go test -v -timeout 1h ./reliability
//
// Without KAFKA_VERSION it is the embedded broker only, for some seconds.
package reliability
