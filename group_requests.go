package afkak

import (
	"context"
	"errors"
	"math"
	"time"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/protocol"
)

// answerMargin is how much longer than it may hold an answer back a
// coordinator may take for it.
const answerMargin = 5 * time.Second

// find looks the coordinator up.
func (r *groupRun) find(forget bool) {
	if forget {
		r.g.client.cluster.ForgetCoordinator(cluster.GroupKey, r.g.group)
	}
	r.tasks.Go(func() { // ends with the look-up, or with asking
		ctx, cancel := context.WithTimeout(r.asking, patience)
		defer cancel()
		broker, found := r.lookUp(ctx)
		r.later(func() {
			if found.Err == nil {
				r.coordinator = broker
			}
			r.step(found)
		})
	})
}

func (r *groupRun) lookUp(ctx context.Context) (metadata.Broker, group.Found) {
	c := r.g.client.cluster
	broker, err := c.Coordinator(ctx, cluster.GroupKey, r.g.group)
	if err != nil {
		return broker, group.Found{Err: err}
	}
	if broker.ID == metadata.NoBroker { // Kafka 0.8.0 or 0.8.1
		return broker, group.Found{Err: r.unsupported(ctx)}
	}
	versions, identity, err := c.BrokerVersions(ctx, broker.ID)
	if err != nil {
		c.ForgetCoordinator(cluster.GroupKey, r.g.group)
		return broker, group.Found{Err: err}
	}
	join, err := versions.Pick(protocol.KeyJoinGroup, 0, math.MaxInt16)
	if err != nil {
		return broker, group.Found{Err: groupsSupported(err, identity.Release)}
	}
	leave, err := versions.Pick(protocol.KeyLeaveGroup, 0, math.MaxInt16)
	return broker, group.Found{JoinVersion: join, LeaveVersion: leave, Err: err}
}

// unsupported asks any broker for what none without coordinators knows.
func (r *groupRun) unsupported(ctx context.Context) error {
	outcomes, err := r.g.client.cluster.Each(ctx, cluster.Job{Request: &protocol.HeartbeatRequest{GroupID: r.g.group}})
	if err != nil {
		return err
	}
	return groupsSupported(outcomes[0].Err, r.g.client.cluster.Release(outcomes[0].Addr))
}

// groupsSupported turns "does not know the request" into what that means.
func groupsSupported(err error, release string) error {
	var version *protocol.VersionError
	if errors.As(err, &version) && version.Missing {
		return &GroupsUnsupportedError{Release: release, Err: version}
	}
	return err
}

// send sends a request to the coordinator, without trying again. What waits for
// other members has a connection of its own; see [cluster.Cluster.OwnLane].
func (r *groupRun) send(a group.Send) {
	lane := cluster.Group
	if a.Wait > 0 {
		lane = r.lane
	}
	usual := r.g.client.requestTimeout
	call := cluster.Call{Request: a.Request, MaxVersion: cluster.AnyVersion, Timeout: usual}
	switch {
	case a.Wait > 0:
		call.Timeout = max(usual, a.Wait+answerMargin)
	case a.Limit > 0:
		call.Timeout = min(usual, a.Limit)
	}
	to := r.coordinator.ID
	r.tasks.Go(func() { // ends with the answer, or with asking
		resp, err := r.g.client.cluster.DoOn(r.asking, to, lane, call)
		r.later(func() { r.step(group.Answered{Try: a.Try, Response: resp, Err: err}) })
	})
}

// count asks how many partitions topics have.
func (r *groupRun) count(a group.Count) {
	r.tasks.Go(func() { // ends with the answer, or with asking
		ctx, cancel := context.WithTimeout(r.asking, patience)
		defer cancel()
		picture, err := r.g.client.cluster.Look(ctx, a.Topics...)
		r.later(func() {
			e := group.Counted{Try: a.Try, Err: err}
			if err == nil {
				e.Partitions, e.Err = r.topics.count(picture, a.Topics)
			}
			r.step(e)
		})
	})
}

// lookAtTopics tells the leader of the group how many partitions its topics
// have now, and asks again for those that are not there.
func (r *groupRun) lookAtTopics() {
	if len(r.topics.watched) == 0 {
		return
	}
	c := r.g.client.cluster
	picture := c.Picture()
	r.step(group.Changed{Partitions: r.topics.changes(picture)})
	for _, name := range r.topics.toAskFor() {
		generation := uint64(0)
		if topic, known := picture.Topic(name); known {
			generation = topic.Generation
		}
		c.Stale(generation, name)
	}
}
