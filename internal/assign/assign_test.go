package assign_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/afkak-go/afkak/internal/assign"
)

func on(topic string, partitions ...int32) []assign.Partition {
	var all []assign.Partition
	for _, p := range partitions {
		all = append(all, assign.Partition{Topic: topic, Partition: p})
	}
	return all
}

func both(a, b []assign.Partition) []assign.Partition { return append(a, b...) }

// The cases are what Kafka's documentation of the two assignors and KIP-345
// work out by hand, and their limits.
func TestAssignmentsAreThoseOfKafkasOwnClient(t *testing.T) {
	t0t1 := []string{"t0", "t1"}
	for name, tc := range map[string]struct {
		members    []assign.Member
		partitions map[string]int
		byRange    map[string][]assign.Partition
		inTurn     map[string][]assign.Partition
	}{
		"two consumers, two topics of three partitions": { // the documentation's example of both
			[]assign.Member{{ID: "C0", Topics: t0t1}, {ID: "C1", Topics: t0t1}},
			map[string]int{"t0": 3, "t1": 3},
			map[string][]assign.Partition{"C0": both(on("t0", 0, 1), on("t1", 0, 1)), "C1": both(on("t0", 2), on("t1", 2))},
			map[string][]assign.Partition{"C0": both(on("t0", 0, 2), on("t1", 1)), "C1": both(on("t0", 1), on("t1", 0, 2))},
		},
		"different subscriptions": { // RoundRobinAssignor's documentation
			[]assign.Member{{ID: "C0", Topics: []string{"t0"}}, {ID: "C1", Topics: t0t1}, {ID: "C2", Topics: []string{"t0", "t1", "t2"}}},
			map[string]int{"t0": 1, "t1": 2, "t2": 3},
			map[string][]assign.Partition{"C0": on("t0", 0), "C1": on("t1", 0), "C2": both(on("t1", 1), on("t2", 0, 1, 2))},
			map[string][]assign.Partition{"C0": on("t0", 0), "C1": on("t1", 0), "C2": both(on("t1", 1), on("t2", 0, 1, 2))},
		},
		"static members keep their places whatever their member IDs": { // KIP-345
			[]assign.Member{{ID: "z", InstanceID: "i1", Topics: t0t1}, {ID: "y", InstanceID: "i2", Topics: t0t1}, {ID: "a", Topics: t0t1}},
			map[string]int{"t0": 2, "t1": 4},
			map[string][]assign.Partition{"z": both(on("t0", 0), on("t1", 0, 1)), "y": both(on("t0", 1), on("t1", 2)), "a": on("t1", 3)},
			map[string][]assign.Partition{"z": both(on("t0", 0), on("t1", 1)), "y": both(on("t0", 1), on("t1", 2)), "a": on("t1", 0, 3)},
		},
		"more members than partitions": {
			[]assign.Member{{ID: "c", Topics: []string{"t0"}}, {ID: "a", Topics: []string{"t0"}}, {ID: "b", Topics: []string{"t0"}}},
			map[string]int{"t0": 2},
			map[string][]assign.Partition{"a": on("t0", 0), "b": on("t0", 1)},
			map[string][]assign.Partition{"a": on("t0", 0), "b": on("t0", 1)},
		},
		"a topic that does not exist, and one subscribed twice": {
			[]assign.Member{{ID: "a", Topics: []string{"none", "t0", "t0"}}},
			map[string]int{"t0": 1, "other": 5},
			map[string][]assign.Partition{"a": on("t0", 0)},
			map[string][]assign.Partition{"a": on("t0", 0)},
		},
		"nobody": {nil, map[string]int{"t0": 1}, map[string][]assign.Partition{}, map[string][]assign.Partition{}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := assign.Range.Assign(tc.members, tc.partitions); !reflect.DeepEqual(got, tc.byRange) {
				t.Errorf("range: got %v, want %v", got, tc.byRange)
			}
			if got := assign.RoundRobin.Assign(tc.members, tc.partitions); !reflect.DeepEqual(got, tc.inTurn) {
				t.Errorf("round robin: got %v, want %v", got, tc.inTurn)
			}
		})
	}
}

func TestEachPartitionGoesToOneOfItsSubscribersWhateverTheOrder(t *testing.T) {
	for seed := range uint64(500) {
		random := rand.New(rand.NewPCG(seed, 1))
		partitions := map[string]int{}
		var topics []string
		for i := range random.IntN(5) {
			topics = append(topics, fmt.Sprint("t", i))
			partitions[topics[i]] = random.IntN(8)
		}
		var members []assign.Member
		for i := range 1 + random.IntN(6) {
			m := assign.Member{ID: fmt.Sprint("m", i)}
			if random.IntN(3) == 0 {
				m.InstanceID = fmt.Sprint("i", random.IntN(100)*10+i)
			}
			for _, topic := range topics {
				if random.IntN(3) > 0 {
					m.Topics = append(m.Topics, topic)
				}
			}
			members = append(members, m)
		}
		for _, assignor := range []assign.Assignor{assign.Range, assign.RoundRobin} {
			got := assignor.Assign(members, partitions)
			check(t, seed, assignor.Name, members, partitions, got)
			random.Shuffle(len(members), func(i, j int) { members[i], members[j] = members[j], members[i] })
			if again := assignor.Assign(members, partitions); !reflect.DeepEqual(again, got) {
				t.Fatalf("seed %d, %s: the order of the members matters: %v and %v", seed, assignor.Name, got, again)
			}
		}
	}
}

func check(t *testing.T, seed uint64, name string, members []assign.Member, partitions map[string]int, got map[string][]assign.Partition) {
	t.Helper()
	owners := map[assign.Partition]string{}
	for id, owned := range got {
		for _, p := range owned {
			if owner, twice := owners[p]; twice {
				t.Fatalf("seed %d, %s: %v goes to %s and %s", seed, name, p, owner, id)
			}
			owners[p] = id
			if !slices.ContainsFunc(members, func(m assign.Member) bool { return m.ID == id && slices.Contains(m.Topics, p.Topic) }) {
				t.Fatalf("seed %d, %s: %v goes to %s, who does not want it", seed, name, p, id)
			}
		}
	}
	for topic, n := range partitions {
		wanted := slices.ContainsFunc(members, func(m assign.Member) bool { return slices.Contains(m.Topics, topic) })
		for p := range n {
			if _, owned := owners[assign.Partition{Topic: topic, Partition: int32(p)}]; owned != wanted {
				t.Fatalf("seed %d, %s: %s/%d is wanted: %v, owned: %v", seed, name, topic, p, wanted, owned)
			}
		}
	}
}
