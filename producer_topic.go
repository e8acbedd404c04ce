package afkak

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/afkak-go/afkak/internal/accum"
	"github.com/afkak-go/afkak/internal/metadata"
)

// producerTopic is what a producer holds for one topic. Its partitions are
// made when they are first seen and stay.
type producerTopic struct {
	name     string
	settings *topicSettings
	sizes    *accum.Sizes // of its batches

	view atomic.Pointer[topicView] // nil until the topic is known
	stay atomic.Pointer[stay]      // where records without a key go; nil: not chosen

	mu    sync.Mutex // guards the making of views and partitions
	parts []*producerPartition
}

// topicView is a topic as one picture of the cluster has it. It is immutable.
type topicView struct {
	pic       *metadata.Picture
	topic     *metadata.Topic
	parts     []*producerPartition // indexed by number
	available []int32              // the partitions that have a leader
	near      []int32              // those of them that are led from the client's rack; all, if none is or that does not matter
	rotation  *rotation            // shared by views with the same number of partitions
}

// producerPartition is one partition and its place with the sender of its
// leader.
type producerPartition struct {
	accum.Partition
	topic *producerTopic

	// sender is the one that sends this partition's batches; nil: none yet, or
	// there is no leader. Changed by Producer.assign and sender.letGo only.
	sender atomic.Pointer[sender]

	call uint64 // the number of the last request with a batch of it; the sender's own

	// Guarded by the sender's mu.
	due   time.Duration
	place int // in the sender's queue, -1: not in it
}

// currentView returns the topic as the client's newest picture has it, or as
// it was last known while the picture lacks it.
func (p *Producer) currentView(topic *producerTopic) *topicView {
	view := topic.view.Load()
	pic := p.client.cluster.Picture()
	if view != nil && view.pic == pic {
		return view
	}
	return p.makeView(topic, pic)
}

// makeView brings the topic's view up to date with pic. It returns nil if the
// topic was never known.
func (p *Producer) makeView(topic *producerTopic, pic *metadata.Picture) *topicView {
	topic.mu.Lock()
	defer topic.mu.Unlock()
	old := topic.view.Load()
	found, ok := pic.Topic(topic.name)
	switch {
	case !ok || len(found.Partitions) == 0:
		if old == nil {
			return nil
		}
		found = old.topic // deleted or not told of: what waits goes where it was
	case old != nil && old.pic.Generation > pic.Generation:
		return old
	}
	view := p.viewOf(topic, pic, found, old)
	topic.view.Store(view)
	if at := topic.stay.Load(); at != nil && !slices.Contains(view.available, at.part.ID()) {
		topic.stay.CompareAndSwap(at, nil)
	}
	return view
}

// viewOf is called with topic.mu held.
func (p *Producer) viewOf(topic *producerTopic, pic *metadata.Picture, found *metadata.Topic, old *topicView) *topicView {
	view := &topicView{pic: pic, topic: found}
	if old != nil && old.topic == found {
		view.parts, view.available, view.rotation = old.parts, old.available, old.rotation
		view.near = p.nearest(view)
		return view
	}
	for id := len(topic.parts); id < len(found.Partitions); id++ {
		topic.parts = append(topic.parts, p.newPartition(topic, int32(id)))
	}
	if old == nil || old.topic.ID != found.ID || len(topic.parts) > len(old.parts) {
		for _, part := range topic.parts {
			part.Renew(accum.TopicID(found.ID), ErrTopicRecreated)
		}
	}
	view.parts = topic.parts[:len(found.Partitions):len(found.Partitions)]
	for id := range found.Partitions {
		if found.Partitions[id].Leader >= 0 {
			view.available = append(view.available, int32(id))
		}
	}
	view.near = p.nearest(view)
	if old != nil && len(old.parts) == len(view.parts) {
		view.rotation = old.rotation
	} else {
		view.rotation = newRotation(len(view.parts), topic.settings.partitioner.randomStart)
	}
	return view
}

func (p *Producer) newPartition(topic *producerTopic, id int32) *producerPartition {
	part := &producerPartition{topic: topic, place: -1}
	part.Share(topic.sizes)
	part.Init(&topic.settings.accum, topic.name, id)
	if err := p.closedErr(); err != nil {
		part.Bar(err)
	}
	return part
}

// leader returns the broker that leads the partition, -1 if there is none, and
// the generation of the picture that says so.
func (p *Producer) leader(part *producerPartition) (broker int32, generation uint64) {
	view := p.currentView(part.topic)
	if view == nil || int(part.ID()) >= len(view.topic.Partitions) {
		return -1, 0
	}
	return view.topic.Partitions[part.ID()].Leader, view.pic.Generation
}

// choose picks the record's partition; sticky tells that it goes where the
// topic's records without a key go for now, see [stay].
func (p *Producer) choose(topic *producerTopic, view *topicView, rec *Record) (part *producerPartition, sticky bool, err error) {
	n := len(view.parts)
	partitioner := &topic.settings.partitioner
	switch partitioner.kind {
	case partitionHashed:
		if hash := partitioner.hash; hash.hashes(rec.Key) {
			return view.parts[hash.partition(rec.Key, n)], false, nil
		}
		return p.stuckTo(topic, view), true, nil
	case partitionSticky:
		return p.stuckTo(topic, view), true, nil
	case partitionRoundRobin:
		return view.parts[view.rotation.take()], false, nil
	case partitionManual:
		return view.numbered(int(rec.Partition), rec)
	}
	return view.numbered(partitioner.choose(*rec, n), rec)
}

// numbered returns the partition with the number that the user gave.
func (view *topicView) numbered(id int, rec *Record) (*producerPartition, bool, error) {
	if id < 0 || id >= len(view.parts) {
		return nil, false, fmt.Errorf("%w %d: topic %s has %d, numbered from 0", ErrNoPartition, id, rec.Topic, len(view.parts))
	}
	return view.parts[id], false, nil
}
