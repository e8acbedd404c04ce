package cluster

import (
	"errors"
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestEveryAPIHasARoute(t *testing.T) {
	ownBusiness := map[protocol.APIKey]bool{protocol.KeySaslHandshake: true, protocol.KeySaslAuthenticate: true}
	for _, api := range protocol.APIs() {
		if _, routed := routes[api.Key]; routed == ownBusiness[api.Key] {
			t.Errorf("%v: routed is %v", api.Key, routed)
		}
	}
}

// TestEmptyRequestsAreSplitWithoutPanic: a request of defaults, whatever its API.
func TestEmptyRequestsAreSplitWithoutPanic(t *testing.T) {
	for key := range routes {
		req := protocol.NewRequest(key)
		req.SetDefaults()
		r, err := routeOf(req)
		if err != nil {
			continue // refused
		}
		r.versions(req)
		if r.splitter == nil {
			continue
		}
		s := r.splitter(req)
		units := s.split(req)
		s.pick(req, pointers(units))
		resp := req.NewResponse()
		resp.SetDefaults()
		s.read(resp)
		if len(units) == 0 && s.join(nil, nil) == nil {
			t.Errorf("%v: nothing asked has no answer", key)
		}
	}
}

// TestOnlyTheseAreNeverRepeated pins what is sent at most once, because doing
// it twice is not the same as once.
func TestOnlyTheseAreNeverRepeated(t *testing.T) {
	once := map[protocol.APIKey]bool{}
	for _, key := range []protocol.APIKey{
		protocol.KeyProduce, protocol.KeyJoinGroup, protocol.KeyDeleteGroups, protocol.KeyCreateTopics, protocol.KeyDeleteTopics,
		protocol.KeyCreatePartitions, protocol.KeyCreateDelegationToken, protocol.KeyExpireDelegationToken, protocol.KeyUnregisterBroker,
		protocol.KeyUnregisterController, protocol.KeyAddRaftVoter, protocol.KeyRemoveRaftVoter, protocol.KeyIncrementalAlterConfigs,
		protocol.KeyShareFetch, protocol.KeyShareAcknowledge, protocol.KeyPushTelemetry,
	} {
		once[key] = true
	}
	for key, r := range routes {
		if r.once != once[key] {
			t.Errorf("%v: once is %v", key, r.once)
		}
	}
}

func TestVersionsAreBoundByWhatTheRequestNames(t *testing.T) {
	id := protocol.UUID{1}
	for name, test := range map[string]struct {
		req             protocol.Request
		lowest, highest int16
	}{
		"produce by name":         {&protocol.ProduceRequest{TopicData: []protocol.ProduceRequestTopicData{{Name: "a"}}}, -1, 12},
		"produce by ID":           {&protocol.ProduceRequest{TopicData: []protocol.ProduceRequestTopicData{{TopicID: id}}}, 13, -1},
		"produce by both":         {&protocol.ProduceRequest{TopicData: []protocol.ProduceRequestTopicData{{Name: "a", TopicID: id}}}, -1, -1},
		"fetch by name":           {&protocol.FetchRequest{Topics: []protocol.FetchRequestTopic{{Topic: "a"}}}, -1, 12},
		"fetch of nothing":        {&protocol.FetchRequest{}, -1, -1},
		"commit by name":          {&protocol.OffsetCommitRequest{Topics: []protocol.OffsetCommitRequestTopic{{Name: "a"}}}, -1, 9},
		"offsets of one group":    {&protocol.OffsetFetchRequest{GroupID: "g"}, -1, 7},
		"offsets of many groups":  {&protocol.OffsetFetchRequest{Groups: []protocol.OffsetFetchRequestGroup{{GroupID: "g"}}}, 8, -1},
		"offsets of named topics": {&protocol.OffsetFetchRequest{Groups: []protocol.OffsetFetchRequestGroup{{Topics: []protocol.OffsetFetchRequestGroupTopic{{Name: "a"}}}}}, 8, 9},
		"one coordinator":         {&protocol.FindCoordinatorRequest{CoordinatorKey: "g"}, -1, 3},
		"many coordinators":       {&protocol.FindCoordinatorRequest{CoordinatorKeys: []string{"g"}}, 4, -1},
		"topics to delete":        {&protocol.DeleteTopicsRequest{TopicNames: []string{"a"}}, -1, 5},
		"topics to delete by ID":  {&protocol.DeleteTopicsRequest{Topics: []protocol.DeleteTopicsRequestTopic{{TopicID: id}}}, 6, -1},
		"one transaction":         {&protocol.AddPartitionsToTxnRequest{V3AndBelowTransactionalID: "t"}, -1, 3},
	} {
		t.Run(name, func(t *testing.T) {
			lowest, highest := routes[test.req.Key()].versions(test.req)
			if lowest != test.lowest || highest != test.highest {
				t.Errorf("%d to %d, want %d to %d", lowest, highest, test.lowest, test.highest)
			}
		})
	}
}

func TestSubrequestsNameATopicOnce(t *testing.T) {
	req := protocol.NewListOffsetsRequest()
	for _, name := range []string{"a", "b", "a"} {
		req.Topics = append(req.Topics, protocol.ListOffsetsRequestTopic{Name: name, Partitions: []protocol.ListOffsetsRequestTopicPartition{{PartitionIndex: int32(len(req.Topics))}}})
	}
	s := routes[req.Key()].splitter(req)
	sub := s.pick(req, pointers(s.split(req))).(*protocol.ListOffsetsRequest)
	if len(sub.Topics) != 2 || len(sub.Topics[0].Partitions) != 2 || len(sub.Topics[1].Partitions) != 1 {
		t.Errorf("got %+v", sub.Topics)
	}
	if len(req.Topics) != 3 {
		t.Error("the request itself was changed")
	}
}

func TestWavesKeepTheOrderWithinAnItem(t *testing.T) {
	a, b := Item{Topic: "a"}, Item{Topic: "b"}
	units := []unit{{index: 0, item: a}, {index: 1, item: b}, {index: 2, item: a}, {index: 3, item: a}, {index: 4, item: b}}
	var got [][]int
	for _, wave := range waves(units) {
		var indexes []int
		for _, u := range wave {
			indexes = append(indexes, u.index)
		}
		got = append(got, indexes)
	}
	if len(got) != 3 || len(got[0]) != 2 || got[1][0] != 2 || got[1][1] != 4 || got[2][0] != 3 {
		t.Errorf("got %v", got)
	}
}

func TestTheFirstCodeOfAnAnswerIsFound(t *testing.T) {
	for name, test := range map[string]struct {
		resp protocol.Response
		want int16
	}{
		"none":                    {protocol.NewCreateTopicsResponse(), 0},
		"its own":                 {&protocol.HeartbeatResponse{ErrorCode: 16}, 16},
		"its own before a part's": {&protocol.OffsetDeleteResponse{ErrorCode: 15, Topics: []protocol.OffsetDeleteResponseTopic{{Partitions: []protocol.OffsetDeleteResponseTopicPartition{{ErrorCode: 3}}}}}, 15},
		"a part's":                {&protocol.CreateTopicsResponse{Topics: []protocol.CreateTopicsResponseTopic{{}, {ErrorCode: 41}}}, 41},
		"with a longer name":      {&protocol.AddPartitionsToTxnResponse{ResultsByTopicV3AndBelow: []protocol.AddPartitionsToTxnResponseAddPartitionsToTxnTopicResult{{ResultsByPartition: []protocol.AddPartitionsToTxnResponseAddPartitionsToTxnPartitionResult{{PartitionErrorCode: 51}}}}}, 51},
	} {
		if got := firstCode(test.resp); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func TestARequestsOwnWaitExtendsItsDeadline(t *testing.T) {
	for name, test := range map[string]struct {
		req  protocol.Request
		want time.Duration
	}{
		"no wait":     {&protocol.HeartbeatRequest{}, 30 * time.Second},
		"a short one": {&protocol.FetchRequest{MaxWaitMs: 500}, 30 * time.Second},
		"a long one":  {&protocol.JoinGroupRequest{SessionTimeoutMs: 10_000, RebalanceTimeoutMs: 300_000}, 305 * time.Second},
	} {
		if got := timeout(test.req, 30*time.Second); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestWhatAFailureMeans(t *testing.T) {
	sent := &BrokerError{Op: "Produce v9", Err: errPassing{}, Sent: true}
	unsent := &BrokerError{Op: "connect", Err: errPassing{}}
	hopeless := &BrokerError{Op: "connect", Err: errors.New("certificate")}
	for name, test := range map[string]struct {
		err             error
		retriable, done bool
		again           bool // of a request that must not be repeated
	}{
		"lost after sending":     {sent, true, true, false},
		"lost before sending":    {unsent, true, false, true},
		"cannot be mended":       {hopeless, false, false, false},
		"wrapped":                {&ItemError{Err: sent}, true, true, false},
		"all of several pass":    {&UnreachableError{Causes: []error{unsent, unsent}}, true, false, true},
		"one of several stays":   {&UnreachableError{Causes: []error{unsent, hopeless}}, false, false, false},
		"a code that passes":     {&TopicError{Err: kerr.LeaderNotAvailable}, true, false, true},
		"a code that stays":      {&TopicError{Err: kerr.InvalidTopicException}, false, false, false},
		"too late to know":       {kerr.RequestTimedOut, true, true, true},
		"closed":                 {ErrClosed, false, false, false},
		"the answer lacks it":    {ErrNoAnswer, false, false, false},
		"one of several is done": {&ItemsError{Failed: []*ItemError{{Err: unsent}, {Err: sent}}}, true, true, false},
	} {
		if got := Retriable(test.err); got != test.retriable {
			t.Errorf("%s: retriable %v", name, got)
		}
		if got := MaybeDone(test.err); got != test.done {
			t.Errorf("%s: maybe done %v", name, got)
		}
		if got := judgeError(test.err, true).again; got != test.again {
			t.Errorf("%s: again %v", name, got)
		}
	}
}

type errPassing struct{}

func (errPassing) Error() string   { return "reset" }
func (errPassing) Retriable() bool { return true }
