package afkak_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
)

// gate holds up what goes through a connection, in both directions.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while the gate is open
}

func newGate() *gate {
	g := &gate{open: make(chan struct{})}
	close(g.open)
	return g
}

func (g *gate) pause()  { g.set(make(chan struct{})) }
func (g *gate) resume() { g.mu.Lock(); defer g.mu.Unlock(); close(g.open) }

func (g *gate) set(open chan struct{}) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.open = open
}

func (g *gate) opened() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

type gatedConn struct {
	net.Conn
	gate   *gate
	once   sync.Once
	closed chan struct{}
}

func (c *gatedConn) pass() error {
	select {
	case <-c.closed:
		return net.ErrClosed
	case <-c.gate.opened():
		return nil
	}
}

func (c *gatedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if held := c.pass(); held != nil {
		return 0, held
	}
	return n, err
}

func (c *gatedConn) Write(b []byte) (int, error) {
	if err := c.pass(); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

func (c *gatedConn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// troubles are what can be wrong with all brokers at once.
var troubles = map[string]func(s *stage, g *gate){
	"paused":   func(_ *stage, g *gate) { g.pause() },
	"refused":  func(s *stage, _ *gate) { s.kill(1) },
	"refusing": func(s *stage, _ *gate) { s.set(func() { s.onProduce(always(kerr.NotEnoughReplicas)) }) },
	"no leader": func(s *stage, _ *gate) {
		s.set(func() { s.leader = -1; s.onProduce(always(kerr.NotLeaderOrFollower)) })
	},
}

func always(code kerr.Error) func(int32, string, int32, []byte) kerr.Error {
	return func(int32, string, int32, []byte) kerr.Error { return code }
}

// inTrouble runs f for each trouble, with a producer that has stored one
// record before it began.
func inTrouble(t *testing.T, f func(t *testing.T, p *afkak.Producer, client *afkak.Client), opts ...afkak.ProducerOption) {
	for name, harm := range troubles {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, g := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 4}), newGate()
				client := s.client(afkak.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
					conn, err := s.dial(ctx, network, addr)
					if err != nil {
						return nil, err
					}
					return &gatedConn{Conn: conn, gate: g, closed: make(chan struct{})}, nil
				}))
				defer s.close()
				defer client.Close()
				p := newProducer(t, client, append([]afkak.ProducerOption{afkak.WithPartitioner(afkak.Manual())}, opts...)...)
				wantStored(t, p.Send(t.Context(), orderTo(0, "v")), 0, 0)
				harm(s, g)
				f(t, p, client)
				p.Abort()
			})
		})
	}
}

// within runs f with a context that ends after a second and checks that f
// returns its error, at most 100 ms later.
func within(t *testing.T, what string, f func(ctx context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	began := time.Now()
	err := f(ctx)
	if took := time.Since(began); took > 1100*time.Millisecond {
		t.Errorf("%s: took %v after its context ended", what, took-time.Second)
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%s: got %v, want the context's error", what, err)
	}
}

func TestProducerReturnsWhenTheContextEnds(t *testing.T) {
	inTrouble(t, func(t *testing.T, p *afkak.Producer, _ *afkak.Client) {
		d := p.Send(t.Context(), orderTo(0, "w"))
		within(t, "wait", func(ctx context.Context) error { _, err := d.Wait(ctx); return err })
		within(t, "flush", p.Flush)
		within(t, "flush partition", func(ctx context.Context) error {
			err := p.FlushPartition(ctx, "orders", 0)
			if err == nil || !strings.Contains(err.Error(), "orders/0") {
				t.Errorf("flush partition: got %v, want orders/0 named", err)
			}
			return err
		})
		within(t, "first sight of a topic", func(ctx context.Context) error {
			_, err := p.Send(ctx, afkak.Record{Topic: "unheard of"}).Wait(context.Background())
			if err == nil || strings.Contains(err.Error(), "orders") {
				t.Errorf("got %v", err)
			}
			if !errors.Is(err, context.DeadlineExceeded) {
				return fmt.Errorf("%w (%w)", context.DeadlineExceeded, err) // it may be known to fail before
			}
			return err
		})
		within(t, "close", p.Close)
		if _, err, ok := d.Result(); !ok || err == nil {
			t.Errorf("after close: got %v (known: %v), want a failure", err, ok)
		}
		if _, err := p.Send(t.Context(), order("x")).Wait(t.Context()); !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("send after close: got %v", err)
		}
		if err := p.Close(t.Context()); err != nil {
			t.Errorf("second close: got %v", err)
		}
	})
}

func TestProducerAtTheBufferLimitWithContextsCancelledStillFlushesAndCloses(t *testing.T) {
	inTrouble(t, func(t *testing.T, p *afkak.Producer, _ *afkak.Client) {
		var senders sync.WaitGroup
		ctx, cancel := context.WithCancel(context.Background())
		for i := range 8 {
			senders.Go(func() {
				for range 100 {
					d := p.Send(ctx, orderTo(int32(i%4), strings.Repeat("v", 1000)))
					if _, err, ok := d.Result(); ok && !errors.Is(err, context.Canceled) {
						t.Errorf("send: got %v", err)
					} else if ok {
						return
					}
				}
				t.Error("more than the buffer holds was accepted")
			})
		}
		time.Sleep(time.Second)
		if d := p.TrySend(orderTo(0, strings.Repeat("v", 1000))); !isWouldBlock(d) {
			t.Error("TrySend did not fail at once")
		}
		if used := p.Stats().BufferedBytes; used > 64<<10 {
			t.Errorf("the buffer has %d bytes, the limit is 65536", used)
		}
		cancel()
		senders.Wait()
		within(t, "flush", p.Flush)
		within(t, "close", p.Close)
	}, afkak.WithBufferBytes(64<<10), afkak.WithBatchBytes(16<<10))
}

func isWouldBlock(d afkak.Delivery) bool {
	_, err, ok := d.Result()
	return ok && errors.Is(err, afkak.ErrWouldBlock)
}

func TestProducerAbortIsAtOnceAndSaysWhatMayBeStored(t *testing.T) {
	inTrouble(t, func(t *testing.T, p *afkak.Producer, _ *afkak.Client) {
		d := p.Send(t.Context(), orderTo(0, "w"))
		time.Sleep(time.Second)
		later := p.Send(t.Context(), orderTo(1, "x"))
		began := time.Now()
		p.Abort()
		if took := time.Since(began); took > 0 {
			t.Errorf("took %v", took)
		}
		for _, d := range []afkak.Delivery{d, later} {
			if _, err, ok := d.Result(); !ok || !errors.Is(err, afkak.ErrAborted) {
				t.Errorf("got %v (known: %v)", err, ok)
			}
		}
		if _, err, _ := later.Result(); afkak.MaybeStored(err) {
			t.Errorf("what was never sent may be stored: %v", err)
		}
	})
}

func TestProducerEndsWithItsClient(t *testing.T) {
	inTrouble(t, func(t *testing.T, p *afkak.Producer, client *afkak.Client) {
		d := p.Send(t.Context(), orderTo(0, "w"))
		_ = client.Close()
		if _, err := d.Wait(t.Context()); !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("got %v", err)
		}
		closeProducer(t, p)
	})
}

func TestProducerGoesOnAfterAPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, g := newStage(t, 1, broker.Topic{Name: "orders", Partitions: 4}), newGate()
		client := s.client(afkak.WithDialer(func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := s.dial(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &gatedConn{Conn: conn, gate: g, closed: make(chan struct{})}, nil
		}))
		defer s.close()
		defer client.Close()
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()))
		wantStored(t, p.Send(t.Context(), orderTo(0, "-1")), 0, 0)
		g.pause()
		go func() { // longer than the request timeout
			time.Sleep(70 * time.Second)
			g.resume()
		}()
		var deliveries []afkak.Delivery
		for i := range 10 {
			deliveries = append(deliveries, p.Send(t.Context(), orderTo(0, strconv.Itoa(i))))
			time.Sleep(time.Second)
		}
		for _, d := range deliveries {
			if _, err := d.Wait(t.Context()); err != nil {
				t.Error(err)
			}
		}
		closeProducer(t, p)
		last := -2
		for _, value := range s.stored(0) { // repeated perhaps, but in order
			if n, _ := strconv.Atoi(value); n < last {
				t.Errorf("%d came after %d", n, last)
			} else {
				last = n
			}
		}
	})
}

func TestProducerBuffersAreNotReusedWhileARetryNeedsThem(t *testing.T) {
	onStage(t, 1, func(t *testing.T, s *stage, client *afkak.Client) {
		requests := 0
		s.onProduce(func(int32, string, int32, []byte) kerr.Error {
			if requests++; requests%4 != 0 {
				return kerr.NotEnoughReplicas
			}
			return 0
		})
		p := newProducer(t, client, afkak.WithPartitioner(afkak.Manual()), afkak.WithBatchBytes(4<<10),
			afkak.WithMaxRequestBytes(4<<10), afkak.WithBufferBytes(16<<10), afkak.WithLinger(0))
		for i := range 2000 {
			partition := int32(i % 4)
			p.Send(t.Context(), orderTo(partition, fmt.Sprintf("%d %d %s", partition, i, strings.Repeat(strconv.Itoa(i%10), 100))))
		}
		closeProducer(t, p)
		for partition := range int32(4) {
			values := s.stored(partition)
			if len(values) != 500 {
				t.Errorf("partition %d: got %d records, want 500", partition, len(values))
			}
			for i, value := range values {
				n := 4*i + int(partition)
				if want := fmt.Sprintf("%d %d %s", partition, n, strings.Repeat(strconv.Itoa(n%10), 100)); value != want {
					t.Fatalf("partition %d at %d: got %q, want %q", partition, i, value, want)
				}
			}
		}
	})
}
