package cluster

import "github.com/afkak-go/afkak/protocol"

// byElement splits requests that are a list of elements, each with a home of
// its own: groups, transactions, resources. Q and R are the request and the
// answer, QE and RE their elements.
type byElement[Q, QE, R, RE any] struct {
	asked    func(*Q) *[]QE
	key      func(*QE) string
	target   func(*QE) target
	answered func(*R) *[]RE
	outcome  func(*RE) (key string, code int16)
}

func (s *byElement[Q, QE, R, RE]) split(req protocol.Request) []unit {
	elements := *s.asked(any(req).(*Q))
	units := make([]unit, len(elements))
	for i := range elements {
		element := &elements[i]
		units[i] = unit{index: i, item: Item{Key: s.key(element), Partition: -1}, target: s.target(element), ask: element}
	}
	return units
}

func (s *byElement[Q, QE, R, RE]) pick(req protocol.Request, units []*unit) protocol.Request {
	sub := *any(req).(*Q)
	elements := make([]QE, len(units))
	for i, u := range units {
		elements[i] = *u.ask.(*QE)
	}
	*s.asked(&sub) = elements
	return any(&sub).(protocol.Request)
}

func (s *byElement[Q, QE, R, RE]) read(resp protocol.Response) []answer {
	elements := *s.answered(any(resp).(*R))
	answers := make([]answer, len(elements))
	for i := range elements {
		key, code := s.outcome(&elements[i])
		answers[i] = answer{Item{Key: key, Partition: -1}, code, &elements[i]}
	}
	return answers
}

func (s *byElement[Q, QE, R, RE]) join(base protocol.Response, units []*unit) protocol.Response {
	var out R
	if base != nil {
		out = *any(base).(*R)
	}
	var elements []RE
	for _, u := range units {
		if u.answered {
			elements = append(elements, *u.answer.(*RE))
		}
	}
	*s.answered(&out) = elements
	return any(&out).(protocol.Response)
}

// gather is for requests that every broker answers for itself; the answer is
// all of theirs together.
type gather[R any] struct {
	add func(dst, src *R) // src's lists appended to dst's
}

type gatherer interface {
	merge(dst, src protocol.Response)
}

func (g gather[R]) merge(dst, src protocol.Response) { g.add(any(dst).(*R), any(src).(*R)) }

// elements makes a byElement whose type parameters follow from its functions.
func elements[Q, QE, R, RE any](
	asked func(*Q) *[]QE, key func(*QE) string, target func(*QE) target,
	answered func(*R) *[]RE, outcome func(*RE) (string, int16),
) *byElement[Q, QE, R, RE] {
	return &byElement[Q, QE, R, RE]{asked: asked, key: key, target: target, answered: answered, outcome: outcome}
}

// toGroup and toTransaction are the homes of plain names.
func toGroup(id *string) target       { return toCoordinator(GroupKey, *id) }
func toTransaction(id *string) target { return toCoordinator(TransactionKey, *id) }

func itself(s *string) string { return *s }
