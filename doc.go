// Package afkak is a pure-Go client for Apache Kafka, from 0.8.0 to the newest release.
//
// A [Client] knows the cluster: which broker leads which partition, which
// versions each broker speaks. A [Producer] batches records and says of each
// whether it was stored. A [Consumer] reads one partition, by a processor
// function or by an iterator.
//
// Nothing is dialled until it is needed, every blocking call takes a context
// and returns when it ends, and every failure is an error that says what was
// being done, where, and why.
package afkak
