package group_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/afkak-go/afkak/internal/group"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// chaos is a coordinator that answers as it likes, and an owner that watches
// what must hold whatever it answers.
type chaos struct {
	*script
	random *rand.Rand
	trace  []string

	open     map[string]group.Action // what has no answer yet, by kind
	holding  bool                    // from Assigned to Released
	dropping bool
	releases bool
	beating  bool
	ended    bool
	answers  bool // all is well
}

// The invariants: partitions are assigned only to who has none, joined and left
// for only by who has none, heartbeats sent only for what is held and not given
// up as lost, each question asked once at a time, and nothing after the end.
func (c *chaos) do(a group.Action) {
	c.trace = append(c.trace, fmt.Sprintf("+%v %s", c.now.Sub(c.began), c.short(a)))
	if c.ended {
		c.fail("after the end")
	}
	switch a := a.(type) {
	case group.Find:
		c.ask("find", a)
	case group.Count:
		c.ask("exchange", a)
	case group.Send:
		if _, beat := a.Request.(*protocol.HeartbeatRequest); beat {
			if !c.holding || c.dropping || c.beating {
				c.fail("a heartbeat for nothing")
			}
			c.beating = true
			c.open["beat"] = a
			return
		}
		if c.holding {
			c.fail("partitions are held")
		}
		c.ask("exchange", a)
	case group.Assigned:
		if c.holding {
			c.fail("partitions are held")
		}
		c.holding, c.dropping, c.releases, c.beating = true, false, false, false
	case group.Release:
		if !c.holding || c.dropping || c.releases && a.Commit {
			c.fail("nothing is to be released")
		}
		c.releases, c.dropping = true, !a.Commit
		c.open["release"] = a
	case group.End:
		if c.holding {
			c.fail("partitions are held")
		}
		c.ended = true
	}
}

// ask notes a question. A new exchange takes the place of one that is not wanted any more.
func (c *chaos) ask(kind string, a group.Action) {
	if _, asked := c.open[kind]; asked && kind == "find" {
		c.fail("asked twice")
	}
	c.open[kind] = a
}

func (c *chaos) fail(why string) {
	c.t.Helper()
	c.t.Fatalf("%s:\n%v", why, c.trace)
}

func (c *chaos) step(e group.Event) {
	c.trace = append(c.trace, fmt.Sprintf("+%v %T%+v", c.now.Sub(c.began), e, e))
	for _, a := range c.m.Step(c.now, e) {
		c.do(a)
	}
	if actions := c.m.Step(c.now, group.Tick{}); len(actions) > 0 {
		c.fail(fmt.Sprintf("a tick in the same moment does more: %T", actions[0]))
	}
	if wake := c.m.Wake(); c.ended && !wake.IsZero() || !wake.IsZero() && !wake.After(c.now) {
		c.fail(fmt.Sprintf("wakes at %v", wake.Sub(c.began)))
	}
}

var codes = []kerr.Error{
	kerr.CoordinatorLoadInProgress, kerr.CoordinatorNotAvailable, kerr.NotCoordinator, kerr.IllegalGeneration,
	kerr.UnknownMemberID, kerr.RebalanceInProgress, kerr.MemberIDRequired,
}

func (c *chaos) code() int16 {
	if c.answers || c.random.IntN(2) == 0 {
		return 0
	}
	if c.random.IntN(100) == 0 {
		return kerr.GroupAuthorizationFailed.Code()
	}
	return codes[c.random.IntN(len(codes))].Code()
}

// answerOpen answers an open question, somehow.
func (c *chaos) answerOpen(kind string) {
	a := c.open[kind]
	delete(c.open, kind)
	lost := !c.answers && c.random.IntN(5) == 0
	switch a := a.(type) {
	case group.Find:
		if e := modern; lost {
			e.Err = errLost
			c.step(e)
			return
		}
		c.step(group.Found{JoinVersion: int16(c.random.IntN(10)), LeaveVersion: int16(c.random.IntN(6))})
	case group.Count:
		if lost {
			c.step(group.Counted{Try: a.Try, Err: errLost})
			return
		}
		c.step(group.Counted{Try: a.Try, Partitions: map[string]int{"orders": c.random.IntN(5)}})
	case group.Release:
		c.holding, c.beating = false, false
		delete(c.open, "beat")
		c.step(group.Released{})
	case group.Send:
		if kind == "beat" {
			c.beating = false
		}
		if lost {
			c.step(group.Answered{Try: a.Try, Err: errLost})
			return
		}
		c.step(group.Answered{Try: a.Try, Response: c.respond(a.Request)})
	}
}

func (c *chaos) respond(req protocol.Request) protocol.Response {
	switch q := req.(type) {
	case *protocol.JoinGroupRequest:
		id := q.MemberID
		if id == "" {
			id = fmt.Sprintf("m%d", c.random.IntN(1000))
		}
		name := "range"
		r := &protocol.JoinGroupResponse{ErrorCode: c.code(), MemberID: id, GenerationID: c.random.Int32N(100), ProtocolName: &name, Leader: "other"}
		if c.random.IntN(2) == 0 {
			r.Leader = id
			r.Members = []protocol.JoinGroupResponseMember{{MemberID: id, Metadata: subscription(c.t, "orders")}, {MemberID: "other", Metadata: []byte{1}}}
		}
		return r
	case *protocol.SyncGroupRequest:
		return &protocol.SyncGroupResponse{ErrorCode: c.code(), Assignment: assignment(c.t, 1, 2)}
	case *protocol.HeartbeatRequest:
		return &protocol.HeartbeatResponse{ErrorCode: c.code()}
	case *protocol.LeaveGroupRequest:
		return &protocol.LeaveGroupResponse{ErrorCode: c.code()}
	}
	c.fail("an unexpected request")
	return nil
}

// pass lets time go on: to when the member wakes, or to before.
func (c *chaos) pass() {
	if wake := c.m.Wake(); !wake.IsZero() && c.random.IntN(3) > 0 {
		c.now = wake
	} else if wake.IsZero() || wake.After(c.now.Add(time.Second)) {
		c.now = c.now.Add(time.Duration(c.random.IntN(1000)) * time.Millisecond)
	}
	c.step(group.Tick{})
}

func (c *chaos) once() {
	kinds := []string{"find", "exchange", "beat", "release"}
	kind := kinds[c.random.IntN(len(kinds))]
	switch _, asked := c.open[kind]; {
	case asked:
		c.answerOpen(kind)
	case c.random.IntN(20) == 0:
		c.step(group.Changed{Partitions: map[string]int{"orders": c.random.IntN(5)}})
	case c.random.IntN(20) == 0:
		c.step(group.Refused{Generation: c.random.Int32N(100), Code: codes[c.random.IntN(len(codes))]})
	case c.random.IntN(200) == 0:
		c.step(group.Leave{Commit: c.random.IntN(2) == 0})
	default:
		c.pass()
	}
}

func TestWhateverTheCoordinatorAnswersTheMemberKeepsItsRulesAndCanLeave(t *testing.T) {
	joined, ended := 0, 0
	for seed := range uint64(3000) {
		s := newScript(t, func(cfg *group.Config) {
			if seed%5 == 0 {
				cfg.InstanceID = "i1"
			}
		})
		c := &chaos{script: s, random: rand.New(rand.NewPCG(seed, 2)), open: map[string]group.Action{}}
		c.trace = []string{fmt.Sprint("seed ", seed)}
		c.step(group.Tick{})
		for range 200 {
			c.once()
			if c.holding {
				joined++
			}
		}
		if c.ended {
			ended++
			continue
		}
		c.answers = true
		c.step(group.Leave{Commit: true, Err: errors.New("enough")})
		for tries := 0; !c.ended; tries++ {
			if c.once(); tries > 1000 {
				c.fail("it does not end")
			}
		}
	}
	if joined < 10_000 || ended > 2000 {
		t.Errorf("held partitions after %d steps, ended early %d times: the schedules are not worth much", joined, ended)
	}
}

func FuzzMembersPayloads(f *testing.F) {
	f.Add(subscription(f, "orders", "returns"), assignment(f, 0, 7))
	f.Add([]byte{0, 3, 0, 0}, []byte{})
	f.Fuzz(func(t *testing.T, subscription, assigned []byte) {
		s := newScript(t)
		s.m.Step(s.now, group.Tick{})
		tries := func(actions []group.Action) (try int) {
			for _, a := range actions {
				switch a := a.(type) {
				case group.Send:
					try = a.Try
				case group.Count:
					try = a.Try
				}
			}
			return try
		}
		try := tries(s.m.Step(s.now, modern))
		r := &protocol.JoinGroupResponse{MemberID: "m1", Leader: "m1", Members: []protocol.JoinGroupResponseMember{{MemberID: "m1", Metadata: subscription}}}
		actions := s.m.Step(s.now, group.Answered{Try: try, Response: r})
		partitions := map[string]int{}
		for _, a := range actions {
			if count, ok := a.(group.Count); ok {
				for _, topic := range count.Topics {
					partitions[topic] = 2
				}
			}
		}
		try = tries(s.m.Step(s.now, group.Counted{Try: tries(actions), Partitions: partitions}))
		s.m.Step(s.now, group.Answered{Try: try, Response: &protocol.SyncGroupResponse{Assignment: assigned}})
		if status := s.m.Status(); !status.Owns && status.Reason == "" {
			t.Errorf("neither an assignment nor a reason: %+v", status)
		}
	})
}
