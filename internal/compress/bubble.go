package compress

import (
	"bytes"
	"flag"
	"runtime"
	"sync"
)

// underTest reports whether this is a test binary.
var underTest = sync.OnceValue(func() bool { return flag.Lookup("test.v") != nil })

// inBubble reports whether the caller runs in a testing/synctest bubble, which
// only a test can. A channel made there may be used by no one outside it, or
// the process ends; zstd coders hold channels, so one that has been in a bubble
// must not meet another in a pool. The runtime tells it in the first line of a
// goroutine's stack and nowhere else.
func inBubble() bool {
	if !underTest() {
		return false
	}
	var stack [128]byte
	line, _, _ := bytes.Cut(stack[:runtime.Stack(stack[:], false)], []byte("\n"))
	return bytes.Contains(line, []byte("synctest bubble"))
}

// coderPool holds idle coders that have channels inside.
type coderPool[C any] struct{ pool sync.Pool }

// use lends f an idle coder, or one that create makes.
func (p *coderPool[C]) use(create func() C, f func(C)) {
	if inBubble() {
		f(create())
		return
	}
	coder, ok := p.pool.Get().(C)
	if !ok {
		coder = create()
	}
	f(coder)
	p.pool.Put(coder)
}
