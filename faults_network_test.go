package afkak_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
)

// listen is a listener on a free loopback port that ends with the test, and
// gives each connection to serve, which has it to itself.
func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				serve(conn)
			}()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
	})
	return l.Addr().String()
}

// refused is an address where nobody listens.
func refused(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	return l.Addr().String()
}

// TestAWrongAddressIsNamedOverRealSockets has what people really point
// clients at by mistake.
func TestAWrongAddressIsNamedOverRealSockets(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	secureWeb := httptest.NewUnstartedServer(http.NotFoundHandler())
	secureWeb.Config.ErrorLog = log.New(io.Discard, "", 0)
	secureWeb.StartTLS()
	t.Cleanup(web.Close)
	t.Cleanup(secureWeb.Close)
	discard := func(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
	for _, tc := range []struct {
		name, addr string
		opts       []afkak.ClientOption
		says       string
	}{
		{"nobody", refused(t), nil, "is a broker running and listening there?"},
		{"an HTTP server", web.Listener.Addr().String(), nil, "HTTP server"},
		{"a TLS port", secureWeb.Listener.Addr().String(), nil, "TLS"},
		{"a plaintext port for a TLS client", listen(t, discard), []afkak.ClientOption{afkak.WithTLS(&tls.Config{})}, "TLS handshake"},
		{"an SSH server", listen(t, func(c net.Conn) { _, _ = io.WriteString(c, "SSH-2.0-OpenSSH_9.6\r\n"); discard(c) }), nil, "SSH-2.0"},
		{"somebody who hangs up", listen(t, func(net.Conn) {}), nil, "it answers nothing"},
		{"somebody who resets", listen(t, func(c net.Conn) { _ = c.(*net.TCPConn).SetLinger(0) }), nil, "reset the connection"}, // perhaps so soon that connecting fails
		{"somebody who is silent", listen(t, discard), nil, "no answer within"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			client := newClient(t, tc.addr, append(tc.opts, afkak.WithDialTimeout(600*time.Millisecond), afkak.WithRetryTimeout(100*time.Millisecond))...)
			began := time.Now()
			_, err := client.Metadata(t.Context())
			wantWithin(t, began, 20*time.Second, "Metadata")
			var unreachable *afkak.UnreachableError
			var brokerErr *afkak.BrokerError
			if !errors.As(err, &unreachable) || !errors.As(err, &brokerErr) || brokerErr.Addr != tc.addr || !strings.Contains(err.Error(), tc.addr) || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v, want an UnreachableError that names %s and says %q", err, tc.addr, tc.says)
			}
		})
	}
}

func TestADeadBootstrapHostCostsNoTime(t *testing.T) {
	b := ordersBroker(t)
	for range 5 { // they are tried in random order
		client, err := afkak.NewClient([]string{refused(t), refused(t) + "," + b.Addr()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		if _, err := client.Metadata(ctx); err != nil {
			t.Error(err)
		}
		cancel()
		_ = client.Close()
	}
}

// TestABrokerThatComesBackOnItsPortIsFoundAgain has a broker go away in the
// middle of producing and consuming, and another take its place.
func TestABrokerThatComesBackOnItsPortIsFoundAgain(t *testing.T) {
	cfg := broker.Config{ClusterID: "one", Topics: []broker.Topic{{Name: orders, Partitions: 1}}}
	first, err := broker.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Listen = first.Addr()
	client := newClient(t, first.Addr(), afkak.WithReconnectBackoff(10*time.Millisecond, 50*time.Millisecond), afkak.WithRetryBackoff(10*time.Millisecond, 50*time.Millisecond))
	producer := newProducer(t, client)
	// The new broker's log is empty, and never as long as the old one's was.
	c := newConsumer(t, client, afkak.IfOutOfRange(afkak.Earliest), afkak.WithConsumerBackoff(10*time.Millisecond, 50*time.Millisecond))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range 10 {
		if _, err := producer.Send(ctx, order(fmt.Sprint(i))).Wait(ctx); err != nil {
			t.Fatal(err)
		}
	}
	got, err := pull(ctx, c, 10)
	if err != nil {
		t.Fatal(err)
	}
	wantValues(t, got, numbered(0, 10))
	rest := make(chan outcome, 1)
	go func() {
		var out outcome
		for rec, err := range c.Records(ctx) {
			if err != nil {
				out.err = err
				break
			}
			if out.values = append(out.values, string(rec.Value)); string(rec.Value) == "14" {
				break
			}
		}
		rest <- out
	}()
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	var waiting []afkak.Delivery
	for i := range 5 { // while there is nobody
		waiting = append(waiting, producer.Send(ctx, order(fmt.Sprint(10+i))))
	}
	startBroker(t, cfg)
	for i, d := range waiting {
		if _, err := d.Wait(ctx); err != nil {
			t.Errorf("record %d: %v", 10+i, err)
		}
	}
	out := <-rest
	if out.err != nil || len(out.values) == 0 || out.values[len(out.values)-1] != "14" {
		t.Errorf("afterwards: got %v, %v", out.values, out.err)
	}
	closeProducer(t, producer)
	c.Stop()
}

func TestEverythingMayBeClosedTwiceAndNotUsedAfterwards(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	producer := newProducer(t, client)
	consumer := newConsumer(t, client, afkak.WithGroup("billing"))
	if _, err := producer.Send(t.Context(), order("v")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := producer.Close(t.Context()); err != nil {
			t.Errorf("Producer.Close: %v", err)
		}
		producer.Abort()
		if err := consumer.Close(t.Context()); err != nil {
			t.Errorf("Consumer.Close: %v", err)
		}
		consumer.Stop()
	}
	use := func(when string) {
		for name, err := range map[string]error{
			"Send":    wait(t, producer.Send(t.Context(), order("v"))),
			"TrySend": wait(t, producer.TrySend(order("v"))),
			"SendAll": wait(t, producer.SendAll(t.Context(), orders, nil, []byte("v"))),
			"Process": consumer.Process(t.Context(), func(context.Context, []afkak.Record) error { return nil }),
			"Records": func() error { _, err := pull(t.Context(), consumer, 1); return err }(),
		} {
			if !errors.Is(err, afkak.ErrClosed) {
				t.Errorf("%s after Close of %s: got %v, want ErrClosed", name, when, err)
			}
		}
	}
	use("producer and consumer")
	for range 2 {
		if err := client.Close(); err != nil {
			t.Errorf("Client.Close: %v", err)
		}
	}
	use("the client")
	late, fresh := newProducer(t, client), newConsumer(t, client, afkak.WithGroup("billing"))
	_, fetchErr := client.Fetch(t.Context(), []afkak.FetchPayload{{Topic: orders}})
	_, commitErr := client.CommitOffsets(t.Context(), "billing", []afkak.CommitPayload{{Topic: orders}})
	_, coordinatorErr := client.Coordinator(t.Context(), "billing")
	_, metadataErr := client.Metadata(t.Context())
	_, versionsErr := client.BrokerVersions(t.Context())
	_, recordsErr := pull(t.Context(), fresh, 1)
	for name, err := range map[string]error{
		"Send of a new producer": wait(t, late.Send(t.Context(), order("v"))), "Records of a new consumer": recordsErr,
		"CommitOffset": fresh.CommitOffset(t.Context(), 1),
		"Fetch":        fetchErr, "CommitOffsets": commitErr, "Coordinator": coordinatorErr, "Metadata": metadataErr, "BrokerVersions": versionsErr,
	} {
		if !errors.Is(err, afkak.ErrClosed) {
			t.Errorf("%s on a closed client: got %v, want ErrClosed", name, err)
		}
	}
	closeProducer(t, late)
	if err := fresh.Close(t.Context()); err != nil {
		t.Errorf("Close of a new consumer on a closed client: %v", err)
	}
}

func TestClosingWhatHasNothingToDoSucceedsThoughTheContextHasEnded(t *testing.T) {
	client := newClient(t, refused(t))
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for range 50 {
		producer, consumer := newProducer(t, client), newConsumer(t, client, afkak.WithGroup("billing"))
		for range 2 {
			if err := errors.Join(producer.Flush(ended), producer.Close(ended), consumer.Close(ended)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func wait(t *testing.T, d afkak.Delivery) error {
	_, err := d.Wait(t.Context())
	return err
}
