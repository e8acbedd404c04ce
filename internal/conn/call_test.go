package conn_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

func TestManyCallsAreInFlightAtOnceAndEndInOrder(t *testing.T) {
	const calls = 50
	synctest.Test(t, func(t *testing.T) {
		var read []request
		p := newPeer(t, modern(func(s *session, req request) bool {
			if read = append(read, req); len(read) == calls { // answer only when all are there
				for _, r := range read {
					echo(s, r)
				}
			}
			return true
		}))
		c := p.open(conn.Config{})
		defer p.close(c)

		var ended []int
		var all sync.WaitGroup
		for i := range calls {
			all.Add(1)
			c.Start(heartbeat(), func(resp protocol.Response, err error) {
				defer all.Done()
				if _, ok := resp.(*protocol.HeartbeatResponse); !ok || err != nil {
					t.Errorf("call %d: %T, %v", i, resp, err)
				}
				ended = append(ended, i)
			})
		}
		all.Wait()
		for i, n := range ended {
			if i != n {
				t.Fatalf("calls ended in the order %v", ended)
			}
		}
	})
}

func TestAtMostMaxInFlightRequestsAreUnanswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		unanswered := make(chan request, 10)
		p := newPeer(t, modern(func(s *session, req request) bool { unanswered <- req; return true }))
		c := p.open(conn.Config{MaxInFlight: 3})
		defer p.close(c)
		for range 10 {
			c.Start(heartbeat(), func(protocol.Response, error) {})
		}
		synctest.Wait()
		if n := len(unanswered); n != 3 {
			t.Errorf("%d requests were written, want 3", n)
		}
	})
}

func TestTheEndOfAContextEndsTheWaitAndNotTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			time.Sleep(time.Second)
			return echo(s, req)
		}))
		c := p.open(conn.Config{})
		defer p.close(c)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := c.Do(ctx, heartbeat())
		if e := asError(t, err); !errors.Is(err, context.DeadlineExceeded) || !e.Sent || e.Retriable() {
			t.Errorf("got %v, Sent %v, Retriable %v; want the context's error, sent, not retriable", err, e.Sent, e.Retriable())
		}
		if took := time.Since(began); took != 10*time.Millisecond {
			t.Errorf("the wait took %v", took)
		}
		// The late answer is thrown away, the next call gets its own.
		if resp, err := c.Do(t.Context(), conn.Call{Request: protocol.NewListGroupsRequest(), MaxVersion: -1}); err != nil {
			t.Errorf("the next call: %v, %v", resp, err)
		}
		if c.Err() != nil {
			t.Errorf("the connection ended: %v", c.Err())
		}
	})
}

func TestACallWhoseContextHasEndedIsNeverSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(echo))
		c := p.open(conn.Config{})
		defer p.close(c)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := c.Do(ctx, heartbeat())
		if e := asError(t, err); !errors.Is(err, context.Canceled) || e.Sent {
			t.Errorf("got %v, Sent %v", err, e.Sent)
		}
	})
}

func TestACallThatWaitsInTheQueueIsTakenBackByItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []protocol.APIKey
		answer := make(chan struct{})
		p := newPeer(t, modern(func(s *session, req request) bool {
			keys = append(keys, req.key)
			<-answer
			return echo(s, req)
		}))
		c := p.open(conn.Config{MaxInFlight: 1})
		first := start(c, heartbeat())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := c.Do(ctx, conn.Call{Request: protocol.NewListGroupsRequest(), MaxVersion: -1})
		if e := asError(t, err); !errors.Is(err, context.DeadlineExceeded) || e.Sent {
			t.Errorf("got %v, Sent %v; want the context's error, not sent", err, e.Sent)
		}
		close(answer)
		if o := <-first; o.err != nil {
			t.Error(o.err)
		}
		p.close(c)
		if len(keys) != 1 {
			t.Errorf("the broker read %v", keys)
		}
	})
}

func TestACallWithoutAnswerIsDoneWhenItIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var read []request
		p := newPeer(t, modern(func(s *session, req request) bool {
			read = append(read, req)
			return req.key == protocol.KeyProduce || echo(s, req)
		}))
		c := p.open(conn.Config{})
		for range 3 { // more than MaxInFlight could matter, mixed with answered ones
			if resp, err := c.Do(t.Context(), silentProduce()); resp != nil || err != nil {
				t.Errorf("got %v, %v; want nil, nil", resp, err)
			}
			if _, err := c.Do(t.Context(), heartbeat()); err != nil {
				t.Error(err)
			}
		}
		p.close(c)
		if len(read) != 6 {
			t.Errorf("the broker read %d requests, want 6", len(read))
		}
	})
}

func silentProduce() conn.Call {
	return conn.Call{Request: &protocol.ProduceRequest{TopicData: []protocol.ProduceRequestTopicData{}}, MaxVersion: 9, NoResponse: true}
}

func TestStartNeverBlocksThoughThePeerDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			s.reply(req, everything())
			time.Sleep(time.Hour)
		})
		c := p.open(conn.Config{MaxQueuedBytes: 1000})
		var calls []<-chan outcome
		for range 100 {
			calls = append(calls, start(c, heartbeat()))
		}
		synctest.Wait()
		refused := 0
		for _, call := range calls {
			select {
			case o := <-call:
				refused++
				if e := asError(t, o.err); !errors.Is(o.err, conn.ErrQueueFull) || e.Sent || !e.Retriable() {
					t.Errorf("got %v, Sent %v, Retriable %v", o.err, e.Sent, e.Retriable())
				}
			default:
			}
		}
		if refused == 0 || refused == len(calls) {
			t.Errorf("%d of %d calls were refused", refused, len(calls))
		}
		p.close(c)
	})
}

func TestCloseEndsEveryCallOnceAndMayBeRepeated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(*session, request) bool { return true }))
		c := p.open(conn.Config{MaxInFlight: 2})
		calls := []<-chan outcome{start(c, heartbeat()), start(c, heartbeat()), start(c, heartbeat())}
		synctest.Wait()
		c.Close()
		p.close(c)
		for i, call := range calls {
			e := asError(t, (<-call).err)
			if !errors.Is(e, conn.ErrClosed) || e.Sent != (i < 2) || e.Retriable() {
				t.Errorf("call %d: %v, Sent %v, Retriable %v", i, e, e.Sent, e.Retriable())
			}
		}
		if !errors.Is(c.Err(), conn.ErrClosed) {
			t.Errorf("Err() = %v", c.Err())
		}
		o := <-start(c, heartbeat())
		if e := asError(t, o.err); !errors.Is(e, conn.ErrClosed) || e.Sent || e.Broker != 2 || e.Addr != "b2:9092" {
			t.Errorf("after the end: %+v", e)
		}
	})
}

func TestDoneMayUseTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(echo))
		c := p.open(conn.Config{})
		defer p.close(c)
		again := make(chan (<-chan outcome), 1)
		c.Start(heartbeat(), func(protocol.Response, error) { again <- start(c, heartbeat()) })
		if o := <-<-again; o.err != nil {
			t.Error(o.err)
		}
	})
}

func TestAVersionThatNobodyHasIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(echo))
		c := p.open(conn.Config{})
		defer p.close(c)
		_, err := c.Do(t.Context(), conn.Call{Request: protocol.NewHeartbeatRequest(), MinVersion: 99, MaxVersion: 99})
		e := asError(t, err)
		var mismatch *protocol.VersionError
		if !errors.As(err, &mismatch) || mismatch.Key != protocol.KeyHeartbeat || e.Sent || e.Retriable() {
			t.Errorf("got %v, Sent %v, Retriable %v", err, e.Sent, e.Retriable())
		}
	})
}

func TestARequestThatCannotBeEncodedIsNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(echo))
		c := p.open(conn.Config{})
		defer p.close(c)
		instance := "i1" // static membership: from version 3 on
		req := protocol.NewHeartbeatRequest()
		req.GroupInstanceID = &instance
		o := <-start(c, conn.Call{Request: req, MaxVersion: 0})
		var unfit *protocol.MessageError
		if e := asError(t, o.err); !errors.As(o.err, &unfit) || e.Sent || e.Op != "Heartbeat v0" {
			t.Errorf("got %v, Sent %v, Op %q", o.err, e.Sent, e.Op)
		}
	})
}

func TestTheBrokersEndEndsEveryCallAndNamesIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		p := newPeer(t, modern(func(s *session, req request) bool {
			n++
			return n < 3 && echo(s, req)
		}))
		c := p.open(conn.Config{MaxInFlight: 3})
		var calls []<-chan outcome
		for range 5 {
			calls = append(calls, start(c, heartbeat()))
		}
		var lost *conn.NetworkError
		for i, call := range calls {
			o := <-call
			if i < 2 {
				if o.err != nil {
					t.Errorf("call %d: %v", i, o.err)
				}
				continue
			}
			e := asError(t, o.err)
			if e.Broker != 2 || e.Addr != "b2:9092" || e.Op != "Heartbeat v4" || !errors.As(e, &lost) || !e.Retriable() {
				t.Errorf("call %d: %v, Retriable %v", i, e, e.Retriable())
			}
			if i == 2 && e.Error() != "Heartbeat v4 at broker 2 (b2:9092): the broker closed the connection" {
				t.Errorf("the error reads %q", e)
			}
		}
		p.close(c)
	})
}

func TestAListenerThatWantsSASLIsNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(*session, request) bool { return false }))
		c := p.open(conn.Config{})
		_, err := c.Do(t.Context(), heartbeat())
		var network *conn.NetworkError
		if !errors.As(err, &network) || network.Hint == "" {
			t.Errorf("got %v, want a hint", err)
		}
		p.close(c)
	})
}
