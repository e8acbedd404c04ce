package conn

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/kbin"
	"github.com/afkak-go/afkak/protocol"
)

// pending is one request from its hand-off until its answer was taken off the
// wire, which may be after the wait for it has ended. Guarded by Conn.mu, but
// for response, which is the reader's, and buf and cuts while stage is
// writing, which are the writer's.
type pending struct {
	key         protocol.APIKey
	version     int16
	op          string // instead of key and version, for what is no request
	correlation int32
	bare        bool // a SASL token: no header, neither way
	noResponse  bool // the broker will not answer (produce with acks 0)

	throttleAside bool // see Call

	response protocol.Response
	done     func(protocol.Response, error) // nil once it was called or the wait was given up

	timeout  time.Duration
	handed   time.Time // when it was handed over
	deadline time.Time // handed + timeout

	buf   []byte // the frame, without cuts
	cuts  []kbin.Cut
	size  int // of the frame, with cuts
	stage stage
	sent  bool // the writer has begun; taken back only if it surely wrote nothing
}

// stage is how far a request has come on its way out.
type stage int8

const (
	queued  stage = iota // the writer has not seen it
	writing              // its memory is being read by the writer
	written              // the writer is done with its memory
)

// keptBufBytes is the largest encoding buffer that is kept for a later request:
// that of a produce request with a small batch for each of a thousand partitions.
const keptBufBytes = 1 << 20

var pendings = sync.Pool{New: func() any { return new(pending) }}

// recycle ends the use of p, which nothing refers to any more.
func recycle(p *pending) {
	buf, cuts := p.buf, p.cuts
	if cap(buf) > keptBufBytes {
		buf = nil
	}
	clear(cuts)
	*p = pending{buf: buf[:0], cuts: cuts[:0]}
	pendings.Put(p)
}

// name is what p is called in errors: "Metadata v12".
func (p *pending) name() string {
	if p.op != "" {
		return p.op
	}
	return requestName(p.key, p.version)
}

func requestName(key protocol.APIKey, version int16) string {
	return fmt.Sprintf("%v v%d", key, version)
}

// settle ends the wait and returns what to call, nil if it had ended before.
func (p *pending) settle() func(protocol.Response, error) {
	done := p.done
	p.done = nil
	return done
}

// fifo is a first-in first-out list that reuses its memory.
type fifo struct {
	items []*pending
	first int
}

func (q *fifo) all() []*pending { return q.items[q.first:] }

func (q *fifo) push(p *pending) {
	if q.first > 0 && len(q.items) == cap(q.items) { // move up rather than grow
		n := copy(q.items, q.items[q.first:])
		clear(q.items[n:])
		q.items, q.first = q.items[:n], 0
	}
	q.items = append(q.items, p)
}

func (q *fifo) front() *pending {
	if q.first == len(q.items) {
		return nil
	}
	return q.items[q.first]
}

func (q *fifo) remove(p *pending) {
	if q.front() == p {
		q.items[q.first] = nil
		q.first++
	} else if i := slices.Index(q.items[q.first:], p); i >= 0 {
		q.items = slices.Delete(q.items, q.first+i, q.first+i+1)
	}
	if q.first == len(q.items) {
		q.items, q.first = q.items[:0], 0
	}
}
