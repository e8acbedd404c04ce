package realkafka

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// poll calls done until it says so, ctx or the process ends, or the cluster is closed.
func (c *Cluster) poll(ctx context.Context, p *process, done func() (bool, error)) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		ready, err := done()
		if err != nil || ready {
			return err
		}
		var exited <-chan struct{}
		if p != nil {
			exited = p.exited
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-c.closing:
			return errClosed
		case <-exited:
			return exitError(p)
		case <-ticker.C:
		}
	}
}

// exitError says why a process ended that should be running.
func exitError(p *process) error {
	log, err := p.output(p.logFrom)
	if err != nil {
		return err
	}
	if bytes.Contains(log, []byte("Address already in use")) || bytes.Contains(log, []byte("BindException")) {
		return errPortTaken
	}
	return fmt.Errorf("it ended (%v)", p.state)
}

// startedLine is in the log of every release once the broker serves requests:
// "[Kafka Server 1], Started (kafka.server.KafkaServer)" and its like. It is
// the broker's own last word on its start, after its sockets are open and it is registered.
var startedLine = []byte("tarted (kafka.server.Kafka")

// A logScan looks for a text in a growing log, reading each byte once.
type logScan struct {
	process *process
	at      int64
	tail    []byte // what was read since the last newline
}

func newLogScan(p *process) *logScan { return &logScan{process: p, at: p.logFrom} }

func (s *logScan) saw(text []byte) (bool, error) {
	more, err := s.process.output(s.at)
	if err != nil {
		return false, err
	}
	s.at += int64(len(more))
	s.tail = append(s.tail, more...)
	if bytes.Contains(s.tail, text) {
		return true, nil
	}
	if i := bytes.LastIndexByte(s.tail, '\n'); i >= 0 {
		s.tail = append(s.tail[:0], s.tail[i+1:]...)
	}
	return false, nil
}

// answers says whether something accepts connections at addr.
func answers(ctx context.Context, addr string) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// awaitMembers waits until every broker that serves requests knows every other, at the address
// that it has now. A controller of before 0.9 tells brokers nothing of each other while there
// is no topic, so there their own words, that they have started, have to do.
func (c *Cluster) awaitMembers(ctx context.Context) error {
	if !atLeast(c.Version(), "0.9") {
		return nil
	}
	serving := c.serving()
	for _, b := range serving {
		state := "it has not answered yet"
		err := c.poll(ctx, b.current(), func() (bool, error) {
			m, err := askMetadata(ctx, b.Addr())
			if err != nil {
				state = err.Error()
				return false, nil
			}
			absent := m.missing(serving)
			state = "it does not see broker " + strings.Join(absent, ", ")
			return len(absent) == 0, nil
		})
		if err != nil {
			return fmt.Errorf("broker %d at %s is not part of the cluster (%s): %w", b.id, b.Addr(), state, err)
		}
	}
	return nil
}

// missing lists the brokers that the answer does not have, or has at another address.
func (m *metadata) missing(brokers []*Broker) []string {
	var absent []string
	for _, b := range brokers {
		if m.brokers[b.id] != b.Addr() {
			absent = append(absent, fmt.Sprint(b.id))
		}
	}
	return absent
}

// serving are the brokers that run and are not paused.
func (c *Cluster) serving() []*Broker {
	var serving []*Broker
	for _, b := range c.brokers {
		if p := b.current(); p.running() && !p.paused.Load() {
			serving = append(serving, b)
		}
	}
	return serving
}
