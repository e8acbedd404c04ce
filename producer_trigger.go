package afkak

import "sync"

// trigger counts what waits for one of WithBatch's triggers, over all
// partitions of a producer. The interval is the partitions' own business: a
// batch that waited so long fires the trigger.
type trigger struct {
	cfg triggerConfig

	mu       sync.Mutex
	messages int
	bytes    int
}

func newTrigger(cfg triggerConfig) *trigger { return &trigger{cfg: cfg} }

// add counts records that were appended and reports whether a trigger fires.
func (t *trigger) add(messages, bytes int) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages += messages
	t.bytes += bytes
	fires := t.cfg.messages > 0 && t.messages >= t.cfg.messages ||
		t.cfg.bytes > 0 && t.bytes >= t.cfg.bytes
	if fires {
		t.messages, t.bytes = 0, 0
	}
	return fires
}

// takeBack uncounts records that were cancelled. It never goes below nothing:
// they may have been counted for a trigger that has just fired.
func (t *trigger) takeBack(messages, bytes int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages = max(t.messages-messages, 0)
	t.bytes = max(t.bytes-bytes, 0)
}

// reset forgets what was counted: it is on its way.
func (t *trigger) reset() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.messages, t.bytes = 0, 0
}

// count counts records for the trigger and lets everything go when it fires.
func (p *Producer) count(messages, valueBytes int) {
	if p.trigger.add(messages, valueBytes) {
		p.letGo()
	}
}

// fire lets everything go whether or not enough waits.
func (p *Producer) fire() {
	if p.trigger != nil {
		p.trigger.reset()
	}
	p.letGo()
}

// letGo closes all open batches, so that they leave as soon as their turn
// comes.
func (p *Producer) letGo() {
	p.eachPartition(func(part *producerPartition) {
		if part.Close() {
			p.schedule(part)
		}
	})
}

// eachPartition visits all partitions that were ever seen.
func (p *Producer) eachPartition(visit func(*producerPartition)) {
	p.topics.Range(func(_, topic any) bool {
		for _, part := range topic.(*producerTopic).partitions() {
			visit(part)
		}
		return true
	})
}

// partition returns one partition, nil if its topic was never written to or the
// number was never seen.
func (p *Producer) partition(topic string, id int32) *producerPartition {
	known := p.topic(topic)
	if known == nil {
		return nil
	}
	parts := known.partitions()
	if id < 0 || int(id) >= len(parts) {
		return nil
	}
	return parts[id]
}

func (topic *producerTopic) partitions() []*producerPartition {
	topic.mu.Lock()
	defer topic.mu.Unlock()
	return topic.parts
}
