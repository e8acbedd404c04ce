package afkak_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/protocol"
)

// world is one embedded broker behind as many addresses as the test wants
// brokers, and between every client and it the test, which sees each request
// and each answer as it goes over the wire and may spoil it. Partition p is
// led by broker p+1 (modulo their number), groups and changes belong to
// broker 1. Without a listener it is all in memory and works inside a
// synctest bubble.
type world struct {
	t       testing.TB
	backend *broker.Broker
	dialIn  func() (net.Conn, error) // to the backend
	hosts   []string                 // of brokers 1 and up
	serving sync.WaitGroup

	mu     sync.Mutex
	onWay  func(x *exchange) fate                                       // a request has come
	onBack func(x *exchange) fate                                       // its answer is about to go
	alter  func(id int32, req protocol.Request, resp protocol.Response) // before the answer is encoded
	greet  func(id int32, client net.Conn) (handled bool)               // before anything is read
	dialed func(ctx context.Context, id int32) error                    // in memory: before a connection comes about
	seen   map[protocol.APIKey]map[int32]int                            // requests, by broker
	deaf   bool                                                         // brokers read one more request, and then nothing, on each connection
	secure *tls.Config                                                  // brokers want TLS; nil: they do not
	opts   []afkak.ClientOption                                         // of every client
	pace   time.Duration                                                // for each byte of an answer
	open   map[net.Conn]int32                                           // the brokers' ends
}

// exchange is one request and its answer.
type exchange struct {
	broker  int32
	key     protocol.APIKey
	version int16
	request protocol.Request
	nth     int // of this API at this broker, from 1
	// answer is the whole frame, length included; nil on the way in. onBack may
	// change it.
	answer []byte
}

// fate is what becomes of a request or an answer.
type fate int

const (
	pass fate = iota
	hang      // the broker falls silent: it reads on and answers nothing more on this connection
	cut       // the connection ends; of an answer, after its bytes
)

const orders = "orders"

func newWorld(t testing.TB, brokers int, topics ...broker.Topic) *world {
	if len(topics) == 0 {
		topics = []broker.Topic{{Name: orders, Partitions: 3}}
	}
	pipes := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
	w := &world{t: t, dialIn: pipes.dial, seen: map[protocol.APIKey]map[int32]int{}, open: map[net.Conn]int32{}}
	for id := 1; id <= brokers; id++ {
		w.hosts = append(w.hosts, fmt.Sprintf("b%d:9092", id))
	}
	backend, err := broker.Start(broker.Config{Listener: pipes, Advertise: "b1:9092", Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	w.backend = backend
	return w
}

// inWorld runs f in a bubble of simulated time, with three brokers and a client
// that is quick to give up.
func inWorld(t *testing.T, f func(t *testing.T, w *world, client *afkak.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		client := w.client()
		defer w.close()
		defer client.Close()
		f(t, w, client)
	})
}

// close ends the broker and waits for all that was started. The clients must
// be closed.
func (w *world) close() {
	w.serving.Wait()
	if err := w.backend.Close(); err != nil {
		w.t.Error(err)
	}
}

func (w *world) client(opts ...afkak.ClientOption) *afkak.Client {
	w.t.Helper()
	opts = append([]afkak.ClientOption{
		afkak.WithDialer(w.dial), afkak.WithLogger(slog.New(slog.DiscardHandler)),
		afkak.WithRequestTimeout(2 * time.Second), afkak.WithDialTimeout(time.Second), afkak.WithRetryTimeout(5 * time.Second),
	}, slices.Concat(w.opts, opts)...)
	client, err := afkak.NewClient(w.hosts[:1], opts...)
	if err != nil {
		w.t.Fatal(err)
	}
	return client
}

// set changes the world while it runs.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// honest ends all faults; connections that hang go on hanging.
func (w *world) honest() {
	w.set(func() { w.onWay, w.onBack, w.alter, w.greet, w.dialed = nil, nil, nil, nil, nil })
}

// spoil gives each answer of an API to f, at one broker, or at all for 0.
func (w *world) spoil(id int32, key protocol.APIKey, f func(x *exchange) fate) {
	w.set(func() {
		w.onBack = func(x *exchange) fate {
			if x.key != key || id != 0 && x.broker != id {
				return pass
			}
			return f(x)
		}
	})
}

// mute makes brokers silent: what comes is read and not answered; all for none.
func (w *world) mute(ids ...int32) {
	w.set(func() { w.onWay = func(x *exchange) fate { return fateAt(x.broker, ids, hang) } })
}

func fateAt(id int32, ids []int32, f fate) fate {
	for _, one := range ids {
		if one == id {
			return f
		}
	}
	if len(ids) == 0 {
		return f
	}
	return pass
}

func (w *world) isDeaf() (deaf bool) {
	w.set(func() { deaf = w.deaf })
	return deaf
}

// refuse makes brokers refuse connections and cuts those that there are.
func (w *world) refuse(ids ...int32) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dialed = func(_ context.Context, id int32) error {
		if fateAt(id, ids, cut) == cut {
			return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
		}
		return nil
	}
	for conn, id := range w.open {
		if fateAt(id, ids, cut) == cut {
			_ = conn.Close()
		}
	}
}

// part cuts every connection.
func (w *world) part() {
	w.set(func() {
		for conn := range w.open {
			_ = conn.Close()
		}
	})
}

func (w *world) requests(key protocol.APIKey, id int32) (n int) {
	w.set(func() { n = w.seen[key][id] })
	return n
}

// dial is the client's dialer.
func (w *world) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	id := int32(0)
	for i, host := range w.hosts {
		if host == addr {
			id = int32(i + 1)
		}
	}
	if id == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
	}
	w.mu.Lock()
	dialed := w.dialed
	w.mu.Unlock()
	if dialed != nil {
		if err := dialed(ctx, id); err != nil {
			return nil, err
		}
	}
	ours, theirs := net.Pipe()
	left := make(chan struct{})
	w.serving.Go(func() { w.serve(id, theirs, left) })
	return &clientEnd{Conn: ours, left: left}, nil
}

// clientEnd tells when the client has left, to a broker that does not read.
type clientEnd struct {
	net.Conn
	once sync.Once
	left chan struct{}
}

func (c *clientEnd) Close() error {
	c.once.Do(func() { close(c.left) })
	return c.Conn.Close()
}

// serve is one connection of a client.
func (w *world) serve(id int32, socket net.Conn, left <-chan struct{}) {
	w.set(func() { w.open[socket] = id })
	defer func() {
		w.set(func() { delete(w.open, socket) })
		_ = socket.Close()
	}()
	w.mu.Lock()
	greet, secure := w.greet, w.secure
	w.mu.Unlock()
	if greet != nil && greet(id, socket) {
		_, _ = io.Copy(io.Discard, socket)
		return
	}
	client := socket
	if secure != nil {
		client = tls.Server(socket, secure)
	}
	backend, err := w.dialIn()
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	// A client that leaves during a long poll must not be waited for.
	requests, gone := make(chan []byte, 1000), make(chan struct{})
	w.serving.Go(func() {
		defer close(gone)
		defer func() { _ = backend.Close() }()
		for {
			frame, err := readFrame(client)
			if err != nil {
				return
			}
			if w.isDeaf() {
				<-left
				return
			}
			requests <- frame
		}
	})
	for {
		var frame []byte
		select {
		case frame = <-requests:
		case <-gone:
			return
		}
		f, err := w.exchange(id, frame, client, backend)
		switch {
		case err != nil || f == cut:
			return
		case f == hang:
			<-gone
			return
		}
	}
}

// exchange serves one request.
func (w *world) exchange(id int32, frame []byte, client, backend net.Conn) (fate, error) {
	x := &exchange{
		broker: id, key: protocol.APIKey(binary.BigEndian.Uint16(frame)), version: int16(binary.BigEndian.Uint16(frame[2:])),
	}
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(frame, x.key.RequestHeaderVersion(x.version))
	if err != nil {
		return cut, err
	}
	x.request = protocol.NewRequest(x.key)
	if err := x.request.DecodeFrom(frame[n:], x.version); err != nil {
		return cut, err
	}
	w.mu.Lock()
	if w.seen[x.key] == nil {
		w.seen[x.key] = map[int32]int{}
	}
	w.seen[x.key][id]++
	x.nth = w.seen[x.key][id]
	onWay := w.onWay
	w.mu.Unlock()
	if onWay != nil {
		if f := onWay(x); f != pass {
			return f, nil
		}
	}
	if produce, ok := x.request.(*protocol.ProduceRequest); ok && produce.Acks == 0 {
		_, err := backend.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...))
		return pass, err
	}
	resp := welcome(x.key)
	if resp == nil {
		if resp, err = forward(frame, x.request, x.key, x.version, backend); err != nil {
			return cut, err
		}
	}
	w.mu.Lock()
	w.place(resp)
	if w.alter != nil {
		w.alter(id, x.request, resp)
	}
	onBack := w.onBack
	w.mu.Unlock()
	if x.answer, err = frameOf(x.key, x.version, header.CorrelationID, resp); err != nil {
		return cut, err
	}
	f := pass
	if onBack != nil {
		f = onBack(x)
	}
	if len(x.answer) > 0 {
		if err := w.write(client, x.answer); err != nil {
			return cut, err
		}
	}
	return f, nil
}

// welcome lets everybody in who authenticates with SASL PLAIN; nil for other
// requests.
func welcome(key protocol.APIKey) protocol.Response {
	switch key {
	case protocol.KeySaslHandshake:
		return &protocol.SaslHandshakeResponse{Mechanisms: []string{"PLAIN"}}
	case protocol.KeySaslAuthenticate:
		return &protocol.SaslAuthenticateResponse{AuthBytes: []byte{}}
	}
	return nil
}

// write writes an answer, at the pace that the test wants.
func (w *world) write(client net.Conn, answer []byte) error {
	w.mu.Lock()
	pace := w.pace
	w.mu.Unlock()
	if pace == 0 {
		_, err := client.Write(answer)
		return err
	}
	for len(answer) > 0 {
		n, err := client.Write(answer[:1])
		if err != nil {
			return err
		}
		answer = answer[n:]
		time.Sleep(pace)
	}
	return nil
}

// place makes one backend look like the world's brokers. Requires mu.
func (w *world) place(resp protocol.Response) {
	switch r := resp.(type) {
	case *protocol.MetadataResponse:
		one := r.Brokers[0]
		r.Brokers, r.ControllerID = nil, 1
		for i := range w.hosts {
			one.NodeID = int32(i + 1)
			one.Host, one.Port = hostPort(w.hosts[i])
			r.Brokers = append(r.Brokers, one)
		}
		for i := range r.Topics {
			for j := range r.Topics[i].Partitions {
				p := &r.Topics[i].Partitions[j]
				p.LeaderID = p.PartitionIndex%int32(len(w.hosts)) + 1
			}
		}
	case *protocol.FindCoordinatorResponse:
		for i := range r.Coordinators {
			r.Coordinators[i].NodeID = 1
			r.Coordinators[i].Host, r.Coordinators[i].Port = hostPort(w.hosts[0])
		}
	}
}

func hostPort(addr string) (string, int32) {
	host, port, _ := net.SplitHostPort(addr)
	n, _ := strconv.Atoi(port)
	return host, int32(n)
}

// frameOf encodes an answer, length included.
func frameOf(key protocol.APIKey, version int16, correlation int32, resp protocol.Response) ([]byte, error) {
	header := protocol.ResponseHeader{CorrelationID: correlation}
	b, err := header.AppendTo(make([]byte, 4), key.ResponseHeaderVersion(version))
	if err == nil {
		b, err = resp.AppendTo(b, version)
	}
	if err != nil {
		return nil, err
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b, nil
}

// fill puts values into a partition of orders, by a client of its own.
func (w *world) fill(partition int32, values ...string) {
	w.t.Helper()
	client := w.client()
	defer client.Close()
	for _, value := range values { // a batch each
		_, err := client.Produce(context.Background(), []afkak.ProducePayload{{Topic: orders, Partition: partition, Records: []afkak.Record{{Value: []byte(value)}}}})
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

// kept reads what a partition of orders has, by a client of its own.
func (w *world) kept(partition int32) (values []string) {
	w.t.Helper()
	client := w.client()
	defer client.Close()
	results, err := client.Fetch(context.Background(), []afkak.FetchPayload{{Topic: orders, Partition: partition, MaxBytes: 1 << 30}}, afkak.WithFetchMaxWait(0))
	if err != nil {
		w.t.Fatal(err)
	}
	for _, rec := range results[0].Records {
		values = append(values, string(rec.Value))
	}
	return values
}
