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

// newFetchAnswer returns an answer without records.
func newFetchAnswer(index int32, bounds bounds) protocol.FetchResponseResponsePartition {
	var data protocol.FetchResponseResponsePartition
	data.SetDefaults()
	data.PartitionIndex = index
	data.HighWatermark, data.LastStableOffset, data.LogStartOffset = bounds.end, bounds.end, bounds.start
	data.Records = []byte{} // empty and not null, as Kafka has it
	return data
}

func failedFetch(index int32, code kerr.Error) protocol.FetchResponseResponsePartition {
	data := newFetchAnswer(index, bounds{-1, -1})
	data.ErrorCode = code.Code()
	return data
}

// noneAborted says that no transaction was aborted, which null does not.
func noneAborted() []protocol.FetchResponseResponsePartitionAbortedTransaction {
	return []protocol.FetchResponseResponsePartitionAbortedTransaction{}
}
