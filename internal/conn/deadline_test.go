package conn_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

func TestASilentBrokerEndsEveryCallAfterTheFirstOnesTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(*session, request) bool { return true }))
		c := p.open(conn.Config{})
		began := time.Now()
		first := start(c, within(5*time.Second, heartbeat()))
		second := start(c, conn.Call{Request: protocol.NewListGroupsRequest(), MaxVersion: -1, Timeout: 10 * time.Second})

		e := asError(t, (<-first).err)
		var timeout *conn.TimeoutError
		if !errors.As(e, &timeout) || timeout.After != 5*time.Second || !e.Sent || !e.Retriable() {
			t.Errorf("the first call: %v, Sent %v, Retriable %v", e, e.Sent, e.Retriable())
		}
		e = asError(t, (<-second).err)
		var ended *conn.EndedError
		if !errors.As(e, &ended) || ended.Op != "Heartbeat v4" || e.Op != "ListGroups v5" || !e.Retriable() {
			t.Errorf("the second call: %v", e)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		p.close(c)
		if !errors.As(c.Err(), &timeout) {
			t.Errorf("Err() = %v", c.Err())
		}
	})
}

func TestACallBehindASlowOneTimesOutAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			time.Sleep(20 * time.Second)
			return echo(s, req)
		}))
		c := p.open(conn.Config{})
		defer p.close(c)
		slow := start(c, within(30*time.Second, heartbeat()))
		began := time.Now()
		e := asError(t, (<-start(c, within(3*time.Second, heartbeat()))).err)
		var timeout *conn.TimeoutError
		if !errors.As(e, &timeout) || timeout.Behind != "Heartbeat v4" || !e.Sent {
			t.Errorf("got %v, Sent %v", e, e.Sent)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		if o := <-slow; o.err != nil {
			t.Errorf("the slow call: %v", o.err)
		}
		// 17 s after its deadline the broker turns to the second request, whose
		// whole timeout it has from then on. It is not answered in time.
		select {
		case <-c.Done():
		case <-time.After(10 * time.Second):
			t.Error("the connection lives though the broker was silent for longer than the oldest request allows")
		}
		if took := time.Since(began); took != 23*time.Second {
			t.Errorf("the connection ended after %v, want 20 s and the 3 s of the request", took)
		}
	})
}

func TestALateAnswerToACallThatTimedOutIsThrownAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			time.Sleep(2 * time.Second)
			return echo(s, req)
		}))
		c := p.open(conn.Config{})
		defer p.close(c)
		first := start(c, heartbeat())
		second := start(c, within(3*time.Second, heartbeat())) // answered after 4 s
		third := start(c, conn.Call{Request: protocol.NewListGroupsRequest(), MaxVersion: -1})
		if o := <-first; o.err != nil {
			t.Error(o.err)
		}
		asError(t, (<-second).err)
		if o := <-third; o.err != nil {
			t.Errorf("the third call: %v", o.err)
		} else if _, ok := o.resp.(*protocol.ListGroupsResponse); !ok {
			t.Errorf("the third call got %T", o.resp)
		}
	})
}

func TestACallThatTimesOutInTheQueueWasNotSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			time.Sleep(time.Minute)
			return echo(s, req)
		}))
		c := p.open(conn.Config{MaxInFlight: 1})
		defer p.close(c)
		start(c, within(2*time.Minute, heartbeat()))
		e := asError(t, (<-start(c, within(time.Second, heartbeat()))).err)
		var timeout *conn.TimeoutError
		if !errors.As(e, &timeout) || e.Sent {
			t.Errorf("got %v, Sent %v", e, e.Sent)
		}
	})
}

func TestAPeerThatDoesNotReadEndsAnUnansweredWrite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			s.reply(req, everything())
			time.Sleep(time.Minute)
		})
		c := p.open(conn.Config{})
		began := time.Now()
		e := asError(t, (<-start(c, within(5*time.Second, silentProduce()))).err)
		var timeout *conn.TimeoutError
		if !errors.As(e, &timeout) || !strings.HasPrefix(e.Op, "Produce") {
			t.Errorf("got %v", e)
		}
		if took := time.Since(began); took != 5*time.Second {
			t.Errorf("it took %v", took)
		}
		p.close(c)
	})
}

func TestACallWithARecordPayloadIsNotDoneWhileThatIsBeingWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			s.reply(req, everything())
			req, _ = s.next()
			time.Sleep(20 * time.Second) // reads nothing meanwhile
			echo(s, req)
			_, _ = s.next()
			s.gone()
		})
		c := p.open(conn.Config{})
		defer p.close(c)
		slow := start(c, heartbeat())
		synctest.Wait()
		began := time.Now()
		var took time.Duration
		large := make(chan error, 1)
		c.Start(within(3*time.Second, produce(make([]byte, 100_000))), func(_ protocol.Response, err error) {
			took = time.Since(began)
			large <- err
		})
		if o := <-slow; o.err != nil {
			t.Error(o.err)
		}
		var timeout *conn.TimeoutError
		if err := <-large; !errors.As(err, &timeout) || took != 20*time.Second {
			t.Errorf("got %v after %v, want a timeout when the write ended", err, took)
		}
	})
}

func TestAPeerThatReadsSlowlyIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, func(s *session) {
			req, _ := s.next()
			s.reply(req, everything())
			for range 2 {
				time.Sleep(4 * time.Second)
				_, _ = s.next()
			}
			modern(echo)(s)
		})
		c := p.open(conn.Config{})
		defer p.close(c)
		first := start(c, within(5*time.Second, silentProduce()))
		synctest.Wait() // it is being written
		second := start(c, within(5*time.Second, silentProduce()))
		if o := <-first; o.err != nil {
			t.Error(o.err)
		}
		var timeout *conn.TimeoutError // it had to wait for the first one
		if o := <-second; !errors.As(o.err, &timeout) {
			t.Errorf("the second call: %v", o.err)
		}
		if _, err := c.Do(t.Context(), heartbeat()); err != nil {
			t.Errorf("the connection has ended: %v", err)
		}
	})
}

func TestABrokerThatKeepsAnsweringIsNotSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			time.Sleep(900 * time.Millisecond)
			return echo(s, req)
		}))
		c := p.open(conn.Config{RequestTimeout: time.Second})
		defer p.close(c)
		var late int
		var calls []<-chan outcome
		for range 10 {
			calls = append(calls, start(c, heartbeat()))
		}
		for _, call := range calls {
			if o := <-call; o.err != nil {
				late++
			}
		}
		if late != 9 { // only the first is answered in time, but
			t.Errorf("%d calls timed out, want 9", late)
		}
		time.Sleep(10 * time.Second)
		if c.Err() != nil { // the broker was never slower than it may be
			t.Errorf("the connection ended: %v", c.Err())
		}
		if _, err := c.Do(t.Context(), heartbeat()); err != nil {
			t.Error(err)
		}
	})
}

func TestAnAnswerThatTricklesInDoesNotOutliveItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPeer(t, modern(func(s *session, req request) bool {
			_, _ = s.Write([]byte{0, 0, 100, 0, byte(req.correlation >> 24), byte(req.correlation >> 16), byte(req.correlation >> 8), byte(req.correlation)})
			for {
				if _, err := s.Write([]byte{0}); err != nil {
					return false
				}
				time.Sleep(time.Second)
			}
		}))
		c := p.open(conn.Config{})
		began := time.Now()
		_, err := c.Do(t.Context(), within(7*time.Second, heartbeat()))
		var timeout *conn.TimeoutError
		if took := time.Since(began); !errors.As(err, &timeout) || took != 7*time.Second {
			t.Errorf("got %v after %v", err, took)
		}
		p.close(c)
	})
}
