package conn

import (
	"reflect"
	"sync"
	"time"

	"github.com/afkak-go/afkak/protocol"
)

// maxThrottle bounds for how long a broker's wish to be left alone is heeded,
// should it be none.
const maxThrottle = 10 * time.Minute

// mutingProduce is the version of Produce by which brokers are known that
// answer a client over its quota at once and then do not read its connection
// for a while (KIP-219, Kafka 2.0). Those before hold the answer back instead,
// and there is nothing left to wait for.
const mutingProduce = 6

// Throttled returns for how long the broker still does not read this
// connection, because the client went over a quota (KIP-219). Requests that are
// handed over meanwhile wait here.
func (c *Conn) Throttled() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mutedUntil.IsZero() {
		return 0
	}
	return max(time.Until(c.mutedUntil), 0)
}

// throttleOf returns for how long the broker will not read the connection after
// an answer.
func (c *Conn) throttleOf(resp protocol.Response) time.Duration {
	if resp == nil || c.identity == nil { // still being opened
		return 0
	}
	wait := min(time.Duration(throttleTime(resp))*time.Millisecond, maxThrottle)
	if wait <= 0 {
		return 0
	}
	if produce, ok := c.identity.Versions.Range(protocol.KeyProduce); !ok || produce.Max < mutingProduce {
		return 0
	}
	return wait
}

// mute holds back what is not written yet. c.mu is held.
func (c *Conn) mute(now time.Time, wait time.Duration) {
	since, until := now, now.Add(wait)
	if c.mutedUntil.After(since) {
		since = c.mutedUntil
	}
	if !until.After(since) || c.cause != nil {
		return
	}
	c.mutedUntil = until
	if c.unmute == nil {
		c.unmute = time.AfterFunc(wait, c.kick)
	} else {
		c.unmute.Reset(wait)
	}
	for _, list := range [...][]*pending{c.flight.all(), c.queue.all()} {
		for _, p := range list {
			if p.throttleAside {
				p.deadline = p.deadline.Add(until.Sub(since))
			}
		}
	}
}

// isMuted reports whether the broker does not read now. c.mu is held.
func (c *Conn) isMuted() bool {
	if c.mutedUntil.IsZero() {
		return false
	}
	if time.Now().Before(c.mutedUntil) {
		return true
	}
	c.mutedUntil = time.Time{}
	return false
}

// throttleFields is where answers have their ThrottleTimeMs: the index of the
// field by type, -1 for none.
var throttleFields sync.Map

// throttleTime returns an answer's ThrottleTimeMs, 0 if it has none.
func throttleTime(resp protocol.Response) int32 {
	v := reflect.ValueOf(resp).Elem()
	field, known := throttleFields.Load(v.Type())
	if !known {
		field = -1
		if f, ok := v.Type().FieldByName("ThrottleTimeMs"); ok && f.Type.Kind() == reflect.Int32 {
			field = f.Index[0]
		}
		throttleFields.Store(v.Type(), field)
	}
	if field.(int) < 0 {
		return 0
	}
	return int32(v.Field(field.(int)).Int())
}
