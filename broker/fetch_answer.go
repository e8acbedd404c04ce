package broker

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// fetchAnswer is the answer for one partition.
type fetchAnswer struct {
	key  partitionKey
	data protocol.FetchResponseResponsePartition
}

// newFetchAnswer returns the answer for a partition of which nothing is known.
func newFetchAnswer(index int32) protocol.FetchResponseResponsePartition {
	var data protocol.FetchResponseResponsePartition
	data.SetDefaults()
	data.PartitionIndex = index
	data.HighWatermark = -1
	data.Records = []byte{} // empty and not null, as Kafka has it
	return data
}

func failedFetch(index int32, code kerr.Error) protocol.FetchResponseResponsePartition {
	data := newFetchAnswer(index)
	data.ErrorCode = code.Code()
	return data
}

// noneAborted says that no transaction was aborted, which null does not.
func noneAborted() []protocol.FetchResponseResponsePartitionAbortedTransaction {
	return []protocol.FetchResponseResponsePartitionAbortedTransaction{}
}
