package afkak

import (
	"container/heap"
	"time"
)

// dueQueue orders a sender's partitions by when they have something to send.
// Those that wait for nothing but an event are not in it.
type dueQueue []*producerPartition

var _ heap.Interface = (*dueQueue)(nil)

func (q dueQueue) Len() int           { return len(q) }
func (q dueQueue) Less(i, j int) bool { return q[i].due < q[j].due }

func (q dueQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push is for package heap.
func (q *dueQueue) Push(x any) {
	part := x.(*producerPartition)
	part.place = len(*q)
	*q = append(*q, part)
}

// Pop is for package heap.
func (q *dueQueue) Pop() any {
	old := *q
	part := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	part.place = -1
	return part
}

// set puts the partition where due belongs, taking it in or out as needed.
func (q *dueQueue) set(part *producerPartition, due time.Duration, in bool) {
	part.due = due
	switch {
	case in && part.place < 0:
		heap.Push(q, part)
	case in:
		heap.Fix(q, part.place)
	case part.place >= 0:
		heap.Remove(q, part.place)
	}
}

// next returns the partition that is due first, nil if none is by now.
func (q *dueQueue) next(now time.Duration) *producerPartition {
	if len(*q) == 0 || (*q)[0].due > now {
		return nil
	}
	return heap.Pop(q).(*producerPartition)
}
