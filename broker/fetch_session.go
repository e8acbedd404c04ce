package broker

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

const (
	// maxFetchSessions and minEvictionAge are Kafka's defaults of
	// max.incremental.fetch.session.cache.slots and its eviction time.
	maxFetchSessions = 1000
	minEvictionAge   = 2 * time.Minute

	fullEpoch  = 0  // begins a session
	finalEpoch = -1 // ends one, or has none
)

// fetchSessions are the fetch sessions of all clients (KIP-227): what they
// fetch, so that they need only say what changes.
type fetchSessions struct {
	mu   sync.Mutex
	byID map[int32]*fetchSession // Guarded by mu.
}

// fetchSession is one session.
type fetchSession struct {
	id       int32
	topicIDs bool // its requests name topics by id

	mu    sync.Mutex
	epoch int32                              // of the next request. Guarded by mu.
	parts []*sessionPartition                // in the order to be read. Guarded by mu.
	index map[partitionKey]*sessionPartition // Guarded by mu.

	used time.Time // Guarded by fetchSessions.mu.
}

// sessionPartition is a partition of a session, with what the client was last
// told of it.
type sessionPartition struct {
	fetchPartition
	highWatermark int64
	logStart      int64
}

// fetchContext is how one request is to be answered.
type fetchContext struct {
	session     *fetchSession // nil: none
	incremental bool          // only what changed is answered
	parts       []fetchPartition
}

func newFetchSessions() *fetchSessions {
	return &fetchSessions{byID: make(map[int32]*fetchSession)}
}

// begin finds out which partitions a request is about.
func (s *fetchSessions) begin(version int16, message *protocol.FetchRequest, now time.Time) (*fetchContext, kerr.Error) {
	if message.SessionEpoch != fullEpoch && message.SessionEpoch != finalEpoch {
		return s.resume(version, message, now)
	}
	if message.SessionID != 0 {
		s.remove(message.SessionID)
	}
	context := &fetchContext{parts: partitionsOf(message)}
	if message.SessionEpoch == fullEpoch {
		context.session = s.create(version >= 13, context.parts, now)
	}
	return context, kerr.None
}

// resume goes on with a session.
func (s *fetchSessions) resume(version int16, message *protocol.FetchRequest, now time.Time) (*fetchContext, kerr.Error) {
	session := s.use(message.SessionID, now)
	if session == nil {
		return nil, kerr.FetchSessionIDNotFound
	}
	parts, code := session.update(version, message)
	if code != kerr.None {
		return nil, code
	}
	if len(parts) == 0 {
		s.remove(session.id)
		return &fetchContext{}, kerr.None
	}
	return &fetchContext{session: session, incremental: true, parts: parts}, kerr.None
}

func (s *fetchSessions) use(id int32, now time.Time) *fetchSession {
	s.mu.Lock()
	defer s.mu.Unlock()
	session := s.byID[id]
	if session != nil {
		session.used = now
	}
	return session
}

func (s *fetchSessions) remove(id int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, id)
}

// create begins a session, or returns nil when there are too many: the client
// then goes on without one.
func (s *fetchSessions) create(topicIDs bool, parts []fetchPartition, now time.Time) *fetchSession {
	session := &fetchSession{
		topicIDs: topicIDs,
		epoch:    fullEpoch + 1,
		index:    make(map[partitionKey]*sessionPartition),
		used:     now,
	}
	for _, part := range parts {
		session.set(part)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.byID) >= maxFetchSessions && !s.evict(now) {
		return nil
	}
	for session.id == 0 || s.byID[session.id] != nil {
		session.id = randomSessionID()
	}
	s.byID[session.id] = session
	return session
}

// evict makes room for one more session. Called with mu held.
func (s *fetchSessions) evict(now time.Time) bool {
	var oldest *fetchSession
	for _, session := range s.byID {
		if oldest == nil || session.used.Before(oldest.used) {
			oldest = session
		}
	}
	if now.Sub(oldest.used) < minEvictionAge {
		return false
	}
	delete(s.byID, oldest.id)
	return true
}

func randomSessionID() int32 {
	var random [4]byte
	rand.Read(random[:])
	return int32(binary.BigEndian.Uint32(random[:]) & math.MaxInt32)
}

// update applies an incremental request and returns all partitions of the
// session.
func (s *fetchSession) update(version int16, message *protocol.FetchRequest) ([]fetchPartition, kerr.Error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.topicIDs != (version >= 13) {
		return nil, kerr.FetchSessionTopicIDError
	}
	if s.epoch != message.SessionEpoch {
		return nil, kerr.InvalidFetchSessionEpoch
	}
	if s.epoch++; s.epoch < 0 {
		s.epoch = fullEpoch + 1
	}
	for _, part := range partitionsOf(message) {
		s.set(part)
	}
	s.forget(message.ForgottenTopicsData)
	parts := make([]fetchPartition, len(s.parts))
	for i, part := range s.parts {
		parts[i] = part.fetchPartition
	}
	return parts, kerr.None
}

func (s *fetchSession) set(part fetchPartition) {
	if known, ok := s.index[part.partitionKey]; ok {
		known.fetchPartition = part
		return
	}
	added := &sessionPartition{fetchPartition: part, highWatermark: -1, logStart: -1}
	s.index[part.partitionKey] = added
	s.parts = append(s.parts, added)
}

func (s *fetchSession) forget(topics []protocol.FetchRequestForgottenTopicsData) {
	if len(topics) == 0 {
		return
	}
	for _, topic := range topics {
		for _, index := range topic.Partitions {
			delete(s.index, partitionKey{topic.Topic, topic.TopicID, index})
		}
	}
	s.parts = slices.DeleteFunc(s.parts, func(p *sessionPartition) bool { return s.index[p.partitionKey] != p })
}

// changed returns the answers that say something new, or all of them, and
// notes what the client knows then. Partitions that had records are read last
// the next time, so that the others get their turn.
func (s *fetchSession) changed(answers []fetchAnswer, incremental bool) []fetchAnswer {
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []fetchAnswer
	hadRecords := make(map[*sessionPartition]bool)
	for _, answer := range answers {
		part, ok := s.index[answer.key]
		if !ok {
			continue // another request of this session forgot it meanwhile
		}
		if news := part.tell(&answer.data); news || !incremental {
			kept = append(kept, answer)
		}
		if len(answer.data.Records) > 0 {
			hadRecords[part] = true
		}
	}
	if incremental && len(hadRecords) > 0 {
		slices.SortStableFunc(s.parts, func(a, b *sessionPartition) int {
			return rank(hadRecords[a]) - rank(hadRecords[b])
		})
	}
	return kept
}

func rank(last bool) int {
	if last {
		return 1
	}
	return 0
}

// tell notes what the client is told of the partition, and says whether any
// of it is news.
func (p *sessionPartition) tell(answer *protocol.FetchResponseResponsePartition) bool {
	news := len(answer.Records) > 0 || answer.ErrorCode != 0 || answer.DivergingEpoch != nil ||
		answer.HighWatermark != p.highWatermark || answer.LogStartOffset != p.logStart
	p.highWatermark, p.logStart = answer.HighWatermark, answer.LogStartOffset
	if answer.ErrorCode != 0 {
		p.highWatermark = -1 // so that its recovery will be news
	}
	return news
}

func partitionsOf(message *protocol.FetchRequest) []fetchPartition {
	var parts []fetchPartition
	for _, topic := range message.Topics {
		for _, part := range topic.Partitions {
			parts = append(parts, fetchPartition{
				partitionKey:     partitionKey{topic.Topic, topic.TopicID, part.Partition},
				offset:           part.FetchOffset,
				maxBytes:         part.PartitionMaxBytes,
				leaderEpoch:      part.CurrentLeaderEpoch,
				lastFetchedEpoch: part.LastFetchedEpoch,
			})
		}
	}
	return parts
}

// finish makes the response, with runs of the same topic put together.
func (c *fetchContext) finish(answers []fetchAnswer) *protocol.FetchResponse {
	resp := new(protocol.FetchResponse)
	if c.session != nil {
		resp.SessionID = c.session.id
		answers = c.session.changed(answers, c.incremental)
	}
	for _, answer := range answers {
		n := len(resp.Responses)
		if n == 0 || resp.Responses[n-1].Topic != answer.key.topic || resp.Responses[n-1].TopicID != answer.key.id {
			resp.Responses = append(resp.Responses, protocol.FetchResponseResponse{Topic: answer.key.topic, TopicID: answer.key.id})
			n++
		}
		last := &resp.Responses[n-1]
		last.Partitions = append(last.Partitions, answer.data)
	}
	return resp
}
