package afkak

import (
	"fmt"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestOffsetsBehindABatchArePutRight(t *testing.T) {
	name := "orders"
	pic := (&metadata.Picture{}).Next(&protocol.MetadataResponse{
		Topics: []protocol.MetadataResponseTopic{{Name: &name, Partitions: []protocol.MetadataResponseTopicPartition{
			{PartitionIndex: 0, LeaderID: 1, ReplicaNodes: []int32{1, 2}}, {PartitionIndex: 1, LeaderID: 1, ReplicaNodes: []int32{1}},
			{PartitionIndex: 2, LeaderID: 1, ReplicaNodes: []int32{1}, ErrorCode: int16(kerr.ReplicaNotAvailable)},
		}}},
	}, 0, metadata.Asked{Names: []string{name}}, time.Now())
	for _, c := range []struct {
		release    string
		acks       Acks
		partitions []int32
		want       int64 // for an answer of 15 to 10 records
	}{
		{"0.8.0", AcksAll, []int32{0}, 5},
		{"0.8.1", AcksAll, []int32{0}, 5},
		{"0.8.1", AcksAll, []int32{1, 0}, 5},
		{"0.8.1", AcksAll, []int32{1}, 15},
		{"0.8.1", AcksAll, []int32{2}, 5},  // the other replica is down
		{"0.8.1", AcksAll, []int32{3}, -1}, // nothing is known of it
		{"0.8.1", AcksAll, []int32{3, 0}, 5},
		{"0.8.1", AcksLeader, []int32{0}, 15},
		{"0.8.2", AcksAll, []int32{3}, 15},
		{"0.8.2", AcksAll, []int32{0}, 15},
		{"0.9.0", AcksAll, []int32{0}, 15},
	} {
		t.Run(fmt.Sprintf("%s acks %d partitions %v", c.release, c.acks, c.partitions), func(t *testing.T) {
			versions, _ := protocol.ReleaseVersions(c.release)
			early := newEarlyOffsets(versions, c.acks)
			for _, partition := range c.partitions {
				topic, _ := pic.Topic(name)
				early.add(topic, partition)
			}
			if got := early.first(15, 10); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
