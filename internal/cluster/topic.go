package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/afkak-go/afkak/internal/metadata"
	"github.com/afkak-go/afkak/kerr"
)

const (
	// missingTopicPatience is how long a topic that nobody creates may stay
	// unknown: as long as it takes until all brokers have heard of a new one.
	missingTopicPatience = 500 * time.Millisecond
	// creationPatience is how long a broker may take to create a topic.
	creationPatience = 10 * time.Second
	// strangerPatience is how long a cluster that never answered is waited for.
	strangerPatience = 2 * time.Second
)

// Topic returns a topic of which at least one partition has a leader, asking
// and waiting as long as that can be expected to come. create lets the broker
// create it, if its own settings do; brokers before 0.11 create what a
// producer's request names. The error is a TopicError around the broker's
// code, an UnreachableError, or ctx's.
func (c *Cluster) Topic(ctx context.Context, name string, create bool) (*metadata.Topic, error) {
	if topic, err := c.topicNow(name); err == nil {
		c.Use(name) // somebody who did not mean to use it may have asked for it
		return topic, nil
	}
	began := time.Now()
	for failures := 1; ; failures++ {
		err := c.await(ctx, c.refresher.ask(name, create))
		if err == nil {
			var topic *metadata.Topic
			if topic, err = c.topicNow(name); err == nil {
				return topic, nil
			}
		}
		if time.Since(began) >= c.topicPatience(err, create) {
			return nil, c.topicError(name, err)
		}
		if ended := c.wait(ctx, failures); ended != nil {
			return nil, c.topicError(name, fmt.Errorf("%w, waiting because of %w", ended, err))
		}
	}
}

// topicNow is the topic as the picture has it, or what is wrong with it.
func (c *Cluster) topicNow(name string) (*metadata.Topic, error) {
	topic, known := c.Picture().Topic(name)
	switch {
	case !known:
		return nil, kerr.UnknownTopicOrPartition
	case topic.Err != nil:
		return nil, topic.Err
	case !topic.HasLeader():
		return nil, kerr.LeaderNotAvailable
	}
	return topic, nil
}

// topicPatience is how long to go on asking after a failure.
func (c *Cluster) topicPatience(err error, create bool) time.Duration {
	var unreachable *UnreachableError
	var code kerr.Error
	switch {
	case errors.As(err, &unreachable):
		return c.unreachablePatience(unreachable)
	case errors.Is(err, kerr.UnknownTopicOrPartition), errors.Is(err, kerr.UnknownServerError): // the latter: see judge
		if create {
			return creationPatience
		}
		return missingTopicPatience
	case errors.As(err, &code) && code.Retriable():
		return c.cfg.RetryTimeout
	}
	return 0
}

// unreachablePatience: a cluster that has answered before is waited for; one
// that never did has probably a wrong address.
func (c *Cluster) unreachablePatience(err *UnreachableError) time.Duration {
	switch {
	case !err.Retriable():
		return 0
	case c.Picture().Generation == 0:
		return min(strangerPatience, c.cfg.RetryTimeout)
	}
	return c.cfg.RetryTimeout
}

func (c *Cluster) topicError(name string, err error) error {
	if errors.Is(err, ErrClosed) {
		return ErrClosed
	}
	return &TopicError{Topic: name, Err: err}
}
