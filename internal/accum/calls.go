package accum

import (
	"cmp"
	"slices"
	"sync"
)

// Call is a callback and the record that it is for.
type Call struct {
	Promise   *Promise
	Index     int32
	Timestamp int64 // milliseconds since the epoch
	Fn        any   // the owner's function type
}

// Lent is memory that the owner lent to a batch, and that is its own again.
type Lent struct {
	Buffer []byte // nil where what is counted is elsewhere
	Bytes  int    // that were counted for the batch
}

// PageBytes is what a [Page] takes.
const PageBytes = 1 << 10

// Page is up to two dozen callbacks. It is used again after [Page.Free].
type Page struct {
	next  *Page
	n     int
	calls [24]Call
	lent  Lent // of the batch whose last callbacks are here
}

var pages = sync.Pool{New: func() any { return new(Page) }}

// Calls returns the callbacks, in order.
func (p *Page) Calls() []Call { return p.calls[:p.n] }

// Free ends the use of a page whose callbacks have run, and returns the memory
// that was kept until then, its own [PageBytes] among it.
func (p *Page) Free() Lent {
	lent := p.lent
	lent.Bytes += PageBytes
	*p = Page{}
	pages.Put(p)
	return lent
}

// Calls is a list of callbacks, in pages. The zero value is empty.
type Calls struct{ first, last *Page }

// Pop takes the first page out, nil if there is none.
func (c *Calls) Pop() *Page {
	p := c.first
	if p == nil {
		return nil
	}
	if c.first = p.next; c.first == nil {
		c.last = nil
	}
	p.next = nil
	return p
}

// Join moves the callbacks of other behind those of c. Where they find room in
// the last page of c, their own is returned, to be freed.
func (c *Calls) Join(other Calls) (spare *Page) {
	switch {
	case other.first == nil:
		return nil
	case c.first == nil:
		*c = other
		return nil
	case other.first == other.last && other.last.lent.Bytes == 0 && c.last.n+other.last.n <= len(c.last.calls):
		c.last.n += copy(c.last.calls[c.last.n:], other.last.Calls())
		return other.last
	}
	c.last.next, c.last = other.first, other.last
	return nil
}

// add reports whether it took another page.
func (c *Calls) add(call Call) (grown bool) {
	if c.last == nil || c.last.n == len(c.last.calls) {
		p := pages.Get().(*Page)
		if c.last == nil {
			c.first = p
		} else {
			c.last.next = p
		}
		c.last, grown = p, true
	}
	c.last.calls[c.last.n] = call
	c.last.n++
	return grown
}

// sort puts the callbacks into the order of their records. They come in the
// order in which they were asked for, which is another only where several
// goroutines send to one partition.
func (c *Calls) sort() {
	sorted, last := true, int32(-1)
	for p := c.first; p != nil; p = p.next {
		for i := range p.Calls() {
			sorted = sorted && last <= p.calls[i].Index
			last = p.calls[i].Index
		}
	}
	if sorted {
		return
	}
	all := c.all()
	slices.SortStableFunc(all, func(a, b Call) int { return cmp.Compare(a.Index, b.Index) })
	for p := c.first; p != nil; p = p.next {
		all = all[copy(p.Calls(), all):]
	}
}

func (c *Calls) all() (all []Call) {
	for p := c.first; p != nil; p = p.next {
		all = append(all, p.Calls()...)
	}
	return all
}

// takeOut takes those of one record out. The pages stay, with less on them.
func (c *Calls) takeOut(index int32) (out []Call) {
	for p := c.first; p != nil; p = p.next {
		left := slices.DeleteFunc(p.Calls(), func(call Call) bool {
			if call.Index == index {
				out = append(out, call)
			}
			return call.Index == index
		})
		p.n = len(left)
	}
	return out
}
