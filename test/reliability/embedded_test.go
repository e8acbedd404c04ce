package reliability

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/test/harness"
)

// refusals are what a broker may answer in the middle of writing, and whether it has stored the batch. Not among them is
// that it does not know the producer: it may be asked about a batch that it has.
var refusals = []broker.ProduceFault{
	{Code: kerr.KafkaStorageError},
	{Code: kerr.KafkaStorageError, Stored: true},
	{Code: kerr.NotEnoughReplicas},
	{Code: kerr.NotEnoughReplicasAfterAppend, Stored: true},
	{Code: kerr.NotLeaderOrFollower},
	{Code: kerr.NotLeaderOrFollower, Stored: true},
	{Code: kerr.RequestTimedOut, Stored: true},
	{Code: kerr.UnknownServerError, Stored: true},
	{Code: kerr.MessageTooLarge},
	{Code: kerr.InvalidRecord},
}

// A faultyLog stores or does not. Safe for concurrent use.
type faultyLog struct {
	broken atomic.Pointer[broker.ProduceFault] // nil: it is whole
	count  atomic.Uint64
}

// fault fails two batches of three while the log is broken.
func (l *faultyLog) fault(string, int32) broker.ProduceFault {
	if f := l.broken.Load(); f != nil && l.count.Add(1)%3 != 0 {
		return *f
	}
	return broker.ProduceFault{}
}

func TestTheEmbeddedBrokerUnderFaults(t *testing.T) {
	var l faultyLog
	b, err := broker.Start(broker.Config{AutoCreateTopics: true, DefaultPartitions: partitions, ProduceFault: l.fault})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	target := harness.Target{Version: harness.Embedded, Addrs: []string{b.Addr()}}
	client := target.Logged(t)
	var topics []string
	for range 3 {
		topics = append(topics, target.Created(t, client))
	}
	s := newStage(t, target, embeddedLimits, client, topics...)
	s.suffer(durationOf(t, 8*time.Second), []fault{
		{"cuts", cuts},
		{"all brokers away", away},
		{"all brokers silent", silent},
		{"stranded connections", strand},
		{"deletion", deletion},
		{"a broken log", func(s *stage) { breakLog(s, &l) }},
	})
	s.settleUp()
}

func breakLog(s *stage, l *faultyLog) {
	s.t.Helper()
	f := refusals[s.random.IntN(len(refusals))]
	lasts := s.lasts(200*time.Millisecond, 2*time.Second)
	s.tell("two of three batches are answered with %v for %v, stored: %v", f.Code, lasts, f.Stored)
	l.broken.Store(&f)
	s.wait(lasts)
	l.broken.Store(nil)
}

// away has no connection live, and none be made.
func away(s *stage) {
	s.t.Helper()
	s.interferes("no broker can be reached for %v", 100*time.Millisecond, s.proxy.Away)
}

// silent has requests and answers stay on their way for longer than anybody waits.
func silent(s *stage) {
	s.t.Helper()
	s.interferes("nothing passes for %v", s.limits.request, s.proxy.Silence)
}

// strand has what is on its way arrive when everybody has given it up, and gone on by other connections.
func strand(s *stage) {
	s.t.Helper()
	s.interferes("what goes by the connections of now arrives in %v", s.limits.request, s.proxy.Strand)
}

// interferes has the proxy do something for at least so long, and at most for three times what a request may take.
func (s *stage) interferes(tells string, atLeast time.Duration, begin func() (end func())) {
	s.t.Helper()
	lasts := s.lasts(atLeast, 3*s.limits.request)
	s.tell(tells, lasts)
	end := begin()
	s.wait(lasts)
	end()
}

// cuts ends connections in the middle of produce requests, which are not stored, and of their answers, which are.
func cuts(s *stage) {
	s.t.Helper()
	n := 1 + s.random.IntN(6)
	for range n {
		var cut <-chan struct{}
		if s.random.IntN(2) == 0 {
			s.tell("a connection is cut in the middle of a produce request")
			cut = s.proxy.CutRequest(protocol.KeyProduce)
		} else {
			s.tell("a connection is cut in the middle of a produce answer")
			cut = s.proxy.CutAnswer(protocol.KeyProduce)
		}
		select {
		case <-cut:
		case <-time.After(s.limits.resumption):
			s.t.Fatal("nothing was there to be cut")
		}
	}
}
