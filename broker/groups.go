package broker

import (
	"net"
	"sync"
	"time"

	"github.com/afkak-go/afkak/broker/internal/group"
	"github.com/afkak-go/afkak/broker/internal/offsets"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// groups is the group coordinator's state. A group is there from the first
// JoinGroup or OffsetCommit that names it until it is deleted.
type groups struct {
	cfg    group.Config
	sooner chan struct{} // has room for one signal: wakeAt is earlier than run knows

	mu         sync.Mutex
	offsets    offsets.Table                           // Guarded by mu.
	byName     map[string]*group.Group                 // Guarded by mu.
	waiting    map[group.Ticket]chan protocol.Response // JoinGroup and SyncGroup requests; each has room for its answer. Guarded by mu.
	lastTicket group.Ticket                            // Guarded by mu.
	wakeAt     time.Time                               // when run advances the groups next; zero: not by time. Guarded by mu.
}

func newGroups(cfg Config) *groups {
	return &groups{
		cfg: group.Config{
			InitialRebalanceDelay: cfg.GroupInitialRebalanceDelay,
			MinSessionTimeout:     cfg.GroupMinSessionTimeout,
			MaxSessionTimeout:     cfg.GroupMaxSessionTimeout,
			MaxSize:               cfg.GroupMaxSize,
		},
		sooner:  make(chan struct{}, 1),
		byName:  make(map[string]*group.Group),
		waiting: make(map[group.Ticket]chan protocol.Response),
	}
}

// run is the groups' clock: it ends sessions and rebalances when their time is
// up, until closing is closed.
func (g *groups) run(closing <-chan struct{}) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
			g.advance(time.Now())
		case <-g.sooner:
		case <-closing:
			return
		}
		timer.Stop()
		g.mu.Lock()
		if !g.wakeAt.IsZero() {
			timer.Reset(time.Until(g.wakeAt))
		}
		g.mu.Unlock()
	}
}

// advance tells every group the time.
func (g *groups) advance(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wakeAt = time.Time{}
	for _, gr := range g.byName {
		g.settle(gr.Advance(now))
	}
}

// settle delivers what follows from a call to a group. The caller holds mu.
func (g *groups) settle(out group.Outcome) {
	for _, answer := range out.Answers {
		if waits, ok := g.waiting[answer.To]; ok {
			waits <- answer.Response
			delete(g.waiting, answer.To)
		}
	}
	if out.Wake.IsZero() || !g.wakeAt.IsZero() && !out.Wake.Before(g.wakeAt) {
		return
	}
	g.wakeAt = out.Wake
	select {
	case g.sooner <- struct{}{}:
	default:
	}
}

// made returns a group, which it makes if there is none. The caller holds mu.
func (g *groups) made(name string) *group.Group {
	gr := g.byName[name]
	if gr == nil {
		gr = group.New(g.cfg)
		g.byName[name] = gr
	}
	return gr
}

// ask hands a request to a group and waits for the answer, which may take as
// long as the other members let it wait. As with Kafka nothing else that comes
// by the connection is read meanwhile; when it has been idle for too long, or
// the broker closes, the wait ends with the connection.
func (b *Broker) ask(put func(g *groups, ticket group.Ticket)) (protocol.Response, error) {
	answer, forget := b.groups.put(put)
	defer forget()
	select {
	case resp := <-answer:
		return resp, nil
	default:
	}
	idle := time.NewTimer(b.cfg.IdleTimeout)
	defer idle.Stop()
	select {
	case resp := <-answer:
		return resp, nil
	case <-idle.C:
	case <-b.closing:
	}
	return nil, net.ErrClosed
}

// put calls f with a new ticket. The answer to it comes by the channel.
func (g *groups) put(f func(g *groups, ticket group.Ticket)) (answer <-chan protocol.Response, forget func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lastTicket++
	ticket, waits := g.lastTicket, make(chan protocol.Response, 1)
	g.waiting[ticket] = waits
	f(g, ticket)
	return waits, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.waiting, ticket)
	}
}

// commit is an offset to commit.
type commit struct {
	topic     string
	partition int32
	committed offsets.Committed
	answer    *protocol.OffsetCommitResponseTopicPartition
}

// commit stores the offsets of a request if its sender may, and answers each.
func (g *groups) commit(version int16, message *protocol.OffsetCommitRequest, commits []commit) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(commits) == 0 {
		return
	}
	code := g.mayCommit(version, message)
	for _, c := range commits {
		switch {
		case code != kerr.None:
			c.answer.ErrorCode = code.Code()
		case len(c.committed.Metadata) > offsets.MaxMetadataBytes:
			c.answer.ErrorCode = kerr.OffsetMetadataTooLarge.Code()
		default:
			g.offsets.Commit(message.GroupID, c.topic, c.partition, c.committed)
		}
	}
}

func (g *groups) mayCommit(version int16, message *protocol.OffsetCommitRequest) kerr.Error {
	if g.byName[message.GroupID] == nil && message.GenerationIDOrMemberEpoch >= 0 {
		if version >= 9 { // KIP-848
			return kerr.GroupIDNotFound
		}
		return kerr.IllegalGeneration
	}
	code, out := g.made(message.GroupID).Commit(time.Now(), message)
	g.settle(out)
	return code
}

// fetch returns what a group committed for a partition.
func (g *groups) fetch(group, topic string, partition int32) offsets.Committed {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.offsets.Fetch(group, topic, partition)
}

// topics returns the topics that a group has offsets of, each with its
// partitions, all sorted.
func (g *groups) topics(group string) []groupTopic {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []groupTopic
	for _, name := range g.offsets.Topics(group) {
		all = append(all, groupTopic{name, g.offsets.Partitions(group, name)})
	}
	return all
}

type groupTopic struct {
	name       string
	partitions []int32
}

// deleteTopic forgets the offsets of a topic.
func (g *groups) deleteTopic(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.offsets.DeleteTopic(topic)
}
