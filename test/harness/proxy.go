package harness

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"testing"

	"github.com/afkak-go/afkak/protocol"
)

// A Proxy stands between clients and brokers, passes frames on, and when told to cuts a connection in the
// middle of a request or an answer, or makes the brokers silent or unreachable. Give its Dial to afkak.WithDialer.
type Proxy struct {
	running sync.WaitGroup

	mu        sync.Mutex
	closed    bool
	listeners map[string]net.Listener // by the broker's address
	conns     map[net.Conn]struct{}
	cuts      []*cut
	away      bool          // connections are refused
	silence   chan struct{} // closed when frames may pass again; nil: they may
	opened    int           // connections so far
	silenced  int           // so many of them, the oldest, are concerned by silence
}

// A cut is to be made in the next request of an API, or in its answer.
type cut struct {
	key    protocol.APIKey
	answer bool
	made   chan struct{}
}

// NewProxy makes a proxy that ends with the test; close the clients before.
func NewProxy(t testing.TB) *Proxy {
	p := &Proxy{listeners: map[string]net.Listener{}, conns: map[net.Conn]struct{}{}}
	t.Cleanup(p.close)
	return p
}

// CutRequest cuts the next request of the API in its middle, once; the channel is closed when that has happened.
func (p *Proxy) CutRequest(key protocol.APIKey) <-chan struct{} { return p.arm(key, false) }

// CutAnswer is CutRequest for the middle of an answer. The broker has done what it was asked.
func (p *Proxy) CutAnswer(key protocol.APIKey) <-chan struct{} { return p.arm(key, true) }

// Silence has all brokers seem paused until the returned function is called: connections stay, and can be made,
// and nothing passes. What was on its way arrives afterwards, also of clients that have given up. There is one silence
// at a time.
func (p *Proxy) Silence() (end func()) { return p.hold(math.MaxInt) }

// Strand is Silence for the connections that there are; through new ones everything passes.
func (p *Proxy) Strand() (end func()) {
	p.mu.Lock()
	opened := p.opened
	p.mu.Unlock()
	return p.hold(opened)
}

func (p *Proxy) hold(connections int) (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	silence := make(chan struct{})
	p.silence, p.silenced = silence, connections
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.silence == silence { // otherwise the proxy was closed
			p.endSilence()
		}
	}
}

// endSilence lets frames pass. The caller holds mu.
func (p *Proxy) endSilence() {
	if p.silence != nil {
		close(p.silence)
		p.silence = nil
	}
}

// Away ends all connections, and has every new one end at once until the returned function is called.
func (p *Proxy) Away() (end func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.away = true
	for c := range p.conns {
		c.Close()
	}
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.away = false
	}
}

func (p *Proxy) arm(key protocol.APIKey, answer bool) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := &cut{key: key, answer: answer, made: make(chan struct{})}
	p.cuts = append(p.cuts, c)
	return c.made
}

// due takes the cut that was ordered for this frame; nil: there is none.
func (p *Proxy) due(key protocol.APIKey, answer bool) *cut {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, c := range p.cuts {
		if c.key == key && c.answer == answer {
			p.cuts = append(p.cuts[:i], p.cuts[i+1:]...)
			return c
		}
	}
	return nil
}

// Dial connects to a broker by way of the proxy.
func (p *Proxy) Dial(ctx context.Context, network, addr string) (net.Conn, error) {
	own, err := p.listener(addr)
	if err != nil {
		return nil, err
	}
	return (&net.Dialer{}).DialContext(ctx, network, own)
}

// listener returns where the proxy listens for that broker.
func (p *Proxy) listener(addr string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return "", net.ErrClosed
	}
	if l := p.listeners[addr]; l != nil {
		return l.Addr().String(), nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	p.listeners[addr] = l
	p.running.Go(func() { p.accept(l, addr) }) // ends when l is closed
	return l.Addr().String(), nil
}

func (p *Proxy) accept(l net.Listener, addr string) {
	for {
		client, err := l.Accept()
		if err != nil {
			return
		}
		broker, err := net.Dial("tcp", addr)
		if err != nil {
			client.Close()
			continue
		}
		number, ok := p.keep(client, broker)
		if !ok {
			client.Close()
			continue
		}
		asked := make(chan protocol.APIKey, 1000)
		// Both end when either connection does.
		p.running.Go(func() { p.passRequests(number, client, broker, asked) })
		p.running.Go(func() { p.passAnswers(number, client, broker, asked) })
	}
}

// keep remembers a pair of connections until both are closed, and numbers it.
func (p *Proxy) keep(client, broker net.Conn) (number int, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || p.away {
		broker.Close()
		return 0, false
	}
	p.conns[client], p.conns[broker] = struct{}{}, struct{}{}
	p.opened++
	return p.opened - 1, true
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		c.Close()
		delete(p.conns, c)
	}
}

func (p *Proxy) passRequests(number int, client, broker net.Conn, asked chan<- protocol.APIKey) {
	defer p.drop(client, broker)
	defer close(asked)
	for {
		frame, err := readFrame(client)
		if err != nil || len(frame) < 6 {
			return
		}
		key := protocol.APIKey(binary.BigEndian.Uint16(frame[4:]))
		select {
		case asked <- key:
		default: // more than a thousand unanswered requests are no client of ours
			return
		}
		if p.pass(number, broker, frame, p.due(key, false)) != nil {
			return
		}
	}
}

func (p *Proxy) passAnswers(number int, client, broker net.Conn, asked <-chan protocol.APIKey) {
	defer p.drop(client, broker)
	for {
		frame, err := readFrame(broker)
		if err != nil {
			return
		}
		key, ok := <-asked
		if !ok || p.pass(number, client, frame, p.due(key, true)) != nil {
			return
		}
	}
}

var errCut = errors.New("cut")

// waitForEnd waits while a silence concerns the connection.
func (p *Proxy) waitForEnd(number int) {
	p.mu.Lock()
	silence := p.silence
	if number >= p.silenced {
		silence = nil
	}
	p.mu.Unlock()
	if silence != nil {
		<-silence
	}
}

// pass writes the frame, or half of it if it is to be cut.
func (p *Proxy) pass(number int, to net.Conn, frame []byte, c *cut) error {
	p.waitForEnd(number)
	if c == nil {
		_, err := to.Write(frame)
		return err
	}
	_, err := to.Write(frame[:len(frame)/2])
	close(c.made)
	return errors.Join(errCut, err)
}

// readFrame reads a length and as many bytes.
func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, 4+binary.BigEndian.Uint32(size[:]))
	copy(frame, size[:])
	_, err := io.ReadFull(r, frame[4:])
	return frame, err
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.endSilence()
	for _, l := range p.listeners {
		l.Close()
	}
	for c := range p.conns {
		c.Close()
	}
	p.mu.Unlock()
	p.running.Wait()
}
