package afkak

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/afkak-go/afkak/internal/assign"
)

// TopicPartition names one partition of a topic.
type TopicPartition = assign.Partition

// GroupConsumer is a member of a consumer group, which shares the partitions of
// its topics out among its members (Kafka 0.9 and later; on older brokers
// Process ends with a [GroupsUnsupportedError]). Members may run other clients,
// Kafka's own included.
//
// A member joins with Process and leaves when Process returns. In between it is
// given partitions and reads each as a [Consumer] does, beginning where the
// group has committed. The partitions are given up and dealt out anew, which is
// a rebalance, when members come or go and when topics get partitions: a member
// then finishes the records in hand, commits what is processed and joins again.
// A record may be delivered again, to the same or another member, when that was
// not possible: a member was lost, or took too long.
//
// The member outlasts moved and restarted coordinators, and being put out of
// its group. State says what it waits for, and the client's logger has a line
// for each change.
//
// All methods are safe for concurrent use.
type GroupConsumer struct {
	client *Client
	group  string
	topics []string
	cfg    groupConfig

	// mu guards what follows. It is held over no I/O and no callback.
	mu     sync.Mutex
	run    *groupRun         // of the Process under way; nil: none
	parts  []*groupPartition // that may be read now
	closed bool
	state  State
}

// NewGroupConsumer makes a member of a group for these topics. It dials
// nothing. A topic that does not exist is waited for.
//
// The error names everything that is wrong with the arguments.
func NewGroupConsumer(client *Client, group string, topics []string, opts ...GroupOption) (*GroupConsumer, error) {
	cfg, err := newGroupConfig(group, topics, opts)
	if client == nil {
		err = errors.Join(errors.New("the client is nil"), err)
	}
	if err != nil {
		return nil, fmt.Errorf("new group consumer: %w", err)
	}
	topics = slices.Clone(topics)
	slices.Sort(topics)
	return &GroupConsumer{client: client, group: group, topics: slices.Compact(topics), cfg: cfg}, nil
}

// Group is the group's name.
func (g *GroupConsumer) Group() string { return g.group }

// Assignment is the partitions that the member may read now, sorted; none
// during a rebalance.
func (g *GroupConsumer) Assignment() []TopicPartition {
	g.mu.Lock()
	defer g.mu.Unlock()
	assigned := make([]TopicPartition, len(g.parts))
	for i, p := range g.parts {
		assigned[i] = p.place
	}
	return assigned
}

// State is what the member is doing, and why: fetching while it has
// partitions, or is left without by its group; waiting while it joins, and when
// one of its partitions cannot be read.
func (g *GroupConsumer) State() State {
	g.mu.Lock()
	state, parts := g.state, g.parts
	g.mu.Unlock()
	for _, p := range parts {
		own := p.consumer.State()
		if own.Kind == StateWaiting && own.Err != nil && state.Kind == StateFetching {
			state.Kind, state.Since, state.Err = StateWaiting, own.Since, own.Err
			state.Reason = p.place.String() + ": " + own.Reason
		}
		if own.CommitErr != nil && state.CommitErr == nil {
			state.CommitErr, state.CommitsFailSince = own.CommitErr, own.CommitsFailSince
		}
	}
	return state
}

// become changes the state.
func (g *GroupConsumer) become(s State) {
	s.Since = time.Now()
	g.mu.Lock()
	defer g.mu.Unlock()
	if s.Kind == g.state.Kind && s.Reason == g.state.Reason {
		s.Since = g.state.Since
	}
	g.state = s
}

// groupKey marks the context of a processor function with its member.
type groupKey struct{}

// Stop ends the membership at once, without a commit: the contexts of processor
// functions that are running are cancelled, and Process returns nil when they
// have returned and the group knows that the member is gone. Stop itself does
// not wait for that. Process may be called again, and joins anew.
func (g *GroupConsumer) Stop() { g.leave(leaveNow) }

// Close ends the membership in order: the processor functions finish the
// records that they were given, what is processed is committed, and the member
// leaves the group, unless it is a static one (see [WithInstanceID]). Process
// then returns nil, and fails with [ErrClosed] from now on. The error is that of
// a commit; or when ctx ends first, the membership ends as by Stop, and the
// error says what was still to be done.
//
// A processor function that closes its own member, with its own context, does
// not wait: Process returns after it.
func (g *GroupConsumer) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	r := g.leave(leaveInOrder)
	if r == nil {
		g.become(State{Kind: StateStopped, Reason: "closed by you"})
		return nil
	}
	if ctx.Value(groupKey{}) == g {
		return nil
	}
	select {
	case <-r.ended:
		return r.commitErr
	case <-ctx.Done():
		err := fmt.Errorf("close the member of group %s: %w, while %s", g.group, context.Cause(ctx), g.State().Reason)
		g.leave(leaveUnsaid)
		return err
	}
}

// leave tells the Process under way to end; it returns that, or nil.
func (g *GroupConsumer) leave(how func(*groupRun)) *groupRun {
	g.mu.Lock()
	r := g.run
	g.mu.Unlock()
	if r != nil {
		r.setLeaving()
		r.later(func() { how(r) })
	}
	return r
}

func (g *GroupConsumer) log(level slog.Level, msg string, attrs ...slog.Attr) {
	g.client.logger.LogAttrs(context.Background(), level, msg, append(attrs, slog.String("group", g.group))...)
}
