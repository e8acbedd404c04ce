package accum

// TopicID identifies a topic beyond its name (KIP-516); zero where none is
// known.
type TopicID [16]byte

// TopicID returns the ID of the topic that the batch was taken for.
func (b *Batch) TopicID() TopicID { return b.topicID }

// Renew notes the ID of the topic as it is now. Another one than before means
// that the topic was deleted and made again: the partition has another log, in
// which nothing is stored and no number is known.
//
// What may be in the old log must not come into the new one as well: it fails
// with err, or does so when the attempt under way fails. What is known to be in
// the old log counts as stored. Everything else goes to the new one, numbered
// from 0 under another epoch, which fences what may still be on its way by the
// topic's name.
func (p *Partition) Renew(id TopicID, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.topicID
	if id == before || id == (TopicID{}) {
		return
	}
	p.topicID = id
	if before == (TopicID{}) {
		return
	}
	p.broken = p.producerID >= 0
	p.sent.each(func(b *Batch) { b.renewed = err })
	for b := p.waiting.head; b != nil; {
		next := b.next
		switch {
		case b.implied:
			p.waiting.remove(b)
			p.settleStored(b, storedSomewhere)
		case b.maybe:
			p.waiting.remove(b)
			p.giveUp(b, err)
		}
		b = next
	}
}
