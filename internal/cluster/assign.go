package cluster

import (
	"context"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

// assign finds the broker of each unit and groups them by it; nil stands for
// any broker. A unit whose broker cannot be found gets the reason as its
// result and is left out. create: see learnTopics.
func (c *Cluster) assign(ctx context.Context, units []*unit, create bool) map[*node][]*unit {
	c.learnTopics(ctx, units, create)
	c.learnCoordinators(units)
	groups := map[*node][]*unit{}
	for _, u := range units {
		n, err := c.home(ctx, u)
		if err != nil {
			u.result = noAnswer(err)
			continue
		}
		groups[n] = append(groups[n], u)
	}
	return groups
}

// home is the broker that a unit belongs to now, nil for any.
func (c *Cluster) home(ctx context.Context, u *unit) (*node, error) {
	switch u.target.place {
	case leader:
		return c.leaderOf(u)
	case coordinator:
		return c.coordinatorOf(ctx, u)
	case controller:
		return c.controllerOf(ctx, u)
	case thatBroker:
		return c.find(ctx, u.target.broker)
	}
	return nil, nil
}

// learnTopics makes sure that the picture has the topics of the units, and has
// them newer than the generation that led astray; what was wrong with one may
// have been put right since. create lets brokers create one that does not
// exist. What cannot be learned shows when the unit is assigned.
func (c *Cluster) learnTopics(ctx context.Context, units []*unit, create bool) {
	picture := c.Picture()
	wishes := map[string]*wish{}
	for _, u := range units {
		name := u.topic(picture)
		if u.target.place != leader || name == "" {
			continue
		}
		topic, known := picture.Topic(name)
		if (!known || topic.Err != nil || u.stale && topic.Generation <= u.generation) && wishes[name] == nil {
			wishes[name] = c.refresher.ask(name, create)
		}
	}
	for _, u := range units {
		if w := wishes[u.topic(picture)]; w != nil && u.target.place == leader {
			u.err = c.await(ctx, w)
		} else {
			u.err = nil
		}
	}
}

// topic is the name of the topic that a unit is about, or nothing.
func (u *unit) topic(picture *metadata.Picture) string {
	if u.target.topic != "" {
		return u.target.topic
	}
	if topic, ok := picture.TopicByID(u.target.topicID); ok {
		return topic.Name
	}
	return ""
}

func (c *Cluster) leaderOf(u *unit) (*node, error) {
	if u.err != nil {
		return nil, u.err
	}
	picture := c.Picture()
	name := u.topic(picture)
	if name == "" {
		return nil, &TopicError{Topic: u.target.topicID.String(), Err: kerr.UnknownTopicID}
	}
	topic, known := picture.Topic(name)
	if !known {
		return nil, &TopicError{Topic: name, Err: kerr.UnknownTopicOrPartition}
	}
	u.generation = topic.Generation
	part, err := topic.Leader(u.target.partition)
	if err != nil {
		return nil, err
	}
	n := c.node(part.Leader)
	if n == nil {
		return nil, c.unknown(part.Leader)
	}
	return n, nil
}

// learnCoordinators begins the look-ups of all units together, so that they
// become one request where brokers take many keys.
func (c *Cluster) learnCoordinators(units []*unit) {
	keys := map[int8][]string{}
	for _, u := range units {
		if u.target.place == coordinator {
			keys[u.target.keyType] = append(keys[u.target.keyType], u.target.key)
		}
	}
	for keyType, keys := range keys {
		c.coordinators.find(keyType, keys)
	}
}

func (c *Cluster) coordinatorOf(ctx context.Context, u *unit) (*node, error) {
	found, err := c.coordinator(ctx, u.target.keyType, u.target.key)
	if err != nil || found.ID == metadata.NoBroker {
		return nil, err
	}
	return c.find(ctx, found.ID)
}

// controllerOf: where no controller is known (Kafka before 0.10), any broker.
func (c *Cluster) controllerOf(ctx context.Context, u *unit) (*node, error) {
	picture := c.Picture()
	if picture.Generation == 0 || u.stale && picture.Generation <= u.generation {
		if err := c.refreshBrokers(ctx); err != nil {
			return nil, err
		}
		picture = c.Picture()
	}
	u.generation = picture.Generation
	if picture.ControllerID == metadata.NoBroker {
		return nil, nil
	}
	return c.find(ctx, picture.ControllerID)
}

// misled notes that the picture led a unit astray, and asks for a newer one.
func (c *Cluster) misled(u *unit) {
	u.stale = true
	if u.target.place == leader {
		if name := u.topic(c.Picture()); name != "" {
			c.Stale(u.generation, name)
		}
	}
}
