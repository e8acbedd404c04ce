package group

import (
	"testing"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// FuzzGroup plays a party of members that do anything at any time. Whatever it
// is, nobody is answered twice, what scene.check checks holds, and when all
// have fallen silent the group is empty.
func FuzzGroup(f *testing.F) {
	f.Add([]byte{}, false)
	f.Add([]byte{0, 1, 4, 0, 5, 8, 1, 9}, false)
	f.Add([]byte{3, 4, 0, 12, 5, 5, 5, 2, 13, 1, 6, 8, 3, 3, 7, 21, 0, 0}, true)
	f.Fuzz(func(t *testing.T, moves []byte, delayed bool) {
		cfg := Config{MaxSize: 3}
		if delayed {
			cfg.InitialRebalanceDelay = 3 * time.Second
		}
		s := newScene(t, cfg)
		for _, move := range moves {
			s.play(move)
		}
		s.pass(time.Hour)
		s.wantState(Empty, s.g.generation)
		if len(s.g.pending) > 0 || !s.wake.IsZero() {
			t.Errorf("an empty group still waits until %v for %v", s.wake, s.g.pending)
		}
	})
}

// play makes a move: two bits say who, the others what.
func (s *scene) play(move byte) {
	s.Helper()
	who, instance := string(rune('a'+move&3)), string(rune('A'+move&3))
	protocols := [][]string{{"range"}, {"range", "sticky"}, {"sticky"}}[int(move>>2)%3]
	switch (move >> 2) % 11 {
	case 0: // with the ID it had, or for a new one
		j := joining(who, protocols...)
		if s.g.member(who) == nil {
			if _, ok := s.g.pending[who]; !ok {
				j.Request.MemberID, j.NewID = "", who
			}
		}
		s.send(j)
	case 1:
		if s.g.member(who) == nil {
			j := joining("", protocols...)
			j.Version, j.NewID = 3, who
			s.send(j)
		}
	case 2: // a static member starts
		s.last++
		s.send(static(instance, instance+time.Duration(s.last).String()))
	case 3: // and joins again
		if m := s.g.static(instance); m != nil {
			j := static(instance, "")
			j.Request.MemberID = m.id
			s.send(j)
		}
	case 4:
		s.sync(who, s.g.generation, "a", "1", "b", "2")
	case 5:
		s.sync(s.g.leader, s.g.generation, "a", "1")
	case 6:
		s.heartbeat(who, s.g.generation)
	case 7:
		_, out := s.g.Commit(s.now, &protocol.OffsetCommitRequest{MemberID: who, GenerationIDOrMemberEpoch: s.g.generation})
		s.settle(out)
	case 8:
		s.leave(who)
	case 9:
		s.leaveAs(protocol.LeaveGroupRequestMember{GroupInstanceID: &instance})
	case 10:
		s.pass(time.Duration(1+move&3) * 9 * time.Second)
	}
	s.g.Describe()
	s.g.Reads("a")
}
