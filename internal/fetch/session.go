package fetch

import (
	"math"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// SessionVersion is the first version of Fetch that has sessions (KIP-227,
// Kafka 1.1).
const SessionVersion = 7

// Session is what one broker remembers between the requests of one fetcher:
// the partitions and, of each, what was last asked of it. A request then
// names only what changed, and an answer only what has news.
//
// The zero value is ready. A Session is for one broker and one request at a
// time: Build, then Answer or Fail.
type Session struct {
	id    int32 // given by the broker; 0: none
	epoch int32 // of the next request; 0 asks for a new session
	known map[place]Ask
	full  bool // whether the request under way names all its partitions
}

// place is a partition as a map key.
type place struct {
	topic     string
	partition int32
}

func placeOf(a *Ask) place { return place{a.Topic, a.Partition} }

// Build writes asks, in their order, into req, whose other fields stay as they
// are. version is the version that req will be sent in.
func (s *Session) Build(req *protocol.FetchRequest, asks []Ask, version int16) {
	req.Topics, req.ForgottenTopicsData = nil, nil
	if version < SessionVersion {
		req.SessionID, req.SessionEpoch = 0, -1
		s.full = true
		addAsks(req, asks)
		return
	}
	req.SessionID, req.SessionEpoch = s.id, s.epoch
	if s.full = s.epoch == 0; s.full {
		s.known = make(map[place]Ask, len(asks))
		for i := range asks {
			s.known[placeOf(&asks[i])] = asks[i].wire()
		}
		addAsks(req, asks)
		return
	}
	s.buildIncrement(req, asks)
}

func (s *Session) buildIncrement(req *protocol.FetchRequest, asks []Ask) {
	wanted := make(map[place]struct{}, len(asks))
	changed := make([]Ask, 0, len(asks))
	for i := range asks {
		at, now := placeOf(&asks[i]), asks[i].wire()
		wanted[at] = struct{}{}
		if before, ok := s.known[at]; !ok || before != now {
			s.known[at] = now
			changed = append(changed, now)
		}
	}
	addAsks(req, changed)
	for at := range s.known {
		if _, ok := wanted[at]; !ok {
			forget(req, at)
			delete(s.known, at)
		}
	}
}

// wire is the ask without what is not sent, to compare it with another.
func (a Ask) wire() Ask {
	a.Serial = 0
	return a
}

func addAsks(req *protocol.FetchRequest, asks []Ask) {
	topics := make(map[string]int)
	for i := range asks {
		a := &asks[i]
		at, ok := topics[a.Topic]
		if !ok {
			at = len(req.Topics)
			topics[a.Topic] = at
			req.Topics = append(req.Topics, protocol.FetchRequestTopic{Topic: a.Topic})
		}
		topic := &req.Topics[at]
		p := protocol.FetchRequestTopicPartition{}
		p.SetDefaults()
		p.Partition = a.Partition
		p.CurrentLeaderEpoch = a.LeaderEpoch
		p.FetchOffset = a.Offset
		p.PartitionMaxBytes = a.MaxBytes
		topic.Partitions = append(topic.Partitions, p)
	}
}

func forget(req *protocol.FetchRequest, at place) {
	for i := range req.ForgottenTopicsData {
		if t := &req.ForgottenTopicsData[i]; t.Topic == at.topic {
			t.Partitions = append(t.Partitions, at.partition)
			return
		}
	}
	req.ForgottenTopicsData = append(req.ForgottenTopicsData, protocol.FetchRequestForgottenTopicsData{
		Topic: at.topic, Partitions: []int32{at.partition},
	})
}

// Full reports whether the request last built named all its partitions, so
// that an answer must name them all as well. The answer to an increment leaves
// out those without news.
func (s *Session) Full() bool { return s.full }

// Answer takes the head of the answer to the request last built. An error is
// the broker's refusal of the whole request; the next request then opens a new
// session. If again is true, the refusal was the session's fault only (the
// broker evicted it, or lost count) and the next request may follow at once.
func (s *Session) Answer(resp *protocol.FetchResponse, version int16) (again bool, err error) {
	if version < SessionVersion {
		return false, nil
	}
	switch code := kerr.Error(resp.ErrorCode); {
	case resp.ErrorCode == 0:
		s.advance(resp.SessionID)
		return false, nil
	case code == kerr.FetchSessionIDNotFound:
		*s = Session{}
		return true, code
	case code == kerr.InvalidFetchSessionEpoch:
		s.Fail()
		return true, code
	default:
		s.Fail()
		return false, kerr.FromCode(resp.ErrorCode)
	}
}

func (s *Session) advance(id int32) {
	switch {
	case id == 0: // the broker has no room for a session: stay with whole requests
		s.id, s.epoch = 0, 0
	case s.epoch == math.MaxInt32:
		s.id, s.epoch = id, 1
	default:
		s.id, s.epoch = id, s.epoch+1
	}
}

// Fail tells the session that no answer came, or none that could be used: the
// broker may or may not have counted the request. The next request closes
// what the broker may still remember and opens a new session.
func (s *Session) Fail() { s.epoch = 0 }

// Close writes into req the request that ends the session, and reports whether
// there is one to end.
func (s *Session) Close(req *protocol.FetchRequest) bool {
	if s.id == 0 {
		return false
	}
	req.Topics, req.ForgottenTopicsData = nil, nil
	req.SessionID, req.SessionEpoch = s.id, -1
	*s = Session{}
	return true
}
