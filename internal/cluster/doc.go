// Package cluster decides which broker a request belongs to, and brings it
// there: connections by broker and purpose, the picture of the cluster and its
// refresh, coordinators, splitting and merging, retries.
//
// A [Cluster] owns its connections, one goroutine that refreshes metadata, and
// short-lived ones that open connections or look up coordinators; Close ends
// and waits for all of them. It never holds a lock over I/O or a callback.
//
// Lock order: Cluster.mu before node.mu; refresher.mu and coordinators.mu
// stand alone.
package cluster
