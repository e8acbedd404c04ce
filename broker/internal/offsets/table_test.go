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
	if got := table.Groups(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("groups: %v", got)
	}
	if got := table.Topics("a"); !slices.Equal(got, []string{"x", "y"}) {
		t.Errorf("topics: %v", got)
	}
	if got := table.Partitions("a", "x"); !slices.Equal(got, []int32{0, 1, 2}) {
		t.Errorf("partitions: %v", got)
	}
}

func TestDeleteTopicForgetsItsOffsetsAndEmptyGroups(t *testing.T) {
	var table Table
	table.Commit("only-x", "x", 0, Committed{})
	table.Commit("both", "x", 0, Committed{})
	table.Commit("both", "y", 0, Committed{Offset: 3})
	table.DeleteTopic("x")
	if got := table.Groups(); !slices.Equal(got, []string{"both"}) {
		t.Errorf("groups: %v, want only the one with another topic", got)
	}
	if got := table.Fetch("both", "y", 0).Offset; got != 3 {
		t.Errorf("the other topic's offset: %d, want 3", got)
	}
}
