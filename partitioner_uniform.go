package afkak

import (
	"math/rand/v2"
	"time"
)

// stay is where a topic's records without a key go: to one partition until
// enough bytes went there, and then to another one. That makes larger batches
// than a new partition for each record (KIP-480); and since bytes decide, not
// the leaving of a batch, a partition whose batches leave late does not get
// more (KIP-794). Records with a key count as well.
type stay struct {
	part  *producerPartition
	until int64 // of its Total
}

// longestStay is the most bytes that go to a partition before another one is
// chosen, unless a batch is smaller: enough for good batches, and few enough
// that a slow producer does not write to one partition for hours.
const longestStay = 64 << 10

// stayBytes is how many bytes go to one partition.
func (p *Producer) stayBytes() int { return min(longestStay, p.cfg.batchBytes) }

// stuckTo returns the partition that records without a key go to for now.
func (p *Producer) stuckTo(topic *producerTopic, view *topicView) *producerPartition {
	for {
		at := topic.stay.Load()
		if at != nil && int(at.part.ID()) < len(view.parts) {
			return at.part
		}
		p.moveOn(topic, view, at)
	}
}

// went notes how much went to a partition and moves on when it is enough.
func (p *Producer) went(topic *producerTopic, part *producerPartition, total int64) {
	if at := topic.stay.Load(); at != nil && at.part == part && total >= at.until {
		p.moveOn(topic, topic.view.Load(), at)
	}
}

// moveOn chooses the partition that comes after from, unless somebody else has.
func (p *Producer) moveOn(topic *producerTopic, view *topicView, from *stay) {
	part := view.parts[p.pick(view)]
	topic.stay.CompareAndSwap(from, &stay{part: part, until: part.Total() + int64(p.stayBytes())})
}

// pick chooses where records without a key go next: in the client's rack if a
// leader there is ready, then to any that is ready, then to any.
func (p *Producer) pick(view *topicView) int32 {
	if id, ok := p.pickOf(view, view.near); ok {
		return id
	}
	if id, ok := p.pickOf(view, view.available); ok {
		return id
	}
	if n := len(view.available); n > 0 {
		return view.available[rand.IntN(n)]
	}
	return rand.Int32N(int32(len(view.parts)))
}

// mostCandidates bounds what a choice costs: of a topic with more partitions it
// is among so many neighbours from a random one on, whose leaders are several.
const mostCandidates = 16

// pickOf chooses one of the partitions that are ready, by chance: of two with
// backlogs of so many stays, the shorter by one has one chance more, and the
// longest backlog of all has one (KIP-794's weights, with stays for batches).
func (p *Producer) pickOf(view *topicView, ids []int32) (id int32, ok bool) {
	if len(ids) == 0 {
		return 0, false
	}
	var candidates [mostCandidates]struct {
		id      int32
		backlog int
	}
	n, longest, total := 0, 0, 0
	start, now := rand.IntN(len(ids)), p.now()
	for i := range min(len(ids), mostCandidates) {
		part := view.parts[ids[(start+i)%len(ids)]]
		if !part.ready(now, p.cfg.availabilityTimeout) {
			continue
		}
		backlog := part.Backlog() / p.stayBytes()
		candidates[n].id, candidates[n].backlog = part.ID(), backlog
		longest, total = max(longest, backlog), total+backlog
		n++
	}
	if n == 0 {
		return 0, false
	}
	chance := rand.IntN(n*(longest+1) - total)
	for _, c := range candidates[:n] {
		if chance -= longest + 1 - c.backlog; chance < 0 {
			return c.id, true
		}
	}
	panic("afkak: the chances do not add up")
}

// ready tells whether the partition's broker has answered within timeout, if
// something was asked; 0: that does not matter.
func (part *producerPartition) ready(now, timeout time.Duration) bool {
	s := part.sender.Load()
	if timeout == 0 || s == nil {
		return true
	}
	since := time.Duration(s.silentSince.Load())
	return since == 0 || now-since < timeout
}

// nearest returns the partitions that are led from the client's rack (KIP-1123), none if that does not matter.
func (p *Producer) nearest(view *topicView) (near []int32) {
	if !p.cfg.rackAware {
		return nil
	}
	for _, id := range view.available {
		if leader, ok := view.pic.Broker(view.topic.Partitions[id].Leader); ok && leader.Rack == p.client.rack {
			near = append(near, id)
		}
	}
	return near
}
