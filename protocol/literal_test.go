package protocol_test

import (
	"errors"
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

// TestStructLiteralsAreEncodedInEveryVersion has requests as one writes them by
// hand, without SetDefaults: what they leave at Go's zero stands in the way of
// no version that lacks the field.
func TestStructLiteralsAreEncodedInEveryVersion(t *testing.T) {
	for name, req := range map[string]protocol.Request{
		"list offsets": &protocol.ListOffsetsRequest{Topics: []protocol.ListOffsetsRequestTopic{
			{Name: "orders", Partitions: []protocol.ListOffsetsRequestTopicPartition{{Timestamp: -1}}},
		}},
		"commit": &protocol.OffsetCommitRequest{GroupID: "billing", Topics: []protocol.OffsetCommitRequestTopic{
			{Name: "orders", Partitions: []protocol.OffsetCommitRequestTopicPartition{{CommittedOffset: 3}}},
		}},
		"describe the cluster": &protocol.DescribeClusterRequest{},
		"list transactions":    &protocol.ListTransactionsRequest{},
	} {
		api, _ := protocol.LookupAPI(req.Key())
		for version := api.MinVersion; version <= api.MaxVersion; version++ {
			if _, err := req.AppendTo(nil, version); err != nil && !byID(req, version) {
				t.Errorf("%s, version %d: %v", name, version, err)
			}
		}
	}
}

// byID: from this version on a commit has topic IDs in the place of names.
func byID(req protocol.Request, version int16) bool {
	return req.Key() == protocol.KeyOffsetCommit && version >= 10
}

func TestAValueThatAVersionLacksIsStillAnError(t *testing.T) {
	producer := protocol.NewInitProducerIDRequest()
	producer.ProducerID, producer.ProducerEpoch = 0, 0 // of the first producer of a cluster
	literal := &protocol.MetadataRequest{}             // allows no creation of topics, which old versions cannot say
	offsets := protocol.NewListOffsetsRequest()
	offsets.Topics = []protocol.ListOffsetsRequestTopic{{Partitions: []protocol.ListOffsetsRequestTopicPartition{{MaxNumOffsets: 2}}}}
	for name, test := range map[string]struct {
		req     protocol.Request
		version int16
	}{
		"producer ID 0":         {producer, 2},
		"no creation of topics": {literal, 3},
		"more than one offset":  {offsets, 1},
	} {
		if _, err := test.req.AppendTo(nil, test.version); !errors.Is(err, protocol.ErrUnsupportedField) {
			t.Errorf("%s in version %d: got %v", name, test.version, err)
		}
	}
}
