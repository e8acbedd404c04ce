package broker

import (
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// sessionRequest fetches one partition, named by id from version 13 on.
func sessionRequest(id, epoch int32) *protocol.FetchRequest {
	return &protocol.FetchRequest{SessionID: id, SessionEpoch: epoch, Topics: []protocol.FetchRequestTopic{
		{Topic: "t", Partitions: []protocol.FetchRequestTopicPartition{{Partition: 0}}},
	}}
}

func TestSessionsAreRefusedWhileAllAreInUseAndEvictedWhenOld(t *testing.T) {
	s := newFetchSessions()
	now := time.Unix(0, 0)
	var first int32
	for i := range maxFetchSessions {
		context, code := s.begin(12, sessionRequest(0, fullEpoch), now)
		if code != kerr.None || context.session == nil {
			t.Fatalf("session %d was refused: %v", i, code)
		}
		if i == 0 {
			first = context.session.id
			now = now.Add(time.Second)
		}
	}
	if context, code := s.begin(12, sessionRequest(0, fullEpoch), now); code != kerr.None || context.session != nil {
		t.Errorf("one too many: got session %v, %v, want none", context.session, code)
	}
	now = now.Add(minEvictionAge)
	if context, code := s.begin(12, sessionRequest(0, fullEpoch), now); code != kerr.None || context.session == nil {
		t.Errorf("later: got no session, %v", code)
	}
	if _, code := s.begin(12, sessionRequest(first, 1), now); code != kerr.FetchSessionIDNotFound {
		t.Errorf("the oldest: got %v, want it evicted", code)
	}
}

func TestASessionInUseIsNotTheOldest(t *testing.T) {
	s := newFetchSessions()
	old, _ := s.begin(12, sessionRequest(0, fullEpoch), time.Unix(0, 0))
	for range maxFetchSessions - 1 {
		s.begin(12, sessionRequest(0, fullEpoch), time.Unix(1, 0))
	}
	later := time.Unix(1, 0).Add(minEvictionAge)
	if _, code := s.begin(12, sessionRequest(old.session.id, 1), later); code != kerr.None {
		t.Fatal(code)
	}
	s.begin(12, sessionRequest(0, fullEpoch), later)
	if _, code := s.begin(12, sessionRequest(old.session.id, 2), later); code != kerr.None {
		t.Errorf("got %v, want the session kept", code)
	}
}

func TestSessionEpochsWrapToOne(t *testing.T) {
	s := newFetchSessions()
	context, _ := s.begin(12, sessionRequest(0, fullEpoch), time.Unix(0, 0))
	context.session.epoch = 1<<31 - 1
	for _, epoch := range []int32{1<<31 - 1, 1, 2} {
		if _, code := s.begin(12, sessionRequest(context.session.id, epoch), time.Unix(0, 0)); code != kerr.None {
			t.Errorf("epoch %d: got %v", epoch, code)
		}
	}
}
