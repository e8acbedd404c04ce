package group

import (
	"time"

	"github.com/afkak-go/afkak/internal/assign"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// Event is what has happened: one of the types below.
type Event interface{ event() }

type (
	// Tick: time has passed, or nothing has happened yet.
	Tick struct{}

	// Found answers Find.
	Found struct {
		// JoinVersion and LeaveVersion are the newest that the coordinator and this
		// client speak.
		JoinVersion, LeaveVersion int16
		Err                       error
	}

	// Answered answers the Send with this Try.
	Answered struct {
		Try      int
		Response protocol.Response
		Err      error // that came instead
	}

	// Counted answers Count: how many partitions each topic has, 0 if there is
	// no such topic.
	Counted struct {
		Try        int
		Partitions map[string]int
		Err        error
	}

	// Changed tells how many partitions topics have now, 0 if there is no such
	// topic; those that are missing have not changed.
	Changed struct{ Partitions map[string]int }

	// Refused: the coordinator has refused a commit in this generation.
	Refused struct {
		Generation int32
		Code       kerr.Error
	}

	// Released: nothing of what was assigned is being processed any more. It
	// answers all of Release.
	Released struct{}

	// Leave ends the membership. A second one without Commit hurries the first.
	Leave struct {
		Commit bool   // finish the records in hand first, and commit
		Reason string // for the group's coordinator and State
		Err    error  // End has it
	}

	// Abandon ends the membership without asking the coordinator anything more.
	Abandon struct{}
)

func (Tick) event()     {}
func (Found) event()    {}
func (Answered) event() {}
func (Counted) event()  {}
func (Changed) event()  {}
func (Refused) event()  {}
func (Released) event() {}
func (Leave) event()    {}
func (Abandon) event()  {}

// Action is what to do: one of the types below.
type Action interface{ action() }

type (
	// Find: look the group's coordinator up.
	Find struct {
		Forget bool // what is known of it is wrong
	}

	// Send: send a request to the coordinator. The answer to an older Try of
	// the same kind is not wanted any more.
	Send struct {
		Try     int
		Request protocol.Request
		Wait    time.Duration // for which the coordinator may hold back its answer
		Limit   time.Duration // after which no answer counts as none; 0: as for any request
	}

	// Count: ask how many partitions these topics have.
	Count struct {
		Try    int
		Topics []string
	}

	// Assigned: process these partitions, sorted, and commit as this member.
	Assigned struct {
		Partitions []assign.Partition
		Generation int32
		MemberID   string
		// Topics are those for the leader to watch, with the partitions that they
		// had: see Changed. Nil for other members.
		Topics map[string]int
	}

	// Release: stop processing what was assigned, and say Released. With Commit
	// what is in hand may be finished until then, and is committed; without,
	// others may be processing it already. It may come twice: to hurry.
	Release struct {
		Commit bool
		Until  time.Time
	}

	// Warn: say that something is wrong that does not end the membership.
	Warn struct {
		Text string
		Err  error
	}

	// End: the membership has ended. Nothing more is to be done or told.
	End struct{ Err error }
)

func (Find) action()     {}
func (Send) action()     {}
func (Count) action()    {}
func (Assigned) action() {}
func (Release) action()  {}
func (Warn) action()     {}
func (End) action()      {}
