package broker

import "github.com/afkak-go/afkak/protocol"

// api is what this broker does for one API: the versions are those of Kafka
// 4.4 that it implements.
type api struct {
	min, max int16
	// advertised is the lowest version that ApiVersions reports: min, except for
	// Produce, where Kafka claims more than it has for the sake of librdkafka
	// (KAFKA-18659).
	advertised int16
	handle     func(b *Broker, req *request, message protocol.Request) (protocol.Response, error)
}

// kafka44 is the table that requests are dispatched by and that ApiVersions
// reports. Each handler lives in the file of its API's name.
func kafka44() map[protocol.APIKey]api {
	return map[protocol.APIKey]api{
		protocol.KeyProduce:              {3, 13, 0, handler((*Broker).handleProduce)},
		protocol.KeyFetch:                {4, 18, 4, handler((*Broker).handleFetch)},
		protocol.KeyListOffsets:          {1, 11, 1, handler((*Broker).handleListOffsets)},
		protocol.KeyMetadata:             {0, 13, 0, handler((*Broker).handleMetadata)},
		protocol.KeyOffsetCommit:         {2, 10, 2, handler((*Broker).handleOffsetCommit)},
		protocol.KeyOffsetFetch:          {1, 10, 1, handler((*Broker).handleOffsetFetch)},
		protocol.KeyFindCoordinator:      {0, 6, 0, handler((*Broker).handleFindCoordinator)},
		protocol.KeyJoinGroup:            {0, 9, 0, handler((*Broker).handleJoinGroup)},
		protocol.KeyHeartbeat:            {0, 4, 0, handler((*Broker).handleHeartbeat)},
		protocol.KeyLeaveGroup:           {0, 5, 0, handler((*Broker).handleLeaveGroup)},
		protocol.KeySyncGroup:            {0, 5, 0, handler((*Broker).handleSyncGroup)},
		protocol.KeyDescribeGroups:       {0, 6, 0, handler((*Broker).handleDescribeGroups)},
		protocol.KeyListGroups:           {0, 5, 0, handler((*Broker).handleListGroups)},
		protocol.KeySaslHandshake:        {0, 1, 0, handler((*Broker).handleSaslHandshake)},
		protocol.KeyAPIVersions:          {0, 5, 0, handler((*Broker).handleAPIVersions)},
		protocol.KeyCreateTopics:         {2, 7, 2, handler((*Broker).handleCreateTopics)},
		protocol.KeyDeleteTopics:         {1, 6, 1, handler((*Broker).handleDeleteTopics)},
		protocol.KeyDeleteRecords:        {0, 2, 0, handler((*Broker).handleDeleteRecords)},
		protocol.KeyInitProducerID:       {0, 5, 0, handler((*Broker).handleInitProducerID)},
		protocol.KeyOffsetForLeaderEpoch: {2, 4, 2, handler((*Broker).handleOffsetForLeaderEpoch)},
		protocol.KeyDescribeConfigs:      {1, 4, 1, handler((*Broker).handleDescribeConfigs)},
		protocol.KeySaslAuthenticate:     {0, 2, 0, handler((*Broker).handleSaslAuthenticate)},
		protocol.KeyCreatePartitions:     {0, 3, 0, handler((*Broker).handleCreatePartitions)},
		protocol.KeyDeleteGroups:         {0, 3, 0, handler((*Broker).handleDeleteGroups)},
		protocol.KeyOffsetDelete:         {0, 0, 0, handler((*Broker).handleOffsetDelete)},
		protocol.KeyDescribeCluster:      {0, 2, 0, handler((*Broker).handleDescribeCluster)},
	}
}

// handler gives a handler its message by its own type. The table pairs each
// with the key whose messages have it.
func handler[M protocol.Request](f func(*Broker, *request, M) (protocol.Response, error)) func(*Broker, *request, protocol.Request) (protocol.Response, error) {
	return func(b *Broker, req *request, message protocol.Request) (protocol.Response, error) {
		return f(b, req, message.(M))
	}
}
