package afkak

import (
	"time"
)

// StateKind is what a consumer is doing, in one word.
type StateKind int8

// The kinds of state.
const (
	// StateIdle: nothing was asked of the consumer yet.
	StateIdle StateKind = iota
	// StateFetching: the leader answers. Whatever it has is on its way.
	StateFetching
	// StateWaiting: something keeps the consumer from fetching; it tries again
	// by itself.
	StateWaiting
	// StateStopped: by the user's own act, or at the end that [EndAt] asked for.
	StateStopped
	// StateFailed: consuming has ended with an error. Calling Records or Process
	// again tries again.
	StateFailed
)

// String is the kind in lower case: "fetching".
func (k StateKind) String() string {
	switch k {
	case StateIdle:
		return "idle"
	case StateFetching:
		return "fetching"
	case StateWaiting:
		return "waiting"
	case StateStopped:
		return "stopped"
	case StateFailed:
		return "failed"
	}
	return "unknown"
}

// State is what a consumer is doing, and why.
type State struct {
	Kind StateKind
	// Reason in words; may be empty.
	Reason string
	// Since is when the consumer came into this state.
	Since time.Time
	// Err is the last failure while waiting, and the final one when failed.
	Err error
	// CommitErr is why commits fail, automatic ones and those by hand, while
	// they do: nil once one has succeeded. Fetching and processing go on.
	CommitErr error
	// CommitsFailSince is when the first of these failed.
	CommitsFailSince time.Time
}

// String reads "fetching", "waiting since 15:04:05: no leader", "stopped by
// you", "failed: …", and behind that "; commits fail since 15:04:05: …".
func (s State) String() string {
	if s.CommitErr == nil {
		return s.doing()
	}
	return s.doing() + "; commits fail since " + s.CommitsFailSince.Format(time.TimeOnly) + ": " + s.CommitErr.Error()
}

func (s State) doing() string {
	switch {
	case s.Kind == StateStopped && s.Reason != "":
		return s.Reason
	case s.Kind == StateWaiting:
		return "waiting since " + s.Since.Format(time.TimeOnly) + ": " + s.Reason
	case s.Reason != "":
		return s.Kind.String() + ": " + s.Reason
	}
	return s.Kind.String()
}

// State returns what the consumer is doing, and why.
func (c *Consumer) State() State {
	c.mu.Lock()
	state := c.state
	c.mu.Unlock()
	state.CommitsFailSince, state.CommitErr = c.commits.trouble()
	return state
}

// become changes the state. c.mu is held.
func (c *Consumer) become(s State) {
	s.Since = time.Now()
	if s.Kind == StateWaiting && c.state.Kind == StateWaiting {
		s.Since = c.state.Since // still the same wait
	}
	c.state = s
}

// note changes the state on behalf of a run, unless another has taken over.
func (c *Consumer) note(r *consumerRun, s State) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == r && c.state.Kind != StateFailed {
		c.become(s)
	}
}

// fail ends a run with an error, unless another has taken over.
func (c *Consumer) fail(r *consumerRun, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.run == r {
		c.become(State{Kind: StateFailed, Reason: err.Error(), Err: err})
	}
}
