package afkak

import "fmt"

// GroupError is why a member cannot join its group, or stay in it: the group
// may not be used, the session timeout is not allowed, the other members speak
// of something else, another process has taken the instance ID.
type GroupError struct {
	Op     string // "join", "lead", "stay in" or "find the coordinator of"
	Group  string
	Broker int32  // the group's coordinator; -1: not known
	Addr   string // of Broker
	Err    error
}

// Error reads "join group billing on broker 2 (b2:9092): cause".
func (e *GroupError) Error() string {
	return e.Op + " group " + e.Group + on(e.Broker, e.Addr, e.Err) + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *GroupError) Unwrap() error { return e.Err }

// GroupsUnsupportedError says that the brokers know no groups with members:
// they are older than Kafka 0.9. A [Consumer] of each partition can stand in.
type GroupsUnsupportedError struct {
	Release string // which Kafka the broker is, as far as that is known
	Err     error  // that the broker does not know the request
}

func (e *GroupsUnsupportedError) Error() string {
	kafka := "Kafka before 0.9"
	if e.Release != "" {
		kafka = "Kafka " + e.Release
	}
	return fmt.Sprintf("%s has no groups with members: give each process its partitions, with NewConsumer and WithGroup, or upgrade to 0.9 or later (%v)", kafka, e.Err)
}

// Unwrap returns the cause.
func (e *GroupsUnsupportedError) Unwrap() error { return e.Err }
