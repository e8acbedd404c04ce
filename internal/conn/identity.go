package conn

import "github.com/afkak-go/afkak/protocol"

// Identity is what a broker was found to be. It is immutable and may be shared.
type Identity struct {
	// Release is the Kafka release as far as it can be told, or "" for one
	// that looks like none. Below 0.10 it was found by probing and is one of
	// "0.8.0", "0.8.1", "0.8.2" and "0.9.0". From 0.10 on it is a guess from
	// the version ranges, which are the same for all patch releases:
	// "0.10.2", "2.8", "3.3 or 3.4", "4.4 or later".
	Release string

	// Probed is true for a broker before 0.10.0, which does not know the
	// ApiVersions request.
	Probed bool

	// Versions is what the broker speaks.
	Versions *protocol.Versions

	// Features are the broker's features, from Kafka 2.4 on (KIP-584); in the
	// broker's order.
	Features []Feature
}

// Feature is something that all brokers of a cluster switch to together, such
// as "metadata.version" (KIP-584).
type Feature struct {
	Name string
	// Min and Max are the levels that this broker supports.
	Min, Max int16
	// Level is the one in force in the cluster, 0 if the feature is off or
	// unknown.
	Level int16
}
