package cluster

import "github.com/afkak-go/afkak/protocol"

// controllerRoutes are the requests that change the cluster. With ZooKeeper
// only the controller takes them; under KRaft every broker forwards them, and
// Metadata names any broker as the controller, so the same route serves both.
var controllerRoutes = map[protocol.APIKey]*route{
	protocol.KeyCreateTopics:                toController().onlyOnce(),
	protocol.KeyDeleteTopics:                deleteTopicsRoute(),
	protocol.KeyCreatePartitions:            toController().onlyOnce(),
	protocol.KeyAlterPartitionReassignments: toController(),
	protocol.KeyListPartitionReassignments:  toController(),
	protocol.KeyElectLeaders:                toController(),

	protocol.KeyCreateAcls: toController(),
	protocol.KeyDeleteAcls: toController(),

	protocol.KeyAlterClientQuotas:            toController(),
	protocol.KeyAlterUserScramCredentials:    toController(),
	protocol.KeyDescribeUserScramCredentials: toController(),
	protocol.KeyCreateDelegationToken:        toController().onlyOnce(),
	protocol.KeyRenewDelegationToken:         toController(),
	protocol.KeyExpireDelegationToken:        toController().onlyOnce(),
	protocol.KeyUpdateFeatures:               toController(),
	protocol.KeyUnregisterBroker:             toController().onlyOnce(),
	protocol.KeyUnregisterController:         toController().onlyOnce(),
	protocol.KeyDescribeQuorum:               toController(),
	protocol.KeyAddRaftVoter:                 toController().onlyOnce(),
	protocol.KeyRemoveRaftVoter:              toController().onlyOnce(),
}

// deleteTopicsRoute: names in a list of their own until version 5; from
// version 6 (Kafka 2.8, KIP-516) each with a name or an ID.
func deleteTopicsRoute() *route {
	return within(toController().onlyOnce(), func(q *protocol.DeleteTopicsRequest) (int16, int16) {
		if len(q.Topics) > 0 {
			return 6, anyVersion
		}
		return anyVersion, 5
	})
}
