package cluster

import "github.com/afkak-go/afkak/protocol"

// byPartition splits requests that are a list of topics with a list of
// partitions each, answered in the same shape. Q and R are the request and the
// answer, QT and RT their topics, QP and RP their partitions.
type byPartition[Q, QT, QP, R, RT, RP any] struct {
	asked    func(*Q) *[]QT
	topic    func(*QT) (name *string, id *protocol.UUID, parts *[]QP)
	part     func(*QP) int32
	target   func(*Q, Item) target // nil: the partition's leader
	answered func(*R) *[]RT
	result   func(*RT) (name *string, id *protocol.UUID, parts *[]RP)
	outcome  func(*RP) (partition int32, code int16)
	unasked  func(*QP) RP // what stands for an answer where none is sent; nil: always sent
}

// item names a partition by its topic's name where there is one, by ID otherwise.
func partitionItem(name *string, id *protocol.UUID, partition int32) Item {
	item := Item{Partition: partition}
	if name != nil {
		item.Topic = *name
	}
	if item.Topic == "" && id != nil {
		item.TopicID = *id
	}
	return item
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) split(req protocol.Request) []unit {
	q := any(req).(*Q)
	var units []unit
	topics := *s.asked(q)
	for t := range topics {
		name, id, parts := s.topic(&topics[t])
		for p := range *parts {
			part := &(*parts)[p]
			item := partitionItem(name, id, s.part(part))
			to := toLeader(item)
			if s.target != nil {
				to = s.target(q, item)
			}
			u := unit{index: len(units), item: item, target: to, ask: asked[QT, QP]{&topics[t], part}}
			if item.Topic != "" && id != nil && *id != (protocol.UUID{}) {
				u.byID = Item{TopicID: *id, Partition: item.Partition}
			}
			units = append(units, u)
		}
	}
	return units
}

// asked points to a partition and its topic in the request.
type asked[QT, QP any] struct {
	topic *QT
	part  *QP
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) pick(req protocol.Request, units []*unit) protocol.Request {
	sub := *any(req).(*Q)
	topics := make([]QT, 0, 1)
	places := make(map[Item]int, 1) // of a topic in topics; brokers want each once
	for _, u := range units {
		ask := u.ask.(asked[QT, QP])
		name := Item{Topic: u.item.Topic, TopicID: u.item.TopicID}
		at, known := places[name]
		if !known {
			at = len(topics)
			places[name] = at
			topics = append(topics, *ask.topic)
			_, _, parts := s.topic(&topics[at])
			*parts = nil
		}
		_, _, parts := s.topic(&topics[at])
		*parts = append(*parts, *ask.part)
	}
	*s.asked(&sub) = topics
	return any(&sub).(protocol.Request)
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) read(resp protocol.Response) []answer {
	var answers []answer
	topics := *s.answered(any(resp).(*R))
	for t := range topics {
		name, id, parts := s.result(&topics[t])
		for p := range *parts {
			part := &(*parts)[p]
			partition, code := s.outcome(part)
			answers = append(answers, answer{partitionItem(name, id, partition), code, part})
		}
	}
	return answers
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) join(base protocol.Response, units []*unit) protocol.Response {
	var out R
	if base != nil {
		out = *any(base).(*R)
	}
	topics := s.answered(&out)
	*topics = nil
	var last Item
	for _, u := range units {
		if !u.answered {
			continue
		}
		if topic := (Item{Topic: u.item.Topic, TopicID: u.item.TopicID}); len(*topics) == 0 || topic != last {
			last = topic
			*topics = append(*topics, s.emptyResult(u.item))
		}
		_, _, parts := s.result(&(*topics)[len(*topics)-1])
		*parts = append(*parts, s.value(u))
	}
	return any(&out).(protocol.Response)
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) emptyResult(item Item) RT {
	var topic RT
	name, id, _ := s.result(&topic)
	if name != nil {
		*name = item.Topic
	}
	if id != nil {
		*id = item.TopicID
	}
	return topic
}

func (s *byPartition[Q, QT, QP, R, RT, RP]) value(u *unit) RP {
	if u.answer == nil {
		return s.unasked(u.ask.(asked[QT, QP]).part)
	}
	return *u.answer.(*RP)
}

// partitions makes a byPartition whose type parameters follow from its functions.
func partitions[Q, QT, QP, R, RT, RP any](
	asked func(*Q) *[]QT, topic func(*QT) (*string, *protocol.UUID, *[]QP), part func(*QP) int32,
	answered func(*R) *[]RT, result func(*RT) (*string, *protocol.UUID, *[]RP), outcome func(*RP) (int32, int16),
) *byPartition[Q, QT, QP, R, RT, RP] {
	return &byPartition[Q, QT, QP, R, RT, RP]{asked: asked, topic: topic, part: part, answered: answered, result: result, outcome: outcome}
}

// to sends each partition elsewhere than to its leader.
func (s *byPartition[Q, QT, QP, R, RT, RP]) to(target func(*Q, Item) target) *byPartition[Q, QT, QP, R, RT, RP] {
	s.target = target
	return s
}
