package metadata_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

var now = time.UnixMilli(1_700_000_000_000)

// led is a partition with a leader and its epoch.
func led(id, leader, epoch int32) protocol.MetadataResponseTopicPartition {
	return protocol.MetadataResponseTopicPartition{PartitionIndex: id, LeaderID: leader, LeaderEpoch: epoch}
}

func topic(name string, id byte, code kerr.Error, parts ...protocol.MetadataResponseTopicPartition) protocol.MetadataResponseTopic {
	return protocol.MetadataResponseTopic{Name: &name, TopicID: protocol.UUID{id}, ErrorCode: int16(code), Partitions: parts}
}

func answer(topics ...protocol.MetadataResponseTopic) *protocol.MetadataResponse {
	rack, cluster := "r", "c"
	return &protocol.MetadataResponse{
		Brokers:   []protocol.MetadataResponseBroker{{NodeID: 2, Host: "b2", Port: 9092, Rack: &rack}, {NodeID: 1, Host: "::1", Port: 9093}},
		ClusterID: &cluster, ControllerID: 2, Topics: topics,
	}
}

// next is what follows from an answer of a broker of today about these topics.
func next(p *metadata.Picture, resp *protocol.MetadataResponse, names ...string) *metadata.Picture {
	return p.Next(resp, 13, metadata.Asked{Names: names}, now)
}

func leaderOf(t *testing.T, p *metadata.Picture, name string, partition int32) int32 {
	t.Helper()
	topic, ok := p.Topic(name)
	if !ok {
		t.Fatalf("%s is not known", name)
	}
	part, err := topic.Leader(partition)
	if err != nil {
		t.Fatalf("leader of %s/%d: %v", name, partition, err)
	}
	return part.Leader
}

func TestAnAnswerIsTakenIn(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 7, 0, led(1, 2, 5), led(0, 1, 4))), "orders")
	if p.Generation != 1 || p.ClusterID != "c" || p.ControllerID != 2 || !p.At.Equal(now) {
		t.Errorf("got %+v", p)
	}
	if b, ok := p.Broker(1); !ok || b.Addr() != "[::1]:9093" {
		t.Errorf("broker 1: %+v, %v", b, ok)
	}
	if b, ok := p.Broker(2); !ok || b.Addr() != "b2:9092" || b.Rack != "r" {
		t.Errorf("broker 2: %+v, %v", b, ok)
	}
	if _, ok := p.Broker(3); ok {
		t.Error("there is a broker 3")
	}
	byID, ok := p.TopicByID(protocol.UUID{7})
	if !ok || byID.Name != "orders" || byID.Partitions[1].LeaderEpoch != 5 {
		t.Errorf("by ID: %+v, %v", byID, ok)
	}
	if got := leaderOf(t, p, "orders", 1); got != 2 {
		t.Errorf("leader %d, want 2", got)
	}
}

func TestOnlyWhatWasAskedForChanges(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("a", 1, 0, led(0, 1, 1)), topic("b", 2, 0, led(0, 1, 1))), "a", "b")
	p = next(p, answer(topic("a", 1, 0, led(0, 2, 2)), topic("b", 2, 0, led(0, 2, 2)), topic("c", 3, 0, led(0, 2, 2))), "a")
	if leaderOf(t, p, "a", 0) != 2 || leaderOf(t, p, "b", 0) != 1 {
		t.Error("a should have changed and b not")
	}
	if !slices.Equal(p.Topics(), []string{"a", "b"}) {
		t.Errorf("topics: %v", p.Topics())
	}
	a, _ := p.Topic("a")
	b, _ := p.Topic("b")
	if a.Generation != 2 || b.Generation != 1 {
		t.Errorf("generations %d and %d, want 2 and 1", a.Generation, b.Generation)
	}
}

func TestAllTopicsReplaceAll(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("gone", 1, 0, led(0, 1, 1)), topic("a", 2, 0, led(0, 1, 9))), "gone", "a")
	p = p.Next(answer(topic("a", 2, 0, led(0, 2, 8)), topic("new", 3, 0, led(0, 2, 1))), 13, metadata.Asked{All: true}, now)
	if !slices.Equal(p.Topics(), []string{"a", "new"}) || leaderOf(t, p, "a", 0) != 1 {
		t.Errorf("topics %v, leader of a %d", p.Topics(), leaderOf(t, p, "a", 0))
	}
}

func TestAnOlderLeaderEpochDoesNotReplaceANewerOne(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 5), led(1, 1, 5))), "orders")
	p = next(p, answer(topic("orders", 1, 0, led(0, 2, 4), led(1, 2, 6))), "orders")
	if leaderOf(t, p, "orders", 0) != 1 || leaderOf(t, p, "orders", 1) != 2 {
		t.Error("partition 0 should be led by 1 still, and partition 1 by 2")
	}
}

func TestATopicCreatedAnewStartsItsEpochsAnew(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 5))), "orders")
	p = next(p, answer(topic("orders", 9, 0, led(0, 2, 0))), "orders")
	if leaderOf(t, p, "orders", 0) != 2 {
		t.Error("the new topic's leader should count")
	}
	if _, ok := p.TopicByID(protocol.UUID{1}); ok {
		t.Error("the old ID is still known")
	}
}

func TestLeaderEpochsBeforeKafka24AreNotReliedOn(t *testing.T) {
	asked := metadata.Asked{Names: []string{"orders"}}
	p := metadata.Empty().Next(answer(topic("orders", 0, 0, led(0, 1, 5))), 8, asked, now)
	p = p.Next(answer(topic("orders", 0, 0, led(0, 2, 4))), 8, asked, now)
	if leaderOf(t, p, "orders", 0) != 2 {
		t.Error("the later answer should count")
	}
}

func TestTheControllerIsNotNamedBeforeKafka010(t *testing.T) {
	p := metadata.Empty().Next(answer(), 0, metadata.Asked{}, now)
	if p.ControllerID != metadata.NoBroker {
		t.Errorf("controller %d", p.ControllerID)
	}
}

func TestNoBrokersMeansNoTopicsYet(t *testing.T) {
	p := next(metadata.Empty(), answer())
	p = next(p, &protocol.MetadataResponse{})
	if len(p.Brokers()) != 2 {
		t.Errorf("brokers: %v", p.Brokers())
	}
}

func TestAPassingErrorKeepsThePartitions(t *testing.T) {
	known := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 5))), "orders")
	for _, code := range []kerr.Error{kerr.UnknownTopicOrPartition, kerr.LeaderNotAvailable} {
		p := next(known, answer(topic("orders", 0, code)), "orders")
		got, _ := p.Topic("orders")
		if got.Err != code || len(got.Partitions) != 1 || got.HasLeader() {
			t.Errorf("%v: got %+v", code, got)
		}
		if _, err := got.Leader(0); !errors.Is(err, code) {
			t.Errorf("%v: leader: %v", code, err)
		}
	}
	p := next(known, answer(topic("orders", 0, kerr.TopicAuthorizationFailed)), "orders")
	if got, _ := p.Topic("orders"); len(got.Partitions) != 0 {
		t.Errorf("a forbidden topic still has partitions: %+v", got)
	}
}

func TestATopicThatTheAnswerLacksIsUnknown(t *testing.T) {
	p := next(metadata.Empty(), answer(), "orders")
	if got, ok := p.Topic("orders"); !ok || !errors.Is(got.Err, kerr.UnknownTopicOrPartition) {
		t.Errorf("got %+v, %v", got, ok)
	}
}

func TestLeadersThatAreMissingHaveAReason(t *testing.T) {
	none := led(0, -1, 3)
	none.ErrorCode = int16(kerr.LeaderNotAvailable)
	offline := led(3, -1, 3)
	replica := led(1, 1, 3)
	replica.ErrorCode = int16(kerr.ReplicaNotAvailable)
	p := next(metadata.Empty(), answer(topic("orders", 1, kerr.LeaderNotAvailable, none, replica, offline)), "orders")
	got, _ := p.Topic("orders")
	if leaderOf(t, p, "orders", 1) != 1 || !got.HasLeader() || len(got.Partitions) != 4 {
		t.Errorf("got %+v", got)
	}
	for partition, want := range map[int32]kerr.Error{
		0: kerr.LeaderNotAvailable, 2: kerr.UnknownTopicOrPartition, 3: kerr.LeaderNotAvailable,
		4: kerr.UnknownTopicOrPartition, -1: kerr.UnknownTopicOrPartition,
	} {
		if _, err := got.Leader(partition); !errors.Is(err, want) {
			t.Errorf("leader of %d: %v, want %v", partition, err, want)
		}
	}
}

func TestAbsurdPartitionNumbersCostNothing(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 1), led(math.MaxInt32, 1, 1), led(-5, 1, 1))), "orders")
	if got, _ := p.Topic("orders"); len(got.Partitions) != 1 {
		t.Errorf("%d partitions, want 1", len(got.Partitions))
	}
}

func TestForgottenTopicsAreGone(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("a", 1, 0, led(0, 1, 1)), topic("b", 2, 0, led(0, 1, 1))), "a", "b")
	if some := p.Without("a"); !slices.Equal(some.Topics(), []string{"b"}) || some.Generation != 2 {
		t.Errorf("without a: %v", some.Topics())
	}
	if none := p.Without(); len(none.Topics()) != 0 || len(none.Brokers()) != 2 {
		t.Errorf("without all: %v, %v", none.Topics(), none.Brokers())
	}
	if !slices.Equal(p.Topics(), []string{"a", "b"}) {
		t.Error("the picture before has changed")
	}
}

// FuzzNext: whatever a broker answers, no panic, and no more partitions than
// the answer's size explains.
func FuzzNext(f *testing.F) {
	for _, version := range []int16{0, 5, 13} {
		resp := answer(topic("orders", 0, 0, led(0, 1, -1)))
		resp.SetDefaults()
		b, err := resp.AppendTo(nil, version)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, version)
	}
	f.Fuzz(func(t *testing.T, b []byte, version int16) {
		var resp protocol.MetadataResponse
		if resp.DecodeFrom(b, version) != nil {
			return
		}
		p := metadata.Empty().Next(&resp, version, metadata.Asked{All: true}, now)
		p = p.Next(&resp, version, metadata.Asked{Names: []string{"orders"}}, now)
		for _, name := range p.Topics() {
			topic, _ := p.Topic(name)
			if len(topic.Partitions) > 2*len(b)+64 {
				t.Fatalf("%d partitions from %d bytes", len(topic.Partitions), len(b))
			}
			for i := range topic.Partitions {
				if topic.Partitions[i].ID != int32(i) {
					t.Fatalf("partition %d is at %d", topic.Partitions[i].ID, i)
				}
				_, _ = topic.Leader(int32(i))
			}
		}
	})
}

func ExamplePicture_Next() {
	p := metadata.Empty()
	p = p.Next(answer(topic("orders", 1, 0, led(0, 2, 1))), 13, metadata.Asked{Names: []string{"orders"}}, now)
	orders, _ := p.Topic("orders")
	part, err := orders.Leader(0)
	fmt.Println(p.Generation, part.Leader, err)
	// Output: 1 2 <nil>
}
func TestATopicThatWasMadeAgainDoesNotTurnBackIntoTheOldOne(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 9))), "orders")
	p = next(p, answer(topic("orders", 0, kerr.UnknownTopicOrPartition)), "orders")
	p = next(p, answer(topic("orders", 2, 0, led(0, 2, 0))), "orders")
	if got, _ := p.Topic("orders"); got.ID != (protocol.UUID{2}) || leaderOf(t, p, "orders", 0) != 2 {
		t.Fatalf("got %+v", got)
	}
	p = next(p, answer(topic("orders", 1, 0, led(0, 1, 9))), "orders") // of a broker that has not heard
	got, _ := p.Topic("orders")
	if got.ID != (protocol.UUID{2}) || leaderOf(t, p, "orders", 0) != 2 || got.Generation != p.Generation {
		t.Errorf("the old one came back: %+v", got)
	}
	p = next(p, answer(topic("orders", 3, 0, led(0, 1, 0))), "orders")
	if leaderOf(t, p, "orders", 0) != 1 {
		t.Error("a third one was not taken in")
	}
}

func TestAnAnswerWithoutIDsKeepsTheID(t *testing.T) {
	p := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 9))), "orders")
	p = next(p, answer(topic("orders", 0, 0, led(0, 2, 9))), "orders") // of a broker before 2.8
	if got, _ := p.Topic("orders"); got.ID != (protocol.UUID{1}) || leaderOf(t, p, "orders", 0) != 2 {
		t.Errorf("got %+v", got)
	}
}

func TestMovesWithANewerEpochAreTakenIn(t *testing.T) {
	known := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 5), led(1, 1, 5), led(2, 1, 5)), topic("others", 2, 0, led(0, 1, 5))), "orders", "others")
	p := known.Moved([]metadata.Move{
		{Topic: "orders", Partition: 0, Leader: 2, LeaderEpoch: 6},
		{ID: protocol.UUID{1}, Partition: 1, Leader: 3, LeaderEpoch: 7},
		{Topic: "orders", Partition: 2, Leader: 2, LeaderEpoch: 5}, // no newer
	}, []metadata.Broker{{ID: 3, Host: "b3", Port: 9092}, {ID: 2, Host: "b2.new", Port: 9092}})
	for partition, want := range []int32{2, 3, 1} {
		if got := leaderOf(t, p, "orders", int32(partition)); got != want {
			t.Errorf("partition %d: leader %d, want %d", partition, got, want)
		}
	}
	var addrs []string
	for _, b := range p.Brokers() {
		addrs = append(addrs, b.Addr())
	}
	if !slices.Equal(addrs, []string{"[::1]:9093", "b2.new:9092", "b3:9092"}) {
		t.Errorf("brokers: %v", addrs)
	}
	if got, _ := p.Topic("orders"); got.Generation != 1 || p.Generation != 2 {
		t.Errorf("generations %d and %d, want 1: it is to be asked for, and 2", got.Generation, p.Generation)
	}
	if leaderOf(t, known, "orders", 0) != 1 || len(known.Brokers()) != 2 {
		t.Error("the picture before has changed")
	}
	p = next(p, answer(topic("orders", 1, 0, led(0, 1, 5), led(1, 1, 5), led(2, 1, 5))), "orders")
	if leaderOf(t, p, "orders", 0) != 2 {
		t.Error("an older answer took it back")
	}
}

func TestMovesThatAreNoNewsChangeNothing(t *testing.T) {
	known := next(metadata.Empty(), answer(topic("orders", 1, 0, led(0, 1, 5))), "orders")
	for name, move := range map[string]metadata.Move{
		"an unknown topic":            {Topic: "others", Leader: 2, LeaderEpoch: 6},
		"another ID":                  {ID: protocol.UUID{9}, Leader: 2, LeaderEpoch: 6},
		"no topic at all":             {Leader: 2, LeaderEpoch: 6},
		"an unknown partition":        {Topic: "orders", Partition: 1, Leader: 2, LeaderEpoch: 6},
		"a negative partition":        {Topic: "orders", Partition: -1, Leader: 2, LeaderEpoch: 6},
		"no leader":                   {Topic: "orders", Leader: -1, LeaderEpoch: 6},
		"a broker without an address": {Topic: "orders", Leader: 9, LeaderEpoch: 6},
		"the same epoch":              {Topic: "orders", Leader: 2, LeaderEpoch: 5},
	} {
		if p := known.Moved([]metadata.Move{move}, nil); p != known {
			t.Errorf("%s: got %+v", name, p)
		}
	}
}
