package conn

import "github.com/afkak-go/afkak/protocol"

// signatureKeys are the requests whose highest versions tell the releases
// apart. Brokers with ZooKeeper and with KRaft show the same of them, and no
// broker setting changes them.
var signatureKeys = [...]protocol.APIKey{
	protocol.KeyProduce,
	protocol.KeyFetch,
	protocol.KeyListOffsets,
	protocol.KeyMetadata,
	protocol.KeyOffsetCommit,
	protocol.KeyOffsetFetch,
	protocol.KeyFindCoordinator,
	protocol.KeyJoinGroup,
	protocol.KeyListGroups,
	protocol.KeyAPIVersions,
	protocol.KeyCreateTopics,
	protocol.KeyDescribeLogDirs,
}

// A signature is the highest version of each of signatureKeys, -1 for a
// request that the release does not have.
type signature [len(signatureKeys)]int16

// releases lists the signatures from 0.10.0 on, oldest first. Patch releases
// change none. Taken from the ApiKeys of the published kafka-clients of each
// minor release (stable versions only), and from the answers of real brokers.
var releases = []struct {
	name      string
	signature signature
}{
	{"0.10.0", signature{2, 2, 0, 1, 2, 1, 0, 0, 0, 0, -1, -1}},
	{"0.10.1", signature{2, 3, 1, 2, 2, 1, 0, 1, 0, 0, 0, -1}},
	{"0.10.2", signature{2, 3, 1, 2, 2, 2, 0, 1, 0, 0, 1, -1}},
	{"0.11.0", signature{3, 5, 2, 4, 3, 3, 1, 2, 1, 1, 2, -1}},
	{"1.0", signature{5, 6, 2, 5, 3, 3, 1, 2, 1, 1, 2, 0}},
	{"1.1", signature{5, 7, 2, 5, 3, 3, 1, 2, 1, 1, 2, 0}},
	{"2.0", signature{6, 8, 3, 6, 4, 4, 2, 3, 2, 2, 3, 1}},
	{"2.1", signature{7, 10, 4, 7, 6, 5, 2, 3, 2, 2, 3, 1}},
	{"2.2", signature{7, 10, 5, 7, 6, 5, 2, 4, 2, 2, 3, 1}},
	{"2.3", signature{7, 11, 5, 8, 7, 5, 2, 5, 2, 2, 3, 1}},
	{"2.4", signature{8, 11, 5, 9, 8, 6, 3, 6, 3, 3, 5, 1}},
	{"2.5", signature{8, 11, 5, 9, 8, 7, 3, 7, 3, 3, 5, 1}},
	{"2.6", signature{8, 11, 5, 9, 8, 7, 3, 7, 4, 3, 5, 2}},
	{"2.7", signature{8, 12, 5, 9, 8, 7, 3, 7, 4, 3, 6, 2}},
	{"2.8", signature{9, 12, 6, 11, 8, 7, 3, 7, 4, 3, 7, 2}},
	{"3.0", signature{9, 12, 7, 11, 8, 8, 4, 7, 4, 3, 7, 2}},
	{"3.1", signature{9, 13, 7, 12, 8, 8, 4, 7, 4, 3, 7, 2}},
	{"3.2", signature{9, 13, 7, 12, 8, 8, 4, 9, 4, 3, 7, 3}},
	{"3.3 or 3.4", signature{9, 13, 7, 12, 8, 8, 4, 9, 4, 3, 7, 4}},
	{"3.5 or 3.6", signature{9, 15, 8, 12, 8, 8, 4, 9, 4, 3, 7, 4}},
	{"3.7", signature{10, 16, 8, 12, 9, 9, 4, 9, 4, 3, 7, 4}},
	{"3.8", signature{11, 16, 8, 12, 9, 9, 5, 9, 5, 3, 7, 4}},
	{"3.9", signature{11, 17, 9, 12, 9, 9, 6, 9, 5, 4, 7, 4}},
	{"4.0", signature{12, 17, 10, 13, 9, 9, 6, 9, 5, 4, 7, 4}},
	{"4.1", signature{13, 18, 10, 13, 9, 9, 6, 9, 5, 4, 7, 4}},
	{"4.2", signature{13, 18, 11, 13, 10, 10, 6, 9, 5, 4, 7, 4}},
	{"4.3", signature{13, 18, 11, 13, 10, 10, 6, 9, 5, 4, 7, 5}},
	{"4.4", signature{13, 18, 11, 13, 10, 10, 6, 9, 5, 5, 7, 5}},
}

// guessRelease names the release that speaks exactly these versions. A broker
// that speaks at least what the newest known one does is that "or later"; any
// other is "", because it is no release of Apache Kafka.
func guessRelease(versions *protocol.Versions) string {
	sig := signatureOf(versions)
	for _, r := range releases {
		if r.signature == sig {
			return narrow(r.name, versions)
		}
	}
	newest := releases[len(releases)-1]
	for i, version := range newest.signature {
		if sig[i] < version {
			return ""
		}
	}
	return newest.name + " or later"
}

func signatureOf(versions *protocol.Versions) (sig signature) {
	for i, key := range signatureKeys {
		sig[i] = -1
		if r, ok := versions.Range(key); ok {
			sig[i] = r.Max
		}
	}
	return sig
}

// keyLeaderAndIsr is a request between brokers, which only those with
// ZooKeeper list.
const keyLeaderAndIsr protocol.APIKey = 4

// narrow tells apart the releases whose signatures are equal, as far as their
// other requests allow.
func narrow(name string, versions *protocol.Versions) string {
	leaderAndIsr, zooKeeper := versions.Range(keyLeaderAndIsr)
	switch {
	case name == "3.3 or 3.4" && zooKeeper && leaderAndIsr.Max < 7:
		return "3.3"
	case name == "3.3 or 3.4" && zooKeeper:
		return "3.4"
	case name == "3.5 or 3.6" && !zooKeeper:
		// Delegation tokens came to brokers with KRaft in 3.6.
		if _, tokens := versions.Range(protocol.KeyCreateDelegationToken); tokens {
			return "3.6"
		}
		return "3.5"
	}
	return name
}
