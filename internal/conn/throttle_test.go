package conn_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

// throttling is a peer that answers each heartbeat with the next of these wishes
// to be left alone, and then with none.
func throttling(t *testing.T, produce int16, wishes ...time.Duration) *peer {
	return newPeer(t, func(s *session) {
		for {
			req, ok := s.next()
			switch {
			case !ok:
				return
			case req.key == protocol.KeyAPIVersions:
				resp := everything()
				for i := range resp.APIKeys {
					if resp.APIKeys[i].APIKey == int16(protocol.KeyProduce) {
						resp.APIKeys[i].MaxVersion = produce
					}
				}
				s.reply(req, resp)
			default:
				resp := protocol.NewHeartbeatResponse()
				if len(wishes) > 0 {
					resp.ThrottleTimeMs = int32(wishes[0].Milliseconds())
					wishes = wishes[1:]
				}
				s.reply(req, resp)
				if resp.ThrottleTimeMs > 0 && produce >= 6 { // as Kafka does
					time.Sleep(time.Duration(resp.ThrottleTimeMs) * time.Millisecond)
				}
			}
		}
	})
}

func took(t *testing.T, c *conn.Conn, call conn.Call) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := c.Do(t.Context(), call); err != nil {
		t.Error(err)
	}
	return time.Since(began)
}

func TestAThrottledConnectionSendsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttling(t, 13, 3*time.Second, time.Second)
		c := p.open(conn.Config{})
		if wait := took(t, c, heartbeat()); wait != 0 || c.Throttled() != 3*time.Second {
			t.Errorf("the answer took %v, then throttled for %v", wait, c.Throttled())
		}
		held := start(c, within(time.Second, heartbeat()))
		if out := <-held; out.err == nil || asError(t, out.err).Sent {
			t.Errorf("held back beyond its time: got %v, want a timeout of what was not sent", out.err)
		}
		if wait := took(t, c, heartbeat()); wait != 2*time.Second || c.Throttled() != time.Second {
			t.Errorf("the second took %v, then throttled for %v", wait, c.Throttled())
		}
		if wait := took(t, c, heartbeat()); wait != time.Second || c.Throttled() != 0 {
			t.Errorf("the third took %v, then throttled for %v", wait, c.Throttled())
		}
		p.close(c)
	})
}

func TestABrokerBefore20HasThrottledAlready(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttling(t, 5, 3*time.Second)
		c := p.open(conn.Config{})
		if wait := took(t, c, heartbeat()) + took(t, c, heartbeat()); wait != 0 || c.Throttled() != 0 {
			t.Errorf("took %v, then throttled for %v", wait, c.Throttled())
		}
		p.close(c)
	})
}

func TestThrottlingCountsAgainstATimeoutUnlessAside(t *testing.T) {
	for _, aside := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			p := throttling(t, 13, 40*time.Second, 40*time.Second)
			c := p.open(conn.Config{})
			call := within(30*time.Second, heartbeat())
			call.ThrottleAside = aside
			first, second, third := start(c, call), start(c, call), start(c, call) // all are sent before the first answer
			if out := <-first; out.err != nil {
				t.Error(out.err)
			}
			if out := <-second; (out.err == nil) != aside {
				t.Errorf("aside %v: the second: %v", aside, out.err)
			}
			if out := <-third; (out.err == nil) != aside {
				t.Errorf("aside %v: the third: %v", aside, out.err)
			}
			p.close(c)
		})
	}
}

func TestTheEndOfAConnectionEndsItsThrottling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttling(t, 13, 3*time.Second)
		c := p.open(conn.Config{})
		took(t, c, heartbeat())
		held := start(c, heartbeat())
		c.Close()
		if out := <-held; out.err == nil || asError(t, out.err).Sent {
			t.Errorf("got %v", out.err)
		}
		<-c.Done()
		if c.Throttled() != 0 {
			t.Errorf("throttled for %v", c.Throttled())
		}
		p.alive.Wait()
	})
}

func TestThrottlingIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := throttling(t, 13, 24*24*time.Hour)
		c := p.open(conn.Config{})
		took(t, c, heartbeat())
		if wait := c.Throttled(); wait != 10*time.Minute {
			t.Errorf("throttled for %v, want ten minutes", wait)
		}
		p.close(c)
	})
}
