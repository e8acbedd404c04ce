package accum

import (
	"slices"
	"testing"
	"unsafe"
)

func pageOf(indexes ...int32) (c Calls) {
	for _, index := range indexes {
		c.add(Call{Index: index})
	}
	return c
}

func (c *Calls) indexes() (all []int32) {
	for _, call := range c.all() {
		all = append(all, call.Index)
	}
	return all
}

func TestPageTakesWhatIsCounted(t *testing.T) {
	if size := unsafe.Sizeof(Page{}); size > PageBytes {
		t.Errorf("a page takes %d bytes, %d are counted", size, PageBytes)
	}
}

func TestCallsAreSortedAcrossPages(t *testing.T) {
	var c Calls
	var want []int32
	for i := range int32(100) {
		c.add(Call{Index: 99 - i/2*2})
		want = append(want, i/2*2+1)
	}
	c.sort()
	if got := c.indexes(); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSmallListsOfCallsShareAPage(t *testing.T) {
	var queue Calls
	spare := 0
	for i := range int32(24) {
		if queue.Join(pageOf(i)) != nil {
			spare++
		}
	}
	kept := pageOf(24)
	kept.last.lent = Lent{Bytes: 7}
	if queue.Join(kept) != nil || queue.Join(Calls{}) != nil {
		t.Error("a page with a batch's memory was given up")
	}
	if got := queue.indexes(); spare != 23 || len(got) != 25 || !slices.IsSorted(got) {
		t.Errorf("%d pages were spared, the queue has %v", spare, got)
	}
	var lent []int
	for page := queue.Pop(); page != nil; page = queue.Pop() {
		lent = append(lent, page.Free().Bytes)
	}
	if !slices.Equal(lent, []int{PageBytes, PageBytes + 7}) {
		t.Errorf("what the pages give back: got %v", lent)
	}
}

func TestTakenOutCallsLeaveTheOthers(t *testing.T) {
	c := pageOf(1, 2, 1, 3)
	out := c.takeOut(1)
	if len(out) != 2 || !slices.Equal(c.indexes(), []int32{2, 3}) {
		t.Errorf("took out %d, left %v", len(out), c.indexes())
	}
}
