package offsets

import (
	"slices"
	"testing"
)

func TestFetchReturnsTheLastCommit(t *testing.T) {
	var table Table
	if got := table.Fetch("g", "t", 0); got != None {
		t.Errorf("before any commit: got %+v, want None", got)
	}
	table.Commit("g", "t", 0, Committed{Offset: 5, LeaderEpoch: 1, Metadata: "m"})
	table.Commit("g", "t", 0, Committed{Offset: 4})
	if got, want := table.Fetch("g", "t", 0), (Committed{Offset: 4}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := table.Fetch("other", "t", 0); got != None {
		t.Errorf("another group: got %+v, want None", got)
	}
}

func TestListsAreSorted(t *testing.T) {
	var table Table
	for _, group := range []string{"b", "a"} {
		for _, topic := range []string{"y", "x"} {
			for _, partition := range []int32{2, 0, 1} {
				table.Commit(group, topic, partition, Committed{})
			}
		}
	}
	if got := table.Topics("a"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("topics: %v", got)
	}
	if got := table.Partitions("a", "x"); !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("partitions: %v", got)
	}
}

func TestDeleteForgetsOneOffset(t *testing.T) {
	var table Table
	table.Commit("g", "x", 0, Committed{})
	table.Commit("g", "x", 1, Committed{Offset: 3})
	table.Delete("g", "x", 0)
	table.Delete("g", "unknown", 0)
	table.Delete("unknown", "x", 0)
	if got := table.Partitions("g", "x"); !slices.Equal(got, []int32{1}) {
		t.Errorf("partitions: %v, want the other one", got)
	}
	table.Delete("g", "x", 1)
	if got := table.Topics("g"); len(got) != 0 {
		t.Errorf("topics: %v, want none", got)
	}
}

func TestDeleteGroupForgetsAllItsOffsets(t *testing.T) {
	var table Table
	table.Commit("g", "x", 0, Committed{})
	table.Commit("other", "x", 0, Committed{})
	table.DeleteGroup("g")
	if got := table.Topics("g"); len(got) != 0 {
		t.Errorf("topics: %v, want none", got)
	}
	if got := table.Topics("other"); !slices.Equal(got, []string{"x"}) {
		t.Errorf("the other group's topics: %v", got)
	}
}

func TestDeleteTopicForgetsItsOffsetsInEveryGroup(t *testing.T) {
	var table Table
	table.Commit("only-x", "x", 0, Committed{})
	table.Commit("both", "x", 0, Committed{})
	table.Commit("both", "y", 0, Committed{Offset: 3})
	table.DeleteTopic("x")
	if got := table.Topics("only-x"); len(got) != 0 {
		t.Errorf("topics: %v, want none", got)
	}
	if got := table.Topics("both"); !slices.Equal(got, []string{"y"}) {
		t.Errorf("topics: %v, want the other one", got)
	}
	if got := table.Fetch("both", "y", 0).Offset; got != 3 {
		t.Errorf("the other topic's offset: %d, want 3", got)
	}
}
