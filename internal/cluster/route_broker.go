package cluster

import (
	"fmt"
	"strconv"

	"github.com/afkak-go/afkak/protocol"
)

// brokerRoutes are the requests that any broker answers, that every broker
// answers for itself, or that name a broker.
var brokerRoutes = map[protocol.APIKey]*route{
	protocol.KeyMetadata:                  toAny(),
	protocol.KeyAPIVersions:               toAny(),
	protocol.KeyFindCoordinator:           findCoordinatorRoute(),
	protocol.KeyDescribeCluster:           toAny(),
	protocol.KeyDescribeTopicPartitions:   toAny(),
	protocol.KeyDescribeAcls:              toAny(),
	protocol.KeyDescribeClientQuotas:      toAny(),
	protocol.KeyDescribeDelegationToken:   toAny(),
	protocol.KeyListConfigResources:       toAny(),
	protocol.KeyGetTelemetrySubscriptions: toAny(),
	protocol.KeyPushTelemetry:             toAny().onlyOnce(),

	protocol.KeyListGroups:       listGroupsRoute(),
	protocol.KeyListTransactions: listTransactionsRoute(),
	protocol.KeyDescribeLogDirs:  describeLogDirsRoute(),

	protocol.KeyDescribeConfigs:         describeConfigsRoute(),
	protocol.KeyAlterConfigs:            alterConfigsRoute(),
	protocol.KeyIncrementalAlterConfigs: incrementalAlterConfigsRoute(),
	protocol.KeyAlterReplicaLogDirs: {refuse: func(protocol.Request) string {
		return "it names directories of one broker but not the broker; name the broker it is for"
	}},
}

// findCoordinatorRoute: one key to version 3, many from version 4 (Kafka 3.0,
// KIP-699).
func findCoordinatorRoute() *route {
	return within(toAny(), func(q *protocol.FindCoordinatorRequest) (int16, int16) {
		if len(q.CoordinatorKeys) > 0 {
			return 4, anyVersion
		}
		return anyVersion, 3
	})
}

func everyBroker[R any](add func(dst, src *R)) *route { return &route{gather: gather[R]{add}} }

// worse keeps the first error code of several answers.
func worse(dst *int16, src int16) {
	if *dst == 0 {
		*dst = src
	}
}

func listGroupsRoute() *route {
	return everyBroker(func(dst, src *protocol.ListGroupsResponse) {
		dst.ThrottleTimeMs = max(dst.ThrottleTimeMs, src.ThrottleTimeMs)
		worse(&dst.ErrorCode, src.ErrorCode)
		dst.Groups = append(dst.Groups, src.Groups...)
	})
}

func listTransactionsRoute() *route {
	return everyBroker(func(dst, src *protocol.ListTransactionsResponse) {
		dst.ThrottleTimeMs = max(dst.ThrottleTimeMs, src.ThrottleTimeMs)
		worse(&dst.ErrorCode, src.ErrorCode)
		dst.UnknownStateFilters = src.UnknownStateFilters // each broker is asked the same
		dst.TransactionStates = append(dst.TransactionStates, src.TransactionStates...)
	})
}

// describeLogDirsRoute: the answer does not say which broker a directory is
// on; whoever needs that asks each broker by itself.
func describeLogDirsRoute() *route {
	return everyBroker(func(dst, src *protocol.DescribeLogDirsResponse) {
		dst.ThrottleTimeMs = max(dst.ThrottleTimeMs, src.ThrottleTimeMs)
		worse(&dst.ErrorCode, src.ErrorCode)
		dst.Results = append(dst.Results, src.Results...)
	})
}

// Kinds of configuration resources that a broker keeps for itself.
const (
	brokerResource       int8 = 4
	brokerLoggerResource int8 = 8
)

// resourceKey names a resource within one request.
func resourceKey(kind int8, name string) string { return fmt.Sprintf("%d/%s", kind, name) }

// toResource is the home of a resource: the broker itself for a broker's own
// settings, elsewhere for all others (the default of all brokers has no name).
func toResource(kind int8, name string, elsewhere place) target {
	if kind == brokerResource || kind == brokerLoggerResource {
		if id, err := strconv.ParseInt(name, 10, 32); err == nil {
			return toBroker(int32(id))
		}
	}
	return target{place: elsewhere}
}

func describeConfigsRoute() *route {
	return split(elements(
		func(q *protocol.DescribeConfigsRequest) *[]protocol.DescribeConfigsRequestResource {
			return &q.Resources
		},
		func(r *protocol.DescribeConfigsRequestResource) string {
			return resourceKey(r.ResourceType, r.ResourceName)
		},
		func(r *protocol.DescribeConfigsRequestResource) target {
			return toResource(r.ResourceType, r.ResourceName, anyBroker)
		},
		func(r *protocol.DescribeConfigsResponse) *[]protocol.DescribeConfigsResponseResult { return &r.Results },
		func(r *protocol.DescribeConfigsResponseResult) (string, int16) {
			return resourceKey(r.ResourceType, r.ResourceName), r.ErrorCode
		},
	))
}

func alterConfigsRoute() *route {
	return split(elements(
		func(q *protocol.AlterConfigsRequest) *[]protocol.AlterConfigsRequestResource { return &q.Resources },
		func(r *protocol.AlterConfigsRequestResource) string {
			return resourceKey(r.ResourceType, r.ResourceName)
		},
		func(r *protocol.AlterConfigsRequestResource) target {
			return toResource(r.ResourceType, r.ResourceName, controller)
		},
		func(r *protocol.AlterConfigsResponse) *[]protocol.AlterConfigsResponseResponse { return &r.Responses },
		func(r *protocol.AlterConfigsResponseResponse) (string, int16) {
			return resourceKey(r.ResourceType, r.ResourceName), r.ErrorCode
		},
	))
}

// incrementalAlterConfigsRoute (Kafka 2.3, KIP-339): appending twice is not
// appending once.
func incrementalAlterConfigsRoute() *route {
	return split(elements(
		func(q *protocol.IncrementalAlterConfigsRequest) *[]protocol.IncrementalAlterConfigsRequestResource {
			return &q.Resources
		},
		func(r *protocol.IncrementalAlterConfigsRequestResource) string {
			return resourceKey(r.ResourceType, r.ResourceName)
		},
		func(r *protocol.IncrementalAlterConfigsRequestResource) target {
			return toResource(r.ResourceType, r.ResourceName, controller)
		},
		func(r *protocol.IncrementalAlterConfigsResponse) *[]protocol.IncrementalAlterConfigsResponseResponse {
			return &r.Responses
		},
		func(r *protocol.IncrementalAlterConfigsResponseResponse) (string, int16) {
			return resourceKey(r.ResourceType, r.ResourceName), r.ErrorCode
		},
	)).onlyOnce()
}
