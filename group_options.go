package afkak

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/afkak-go/afkak/internal/assign"
)

// GroupOption changes a setting of [NewGroupConsumer]. Every [PartitionOption]
// and every [FetchOption] is one too.
type GroupOption interface {
	applyGroup(*groupConfig)
}

type groupOption func(*groupConfig)

func (o groupOption) applyGroup(c *groupConfig) { o(c) }

// groupConfig is what the options of one member came to.
type groupConfig struct {
	partition  consumerConfig // of the consumer of each partition
	session    time.Duration  // 0: as long as the brokers' release takes
	rebalance  time.Duration
	heartbeat  time.Duration
	instanceID string // empty: none
	assignors  []Assignor
}

// maxTopicName is how long brokers let the name of a topic be.
const maxTopicName = 249

func newGroupConfig(group string, topics []string, opts []GroupOption) (groupConfig, error) {
	c := groupConfig{
		partition: defaultConsumerConfig(),
		rebalance: time.Minute, heartbeat: 3 * time.Second,
		assignors: []Assignor{RangeAssignor, RoundRobinAssignor},
	}
	c.partition.group = group
	c.partition.unknownTopic = math.MaxInt64 // a topic that is gone is the group's leader's to notice
	for _, o := range opts {
		if o != nil {
			o.applyGroup(&c)
		}
	}
	c.partition.finish()
	return c, errors.Join(c.check(group, topics), c.partition.checkPositions(), c.partition.checkNumbers(), c.partition.fetch.check())
}

func (c *groupConfig) check(group string, topics []string) error {
	session := c.session
	if session == 0 {
		session = 30 * time.Second // the shorter of the defaults
	}
	errs := []error{
		milliseconds("WithSessionTimeout", c.session, 0),
		milliseconds("WithRebalanceTimeout", c.rebalance, time.Millisecond),
		milliseconds("WithHeartbeatInterval", c.heartbeat, time.Millisecond),
	}
	if group == "" {
		errs = append(errs, errors.New("the group has no name"))
	}
	if len(topics) == 0 {
		errs = append(errs, errors.New("there are no topics"))
	}
	for _, topic := range topics {
		if topic == "" || len(topic) > maxTopicName {
			errs = append(errs, fmt.Errorf("topic %q: a name has 1 to %d characters", topic, maxTopicName))
		}
	}
	if c.heartbeat >= session {
		errs = append(errs, fmt.Errorf("WithHeartbeatInterval(%v): not less than the session timeout, which is %v", c.heartbeat, session))
	}
	if len(c.assignors) == 0 {
		errs = append(errs, errors.New("WithAssignors: name at least one"))
	}
	for _, a := range c.assignors {
		if a != RangeAssignor && a != RoundRobinAssignor {
			errs = append(errs, fmt.Errorf("WithAssignors(%v): use RangeAssignor or RoundRobinAssignor", a))
		}
	}
	return errors.Join(errs...)
}

// milliseconds checks a duration that goes over the wire.
func milliseconds(option string, d, least time.Duration) error {
	if d.Milliseconds() > math.MaxInt32 {
		return fmt.Errorf("%s(%v): at most %v", option, d, math.MaxInt32*time.Millisecond)
	}
	return atLeast(option, "duration", d, least)
}

// WithSessionTimeout is after how long without a heartbeat the group takes a
// member for gone, and gives its partitions to others. The brokers bound it
// (group.min.session.timeout.ms, group.max.session.timeout.ms).
//
// Default: 45 s (KIP-735); before Kafka 0.10.1, where brokers allow no more, 30 s.
func WithSessionTimeout(d time.Duration) GroupOption {
	return groupOption(func(c *groupConfig) { c.session = d })
}

// WithRebalanceTimeout is how long the group waits in a rebalance for a member
// to finish the records in hand, commit, and join again (KIP-62); then it goes
// on without it. Somewhat earlier the context of a processor function that is
// still running ends. Before Kafka 0.10.1 that is the session timeout.
//
// Default: 1 min.
func WithRebalanceTimeout(d time.Duration) GroupOption {
	return groupOption(func(c *groupConfig) { c.rebalance = d })
}

// WithHeartbeatInterval is how often a member tells the group that it lives,
// and learns of rebalances. It must be less than the session timeout; a third
// of it at most leaves room for a broker that is lost.
//
// Default: 3 s.
func WithHeartbeatInterval(d time.Duration) GroupOption {
	return groupOption(func(c *groupConfig) { c.heartbeat = d })
}

// WithInstanceID makes the member a static one (KIP-345, Kafka 2.3): it does
// not leave the group when it is closed, and keeps its partitions if a member
// with the same instance ID comes back within the session timeout. An ID is one
// process's at a time; another one that takes it ends this one's Process.
//
// Default: none.
func WithInstanceID(id string) GroupOption {
	return groupOption(func(c *groupConfig) { c.instanceID = id })
}

// Assignor is a way to hand out a group's partitions to its members, which its
// leader follows. All members of a group must know it.
type Assignor int8

const (
	// RangeAssignor gives each member neighbouring partitions of each topic, the
	// first members one more where they do not come out even: partitions of the
	// same number in topics of the same size go to the same member.
	RangeAssignor Assignor = iota
	// RoundRobinAssignor deals the partitions of all topics out in turn.
	RoundRobinAssignor
)

var assignors = map[Assignor]assign.Assignor{RangeAssignor: assign.Range, RoundRobinAssignor: assign.RoundRobin}

// String is the name that members agree on: "range".
func (a Assignor) String() string {
	if known, ok := assignors[a]; ok {
		return known.Name
	}
	return fmt.Sprintf("assignor %d", int8(a))
}

// WithAssignors says which ways to hand out partitions the member offers, the
// best first. The group takes one that all members offer. Both are those of
// Kafka's own clients, which may be in the same group.
//
// Default: [RangeAssignor], [RoundRobinAssignor].
func WithAssignors(best ...Assignor) GroupOption {
	return groupOption(func(c *groupConfig) { c.assignors = slices.Clone(best) })
}
