package conn_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/afkak-go/afkak/internal/conn"
	"github.com/afkak-go/afkak/protocol"
)

// produce is a call whose payloads are written from where they lie.
func produce(batches ...[]byte) conn.Call {
	topic := protocol.ProduceRequestTopicData{Name: "orders"}
	for i, b := range batches {
		topic.PartitionData = append(topic.PartitionData, protocol.ProduceRequestTopicDataPartitionData{Index: int32(i), Records: b})
	}
	return conn.Call{
		Request:    &protocol.ProduceRequest{Acks: 1, TopicData: []protocol.ProduceRequestTopicData{topic}},
		MaxVersion: 9,
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func TestPayloadsArriveWhereTheyBelongOnEveryKindOfConnection(t *testing.T) {
	payloads := [][]byte{randomBytes(1 << 10), randomBytes(100), randomBytes(1 << 20), randomBytes(20 << 10), randomBytes(5 << 10), randomBytes(64 << 10)}
	call := produce(payloads...)
	want, err := call.Request.AppendTo(nil, 9)
	if err != nil {
		t.Fatal(err)
	}
	check := func(s *session, req request) bool {
		if req.key == protocol.KeyProduce && !bytes.Equal(req.body, want) {
			t.Errorf("the broker read %d bytes that differ from the %d of the request", len(req.body), len(want))
		}
		return echo(s, req)
	}
	for _, kind := range []string{"TCP", "TLS", "in memory"} {
		t.Run(kind, func(t *testing.T) {
			p := newPeer(t, modern(check))
			cfg, addr := &conn.Config{Dial: p.dial}, "b1:9092"
			switch kind {
			case "TCP":
				cfg.Dial, addr = nil, p.listen()
			case "TLS":
				cfg.Dial, addr = nil, p.listenTLS(t)
				cfg.TLS = clientTLS(t)
			}
			c, err := conn.Open(t.Context(), cfg, addr, nil)
			if err != nil {
				t.Fatal(err)
			}
			var calls []<-chan outcome
			for range 3 {
				calls = append(calls, start(c, call), start(c, heartbeat()))
			}
			for _, ended := range calls {
				if o := <-ended; o.err != nil {
					t.Error(o.err)
				}
			}
			c.Close()
			<-c.Done()
			if kind == "in memory" {
				p.alive.Wait()
			}
		})
	}
}
