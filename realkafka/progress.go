package realkafka

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// progress writes whole lines to Config.Log, which need not be safe for
// concurrent use. A nil progress writes nothing.
type progress struct {
	mu sync.Mutex
	w  io.Writer // guarded by mu
}

func newProgress(w io.Writer) *progress {
	if w == nil {
		return nil
	}
	return &progress{w: w}
}

func (p *progress) printf(format string, args ...any) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.w, "realkafka: "+format+"\n", args...)
}

// lastLines returns the last n lines of s, without the newline at its end.
func lastLines(s string, n int) string {
	lines := strings.Split(strings.TrimRight(s, "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
