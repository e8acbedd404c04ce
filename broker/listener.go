package broker

import (
	"errors"
	"net"
	"time"
)

// accept takes connections until the listener is closed, each into a
// goroutine of its own.
func (b *Broker) accept() {
	for {
		nc, err := b.listener.Accept()
		if err != nil {
			if !b.acceptAgain(err) {
				return
			}
			continue
		}
		if !b.admit(nc) {
			nc.Close()
			return
		}
		// Ends when the peer closes, or Close closes nc. Close waits for it.
		go func() {
			defer b.running.Done()
			defer b.dismiss(nc)
			b.serve(nc)
		}()
	}
}

// acceptAgain says whether to go on after a failed accept. Running out of
// file descriptors passes; a closed listener does not.
func (b *Broker) acceptAgain(err error) bool {
	select {
	case <-b.closing:
		return false
	default:
	}
	if errors.Is(err, net.ErrClosed) {
		b.logger.Error("the listener was closed by somebody else: no new connections", "err", err)
		return false
	}
	b.logger.Warn("accept failed, trying again", "err", err)
	select {
	case <-b.closing:
		return false
	case <-time.After(100 * time.Millisecond):
		return true
	}
}

// admit registers a connection for Close to end; false when Close has begun.
func (b *Broker) admit(nc net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.conns == nil {
		return false
	}
	b.conns[nc] = struct{}{}
	b.running.Add(1)
	return true
}

func (b *Broker) dismiss(nc net.Conn) {
	nc.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, nc)
}
