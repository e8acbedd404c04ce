package cluster

import (
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// unit is one item of a request on its way: what is asked, where it belongs,
// and what came of it.
type unit struct {
	index  int // in the order in which the request asks
	item   Item
	byID   Item // the same by its topic's ID, where the request has both
	target target
	ask    any // points to the request's own struct for it

	result

	// lost counts how often the connection was lost once the unit was sent.
	lost int
	// stale says that the picture, up to this generation, had led astray.
	stale      bool
	generation uint64
}

// result is what came of the last time a unit was sent.
type result struct {
	answered bool
	answer   any        // points to the answer's own struct for it; nil: nothing is answered (acks 0)
	code     kerr.Error // in the answer
	err      error      // why there is no answer
	broker   int32
	addr     string
	version  int16
}

// failure is what went wrong with the unit, or nil.
func (u *unit) failure() error {
	if u.err != nil {
		return u.err
	}
	return kerr.FromCode(int16(u.code))
}

// answer is one item of a broker's answer.
type answer struct {
	item  Item
	code  int16
	value any // points to the answer's own struct for it
}

// splitter takes requests of one API apart and puts answers together.
type splitter interface {
	// split lists what a request asks for, in its order.
	split(req protocol.Request) []unit
	// pick makes a request of the same settings for some of the units.
	pick(req protocol.Request, units []*unit) protocol.Request
	// read lists what an answer answers.
	read(resp protocol.Response) []answer
	// join makes one answer of those units that have one; what is not about
	// units is taken from base, one of the answers (nil: none came).
	join(base protocol.Response, units []*unit) protocol.Response
}

// whole is the splitter of requests that cannot be taken apart: one unit, for
// the broker that target names.
type whole struct {
	target func(protocol.Request) target
}

// theWhole is the only item of such a request.
var theWhole = Item{Partition: -1}

func (w whole) split(req protocol.Request) []unit {
	to := w.target(req)
	return []unit{{item: theWhole, target: to, ask: req}}
}

func (w whole) pick(req protocol.Request, _ []*unit) protocol.Request { return req }

func (w whole) read(resp protocol.Response) []answer {
	return []answer{{theWhole, firstCode(resp), resp}}
}

func (w whole) join(_ protocol.Response, units []*unit) protocol.Response {
	resp, _ := units[0].answer.(protocol.Response)
	return resp
}

// waves parts units so that no wave asks for the same item twice: brokers take
// one entry for a partition per request. Order within an item is kept.
func waves(units []unit) [][]*unit {
	var parted [][]*unit
	seen := make(map[Item]int, len(units))
	for i := range units {
		n := seen[units[i].item]
		seen[units[i].item]++
		if n == len(parted) {
			parted = append(parted, nil)
		}
		parted[n] = append(parted[n], &units[i])
	}
	return parted
}
