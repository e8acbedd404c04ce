package cluster

import (
	"fmt"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// route is how requests of one API find their broker.
type route struct {
	// splitter takes a request apart; it may depend on which of an API's
	// forms the caller filled. Nil for requests that every broker answers.
	splitter func(protocol.Request) splitter
	gather   gatherer // for requests that every broker answers
	lane     Lane
	// once: carrying it out twice is not the same as once, so it is sent
	// again only when the first cannot have been carried out.
	once bool
	// creates: looking up its topics lets the broker create them, if the
	// broker's own settings do.
	creates bool
	// bounds are the versions that can carry the form which the caller
	// filled, as far as the request does not fit all. Nil: all.
	bounds func(protocol.Request) (lowest, highest int16)
	// final tells that an error code which is otherwise retriable is the answer. Nil: none.
	final func(version int16, code kerr.Error) bool
	// refuse says why this request cannot be routed, or nothing.
	refuse func(protocol.Request) string
}

// anyVersion as a bound leaves it to what both sides speak.
const anyVersion = AnyVersion

// routeOf finds the route of a request.
func routeOf(req protocol.Request) (*route, error) {
	r, ok := routes[req.Key()]
	if !ok {
		return nil, &RouteError{API: req.Key(), Hint: "it is spoken between brokers, or in a connection's handshake; name the broker it is for"}
	}
	if r.refuse != nil {
		if hint := r.refuse(req); hint != "" {
			return nil, &RouteError{API: req.Key(), Hint: hint}
		}
	}
	return r, nil
}

func (r *route) versions(req protocol.Request) (lowest, highest int16) {
	if r.bounds == nil {
		return anyVersion, anyVersion
	}
	return r.bounds(req)
}

// routes is where the requests of each API belong.
var routes = map[protocol.APIKey]*route{}

func init() {
	for _, table := range []map[protocol.APIKey]*route{leaderRoutes, groupRoutes, transactionRoutes, shareRoutes, controllerRoutes, brokerRoutes} {
		for key, r := range table {
			if _, twice := routes[key]; twice {
				panic(fmt.Sprintf("two routes for %v", key))
			}
			routes[key] = r
		}
	}
}

// split makes a route whose splitter does not depend on the request.
func split(s splitter) *route {
	return &route{splitter: func(protocol.Request) splitter { return s }}
}

// to makes a route of requests that go to one place whole.
func to[Q any](home func(*Q) target) *route {
	return split(whole{func(req protocol.Request) target { return home(any(req).(*Q)) }})
}

func toAny() *route {
	return split(whole{func(protocol.Request) target { return target{place: anyBroker} }})
}

func toController() *route {
	return split(whole{func(protocol.Request) target { return target{place: controller} }})
}

func (r *route) on(lane Lane) *route {
	r.lane = lane
	return r
}

func (r *route) onlyOnce() *route {
	r.once = true
	return r
}

func (r *route) creatingTopics() *route {
	r.creates = true
	return r
}

// within bounds the versions by what the request's form needs.
func within[Q any](r *route, bounds func(*Q) (lowest, highest int16)) *route {
	r.bounds = func(req protocol.Request) (int16, int16) { return bounds(any(req).(*Q)) }
	return r
}

// namesUntil is for APIs that name topics up to one version and carry only
// their IDs from the next.
func namesUntil[T any](last int16, topics []T, topic func(*T) (name string, id protocol.UUID)) (lowest, highest int16) {
	lowest, highest = anyVersion, anyVersion
	for i := range topics {
		name, id := topic(&topics[i])
		if id == (protocol.UUID{}) {
			highest = last
		} else if name == "" {
			lowest = last + 1
		}
	}
	return lowest, highest
}
