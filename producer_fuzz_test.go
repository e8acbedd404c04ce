package afkak_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// lies are what becomes of the answers of one broker: an honest answer is
// spoilt as the next bytes say, and once there are none, no more.
type lies struct {
	mu     sync.Mutex
	script []byte
}

func (l *lies) next() (b byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.script) > 0 {
		b, l.script = l.script[0], l.script[1:]
	}
	return b
}

// upTo returns a number below n, 0 if there is none.
func (l *lies) upTo(n int) int {
	if n <= 0 {
		return 0
	}
	return int(l.next()) % n
}

// number returns one that answers have, or should not have.
func (l *lies) number() int64 {
	odd := []int64{-1, 0, 1, 2, 3, 7, math.MaxInt16, math.MinInt16, math.MaxInt32, math.MinInt32, math.MaxInt64, math.MinInt64}
	if b := int(l.next()); b >= len(odd) {
		return int64(b)
	} else {
		return odd[b]
	}
}

// text returns some text, or none.
func (l *lies) text() *string {
	if b := l.next(); b > 0 {
		text := string([]byte{b, 0xff, '%', 's'})
		return &text
	}
	return nil
}

// alter spoils an answer that can still be encoded.
func (l *lies) alter(r *protocol.ProduceResponse) {
	const kinds = 13
	for range l.next() % 4 {
		var topic *protocol.ProduceResponseResponse
		var part *protocol.ProduceResponseResponsePartitionResponse
		if len(r.Responses) > 0 {
			topic = &r.Responses[l.upTo(len(r.Responses))]
			if len(topic.PartitionResponses) > 0 {
				part = &topic.PartitionResponses[l.upTo(len(topic.PartitionResponses))]
			}
		}
		kind := l.upTo(kinds)
		if part == nil && kind < 10 || topic == nil {
			continue
		}
		switch kind {
		case 0, 1:
			part.ErrorCode = int16(l.next()) - 1
		case 2:
			part.BaseOffset = l.number()
		case 3:
			part.LogAppendTimeMs, part.LogStartOffset = l.number(), l.number()
		case 4:
			part.Index = int32(l.number())
		case 5: // KIP-467
			part.ErrorCode, part.ErrorMessage = int16(kerr.InvalidRecord), l.text()
			for range l.upTo(5) {
				part.RecordErrors = append(part.RecordErrors, protocol.ProduceResponseResponsePartitionResponseRecordError{
					BatchIndex: int32(l.number()), BatchIndexErrorMessage: l.text(),
				})
			}
		case 6: // KIP-951
			part.ErrorCode = int16(kerr.NotLeaderOrFollower)
			part.CurrentLeader = &protocol.ProduceResponseResponsePartitionResponseCurrentLeader{
				LeaderID: int32(l.number()), LeaderEpoch: int32(l.number()),
			}
			r.NodeEndpoints = append(r.NodeEndpoints, protocol.ProduceResponseNodeEndpoint{
				NodeID: part.CurrentLeader.LeaderID, Host: []string{"b2", "nowhere", ""}[l.upTo(3)], Port: int32(l.number()),
			})
		case 7:
			topic.PartitionResponses = append(topic.PartitionResponses, *part)
		case 8:
			part.ErrorCode = int16([]kerr.Error{
				kerr.OutOfOrderSequenceNumber, kerr.UnknownProducerID, kerr.DuplicateSequenceNumber, kerr.InvalidProducerEpoch, kerr.MessageTooLarge,
			}[l.upTo(5)])
		case 9:
			topic.PartitionResponses = nil
		case 10:
			topic.Name += "?"
			topic.TopicID[l.upTo(16)] ^= 1
		case 11:
			r.Responses = append(r.Responses, *topic)
		case 12:
			r.Responses = nil
		}
	}
	if l.upTo(8) == 7 {
		r.ThrottleTimeMs = int32(l.number())
	}
}

// spoil spoils the bytes of an answer, or its way.
func (l *lies) spoil(x *exchange) fate {
	switch l.upTo(16) {
	case 1:
		x.answer[l.upTo(len(x.answer))] ^= 1 << l.upTo(8)
	case 2:
		x.answer = x.answer[:l.upTo(len(x.answer))]
		return cut
	case 3:
		x.answer = nil
		return hang
	case 4:
		return cut
	case 5:
		x.answer = append(x.answer, x.answer...)
	case 6:
		time.Sleep(time.Duration(l.next()) * 20 * time.Millisecond)
	}
	return pass
}

// FuzzProducerAnswer has three brokers lie about what became of batches. The
// producer does not panic, hang or run in circles; each record gets one result,
// the same from its Delivery and its callback; and no memory stays in use.
func FuzzProducerAnswer(f *testing.F) {
	f.Add(int16(13), uint8(0), []byte{})
	f.Add(int16(9), uint8(0), []byte{1, 0, 0, 5, 1, 4, 10, 0, 11, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0})
	f.Add(int16(12), uint8(1), []byte{3, 0, 0, 6, 2, 2, 2, 1, 5, 0, 0, 8, 0, 0, 0, 8, 1})
	f.Add(int16(13), uint8(2), []byte{1, 0, 0, 10, 3, 0, 0, 1, 0, 0, 12, 0, 0, 2, 40, 0, 7, 10, 3})
	f.Add(int16(7), uint8(3), []byte{2, 0, 0, 4, 200, 0, 0, 2, 10, 7, 9, 5, 1, 0, 0, 11, 0, 0})
	f.Add(int16(2), uint8(4), []byte{1, 0, 0, 0, 11, 0, 4, 1, 0, 0, 8, 4, 0, 0, 3})
	f.Add(int16(0), uint8(5), []byte{1, 0, 0, 2, 11, 0, 1, 9, 3})
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		script := make([]byte, 30+rng.IntN(200))
		for i := range script {
			script[i] = byte(rng.IntN(256))
		}
		f.Add(int16(rng.IntN(14)), uint8(rng.IntN(6)), script)
	}
	f.Fuzz(func(t *testing.T, version int16, how uint8, script []byte) {
		if len(script) > 300 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, 3)
			w.lieAbout(max(version, 0)%14, script)
			client := w.client()
			defer w.close()
			defer client.Close()
			opts := manual(afkak.WithDeliveryTimeout(5*time.Second), afkak.WithBufferBytes(16<<10), afkak.WithBatchBytes(1<<10), afkak.WithLinger(time.Millisecond))
			if how%2 == 1 {
				opts = append(opts, afkak.WithCompression(afkak.Gzip))
			}
			if how/2%3 == 1 {
				opts = append(opts, afkak.WithIdempotence(false))
			}
			surviveLies(t, w, newProducer(t, client, opts...))
		})
	})
}

// lieAbout has each broker spoil its answers to produce requests as its part of
// the script says, and speak them up to a version.
func (w *world) lieAbout(version int16, script []byte) {
	liars := map[int32]*lies{}
	for id := range int32(3) {
		n := int32(len(script))
		liars[id+1] = &lies{script: script[n*id/3 : n*(id+1)/3]}
	}
	w.alter = func(id int32, _ protocol.Request, resp protocol.Response) {
		switch r := resp.(type) {
		case *protocol.APIVersionsResponse:
			for i := range r.APIKeys {
				if api := &r.APIKeys[i]; api.APIKey == int16(protocol.KeyProduce) {
					api.MaxVersion = version
				}
			}
		case *protocol.ProduceResponse:
			liars[id].alter(r)
		}
	}
	w.spoil(0, protocol.KeyProduce, func(x *exchange) fate { return liars[x.broker].spoil(x) })
}

func surviveLies(t *testing.T, w *world, p *afkak.Producer) {
	type outcome struct {
		times int
		err   error
	}
	var deliveries []afkak.Delivery
	outcomes := make([]outcome, 40)
	for i := range outcomes {
		var d afkak.Delivery
		if rec := orderTo(int32(i%3), strconv.Itoa(i)); i%10 == 9 {
			d = p.SendAll(t.Context(), orders, nil, rec.Value, rec.Value, rec.Value)
		} else {
			d = p.Send(t.Context(), rec)
		}
		d.Then(func(_ afkak.Result, err error) { outcomes[i].times, outcomes[i].err = outcomes[i].times+1, err })
		deliveries = append(deliveries, d)
		if i%8 == 7 {
			time.Sleep(20 * time.Millisecond)
		}
	}
	began := time.Now()
	if err := p.Close(t.Context()); err != nil {
		t.Error(err)
	}
	wantWithin(t, began, 10*time.Second, "Close")
	for i, d := range deliveries {
		_, err, known := d.Result()
		var produceErr *afkak.ProduceError
		switch o := outcomes[i]; {
		case !known || o.times != 1 || !errors.Is(err, o.err):
			t.Errorf("record %d: its Delivery says %v (known: %v), its callback came %d times and said %v", i, err, known, o.times, o.err)
		case err != nil && !errors.As(err, &produceErr):
			t.Errorf("record %d: got %v, want a ProduceError", i, err)
		}
	}
	time.Sleep(3 * time.Second) // the memory of a request belongs to its connection until that gives it up
	stats := p.Stats()
	if stats.BufferedBytes != 0 || stats.BufferedRecords != 0 || stats.InFlight != 0 {
		t.Errorf("afterwards: %+v", stats)
	}
	if got := stats.Sent + stats.Failed; got != 48 {
		t.Errorf("%d records stored and %d failed, of 48", stats.Sent, stats.Failed)
	}
	for id := range int32(3) {
		if n := w.requests(protocol.KeyProduce, id+1); n > 500 {
			t.Errorf("broker %d: %d produce requests", id+1, n)
		}
	}
}
