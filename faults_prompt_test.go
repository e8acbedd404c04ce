package afkak_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/protocol"
	"github.com/afkak-go/afkak/sasl"
)

// promptly is how long after the end of its context a call may still take.
const promptly = 100 * time.Millisecond

// plague is what is wrong with all brokers at once.
type plague struct {
	name  string
	begin func(w *world)
	guard func(t *testing.T, w *world) // what brokers want of everybody, from the start; nil: nothing
}

func plagues() []plague {
	silentAbout := func(key protocol.APIKey) func(w *world) {
		return func(w *world) {
			w.set(func() {
				w.onWay = func(x *exchange) fate {
					if x.key == key {
						return hang
					}
					return pass
				}
			})
			w.part()
		}
	}
	return []plague{
		{name: "refuse", begin: func(w *world) { w.refuse() }},
		{name: "accept and stay silent", begin: func(w *world) { w.mute() }},
		{name: "accept and do not read", begin: func(w *world) { w.set(func() { w.deaf = true }) }},
		{name: "are behind a network that drops everything", begin: func(w *world) {
			w.set(func() {
				w.dialed = func(ctx context.Context, _ int32) error {
					<-ctx.Done()
					return &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
				}
			})
			w.part()
		}},
		{name: "hang up on every request", begin: func(w *world) { w.set(func() { w.onWay = func(*exchange) fate { return cut } }) }},
		{name: "hang up on every answer", begin: func(w *world) {
			w.set(func() {
				w.onBack = func(x *exchange) fate {
					x.answer = x.answer[:len(x.answer)/2]
					return cut
				}
			})
		}},
		{name: "answer half and stay silent", begin: func(w *world) {
			w.set(func() {
				w.onBack = func(x *exchange) fate {
					x.answer = x.answer[:len(x.answer)/2]
					return hang
				}
			})
		}},
		{name: "answer after an hour", begin: func(w *world) {
			w.set(func() {
				w.onBack = func(*exchange) fate {
					time.Sleep(time.Hour)
					return pass
				}
			})
		}},
		{name: "hang in the TLS handshake", guard: withTLS, begin: func(w *world) {
			w.set(func() { w.greet = func(int32, net.Conn) bool { return true } })
			w.part()
		}},
		{name: "hang in the SASL handshake", guard: withSASL, begin: silentAbout(protocol.KeySaslHandshake)},
		{name: "hang when they have the password", guard: withSASL, begin: silentAbout(protocol.KeySaslAuthenticate)},
	}
}

func withTLS(t *testing.T, w *world) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	w.secure = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	w.opts = []afkak.ClientOption{afkak.WithTLS(&tls.Config{InsecureSkipVerify: true})} // who it is does not matter here
}

func withSASL(_ *testing.T, w *world) {
	w.opts = []afkak.ClientOption{afkak.WithSASL(sasl.Plain("user", "password"))}
}

// promptCall is a call that has to return with its context.
type promptCall struct {
	name string
	idle bool // it has nothing to do, and no error, where brokers were never met
	call func(ctx context.Context, client *afkak.Client, p *afkak.Producer, c *afkak.Consumer) error
}

func promptCalls() []promptCall {
	value := []afkak.Record{{Value: []byte("v")}}
	type (
		client   = *afkak.Client
		producer = *afkak.Producer
		consumer = *afkak.Consumer
	)
	return []promptCall{
		{"Client.Do", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.Do(ctx, protocol.NewListGroupsRequest())
			return err
		}},
		{"Client.DoOn", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.DoOn(ctx, 2, protocol.NewListGroupsRequest())
			return err
		}},
		{"Client.Metadata", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.Metadata(ctx, orders)
			return err
		}},
		{"Client.Produce", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.Produce(ctx, []afkak.ProducePayload{{Topic: orders, Records: value}, {Topic: orders, Partition: 1, Records: value}})
			return err
		}},
		{"Client.Fetch", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.Fetch(ctx, []afkak.FetchPayload{{Topic: orders}, {Topic: orders, Partition: 1}})
			return err
		}},
		{"Client.ListOffsets", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.ListOffsets(ctx, []afkak.ListOffsetsPayload{{Topic: orders, At: afkak.Earliest}, {Topic: orders, Partition: 1, At: afkak.Latest}})
			return err
		}},
		{"Client.CommitOffsets", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.CommitOffsets(ctx, "billing", []afkak.CommitPayload{{Topic: orders, Offset: 1}})
			return err
		}},
		{"Client.FetchOffsets", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.FetchOffsets(ctx, "billing", []afkak.CommittedPayload{{Topic: orders}})
			return err
		}},
		{"Client.Coordinator", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			_, err := c.Coordinator(ctx, "another")
			return err
		}},
		{"Client.BrokerVersions", false, func(ctx context.Context, c client, _ producer, _ consumer) error {
			found, err := c.BrokerVersions(ctx)
			for _, b := range found {
				err = errors.Join(err, b.Err)
			}
			return err
		}},
		{"Producer.Send", false, func(ctx context.Context, _ client, p producer, _ consumer) error {
			rec := order("v")
			rec.Topic = "never seen"
			_, err, ok := p.Send(ctx, rec).Result()
			if !ok {
				return errors.New("no result yet") // Send took the record
			}
			return err
		}},
		{"Producer.SendAll", false, func(ctx context.Context, _ client, p producer, _ consumer) error {
			_, err, _ := p.SendAll(ctx, "never seen", nil, []byte("v")).Result()
			return err
		}},
		{"Delivery.Wait", false, func(ctx context.Context, _ client, p producer, _ consumer) error {
			_, err := p.Send(ctx, order("v")).Wait(ctx)
			return err
		}},
		{"Producer.Flush", true, func(ctx context.Context, _ client, p producer, _ consumer) error {
			p.Send(ctx, order("v"))
			return p.Flush(ctx)
		}},
		{"Producer.FlushPartition", true, func(ctx context.Context, _ client, p producer, _ consumer) error {
			d := p.Send(ctx, order("v"))
			if _, err, ok := d.Result(); ok {
				return err
			}
			return errors.Join(p.FlushPartition(ctx, orders, 0), p.FlushPartition(ctx, orders, 1), p.FlushPartition(ctx, orders, 2))
		}},
		{"Producer.Send into a full buffer", false, func(ctx context.Context, _ client, p producer, _ consumer) error {
			return fillUp(func() afkak.Delivery { return p.Send(ctx, order(strings.Repeat("v", 1000))) })
		}},
		{"Producer.SendAll into a full buffer", false, func(ctx context.Context, _ client, p producer, _ consumer) error {
			return fillUp(func() afkak.Delivery { return p.SendAll(ctx, orders, nil, make([]byte, 1000), make([]byte, 1000)) })
		}},
		{"Producer.Close", true, func(ctx context.Context, _ client, p producer, _ consumer) error {
			d := p.Send(ctx, order("v"))
			err := p.Close(ctx)
			if _, _, ok := d.Result(); !ok {
				return errors.New("Close left a record without a result")
			}
			return err
		}},
		{"Consumer.Records", false, func(ctx context.Context, _ client, _ producer, c consumer) error {
			_, err := pull(ctx, c, 1000)
			return err
		}},
		{"Consumer.Process", false, func(ctx context.Context, _ client, _ producer, c consumer) error {
			return c.Process(ctx, func(context.Context, []afkak.Record) error { return nil })
		}},
		{"Consumer.CommitOffset", false, func(ctx context.Context, _ client, _ producer, c consumer) error { return c.CommitOffset(ctx, 1) }},
		{"Consumer.Close", true, func(ctx context.Context, _ client, _ producer, c consumer) error {
			go func() { _ = c.CommitOffset(ctx, 1) }() // another commit is under way
			return c.Close(ctx)
		}},
	}
}

// fillUp sends until a record is not accepted and returns why.
func fillUp(send func() afkak.Delivery) error {
	for range bufferBytes / 1000 {
		if _, err, ok := send().Result(); ok && err != nil {
			return err
		}
	}
	return nil
}

// bufferBytes is the size of the buffer of the producers that meet a plague.
const bufferBytes = 64 << 10

func inPlague(t *testing.T, tr plague, met bool, f func(t *testing.T, w *world, client *afkak.Client, p *afkak.Producer, c *afkak.Consumer)) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 3)
		if tr.guard != nil {
			tr.guard(t, w)
		}
		client := w.client()
		defer w.close()
		defer client.Close()
		producer := newProducer(t, client, afkak.WithBufferBytes(bufferBytes), afkak.WithBatchBytes(bufferBytes/4))
		consumer := newConsumer(t, client, afkak.WithGroup("billing"))
		if met {
			warmUp(t, w, client, producer, consumer)
		}
		tr.begin(w)
		f(t, w, client, producer, consumer)
	})
}

// TestEveryCallEndsWithItsContext has every call that waits for brokers meet
// every plague, at the first contact and in the middle of a run. Whatever is
// wrong, each returns with its context, or before with why; and then
// everything can be closed at once.
func TestEveryCallEndsWithItsContext(t *testing.T) {
	for _, tr := range plagues() {
		for _, call := range promptCalls() {
			for _, met := range []bool{false, true} {
				name := tr.name + "/" + call.name
				if met {
					name += "/after it has met them"
				}
				t.Run(name, func(t *testing.T) { endsWithItsContext(t, tr, call, met) })
			}
		}
	}
}

func endsWithItsContext(t *testing.T, tr plague, call promptCall, met bool) {
	inPlague(t, tr, met, func(t *testing.T, w *world, client *afkak.Client, producer *afkak.Producer, consumer *afkak.Consumer) {
		ctx, cancel := context.WithTimeout(t.Context(), 700*time.Millisecond)
		defer cancel()
		began := time.Now()
		err := call.call(ctx, client, producer, consumer)
		wantWithin(t, began, 700*time.Millisecond+promptly, call.name)
		if err == nil && (met || !call.idle) {
			t.Error("no error")
		}

		began = time.Now()
		producer.Abort()
		consumer.Stop()
		closeEmpty(t, consumer)
		if err := client.Close(); err != nil {
			t.Error(err)
		}
		wantWithin(t, began, promptly, "closing everything")
		synctest.Wait()
		w.honest()
	})
}

// TestTrySendAndAbortTakeNoTimeWhateverIsWrong: not even that of a context.
func TestTrySendAndAbortTakeNoTimeWhateverIsWrong(t *testing.T) {
	for _, tr := range plagues() {
		for _, met := range []bool{false, true} {
			name := tr.name
			if met {
				name += "/after it has met them"
			}
			t.Run(name, func(t *testing.T) {
				inPlague(t, tr, met, func(t *testing.T, w *world, _ *afkak.Client, p *afkak.Producer, c *afkak.Consumer) {
					atOnce := func(what string, f func()) {
						t.Helper()
						began := time.Now()
						f()
						if took := time.Since(began); took > 0 {
							t.Errorf("%s: took %v", what, took)
						}
					}
					last := errors.New("nothing was tried")
					fill := func() {
						last = fillUp(func() afkak.Delivery { return p.TrySend(order(strings.Repeat("v", 1000))) })
					}
					for range 3 {
						atOnce("TrySend", fill)
						if !errors.Is(last, afkak.ErrWouldBlock) {
							t.Errorf("got %v, want that it would block", last)
						}
						time.Sleep(time.Second)
					}
					d := p.TrySend(order("v"))
					atOnce("Abort", p.Abort)
					if _, err, ok := d.Result(); !ok || err == nil {
						t.Errorf("after Abort: got %v (known: %v)", err, ok)
					}
					atOnce("TrySend after Abort", fill)
					if !errors.Is(last, afkak.ErrClosed) {
						t.Errorf("after Abort: got %v", last)
					}
					c.Stop()
					w.honest()
				})
			})
		}
	}
}

func TestTrySendLooksUpATopicOnceAtATime(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world, client *afkak.Client) {
		w.mute()
		p := newProducer(t, client)
		before := runtime.NumGoroutine()
		for range 1000 {
			if d := p.TrySend(order("v")); !isWouldBlock(d) {
				t.Fatal("a topic is known that nobody can have told of")
			}
		}
		synctest.Wait()
		if n := runtime.NumGoroutine() - before; n > 20 {
			t.Errorf("%d goroutines for one topic", n)
		}
		w.honest()
		for isWouldBlock(p.TrySend(order("v"))) { // again and again, until it is known
			time.Sleep(time.Second)
		}
		closeProducer(t, p)
	})
}

// closeEmpty closes a consumer that may not reach its coordinator any more.
func closeEmpty(t *testing.T, c *afkak.Consumer) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	began := time.Now()
	_ = c.Close(ctx) // it may have something to commit, and says so
	wantWithin(t, began, promptly, "Consumer.Close with an ended context")
}

// warmUp has everything used once, with all brokers.
func warmUp(t *testing.T, w *world, client *afkak.Client, producer *afkak.Producer, consumer *afkak.Consumer) {
	t.Helper()
	w.fill(0, "0")
	for partition := range int32(3) {
		if _, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: orders, Partition: partition, Records: []afkak.Record{{Value: []byte("1")}}}}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := producer.Send(t.Context(), order("2")).Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := pull(t.Context(), consumer, 2); err != nil { // one is processed, and not committed
		t.Fatal(err)
	}
	if _, err := client.BrokerVersions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Coordinator(t.Context(), "billing"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
}
