package broker_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/compress"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a broker until the test ends.
func start(t testing.TB, cfg broker.Config) *broker.Broker {
	t.Helper()
	b, err := broker.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return b
}

// wire is a bare connection: it knows frames and headers and nothing else.
type wire struct {
	t   testing.TB
	nc  net.Conn
	buf []byte

	patience time.Duration // waiting for an answer; 0: 20 seconds
}

func dial(t testing.TB, b *broker.Broker) *wire {
	t.Helper()
	nc, err := net.Dial("tcp", b.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	return &wire{t: t, nc: nc}
}

// do sends a request and returns its response.
func (w *wire) do(req protocol.Request, version int16) protocol.Response {
	w.t.Helper()
	w.send(req, version)
	return w.receive(req, version)
}

func (w *wire) send(req protocol.Request, version int16) {
	w.t.Helper()
	header := protocol.RequestHeader{RequestAPIKey: int16(req.Key()), RequestAPIVersion: version, CorrelationID: 7}
	buf, err := header.AppendTo(append(w.buf[:0], 0, 0, 0, 0), req.Key().RequestHeaderVersion(version))
	if err == nil {
		buf, err = req.AppendTo(buf, version)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.buf = buf
	binary.BigEndian.PutUint32(buf, uint32(len(buf)-4))
	if _, err := w.nc.Write(buf); err != nil {
		w.t.Fatalf("send %s v%d: %v", req.Key(), version, err)
	}
}

func (w *wire) receive(req protocol.Request, version int16) protocol.Response {
	w.t.Helper()
	frame, err := w.frame()
	if err != nil {
		w.t.Fatalf("answer to %s v%d: %v", req.Key(), version, err)
	}
	var header protocol.ResponseHeader
	n, err := header.DecodeFrom(frame, req.Key().ResponseHeaderVersion(version))
	if err != nil || header.CorrelationID != 7 {
		w.t.Fatalf("answer to %s v%d: header %+v, %v", req.Key(), version, header, err)
	}
	resp := req.NewResponse()
	if err := resp.DecodeFrom(frame[n:], version); err != nil {
		w.t.Fatalf("answer to %s v%d: %v", req.Key(), version, err)
	}
	return resp
}

// frame reads one frame into fresh memory.
func (w *wire) frame() ([]byte, error) {
	w.nc.SetReadDeadline(time.Now().Add(cmp.Or(w.patience, 20*time.Second)))
	var prefix [4]byte
	if _, err := io.ReadFull(w.nc, prefix[:]); err != nil {
		return nil, err
	}
	frame := make([]byte, binary.BigEndian.Uint32(prefix[:]))
	_, err := io.ReadFull(w.nc, frame)
	return frame, err
}

// wantClosed waits for the broker to end the connection.
func (w *wire) wantClosed() {
	w.t.Helper()
	if frame, err := w.frame(); err == nil {
		w.t.Errorf("got an answer of %d bytes, want the connection closed", len(frame))
	} else if ne, ok := err.(net.Error); ok && ne.Timeout() {
		w.t.Error("the connection stays open")
	}
}

// batch seals a batch with one record per value; timestamps count from 1000.
func batch(t testing.TB, seal record.Seal, values ...string) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	for i, value := range values {
		b.Append(int64(1000+i), []byte("key"), []byte(value), nil)
	}
	seal.Magic = 2
	sealed, err := b.Seal(seal)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(sealed)
}

// plain is the seal of a producer without an identity.
var plain = record.Seal{ProducerID: -1, ProducerEpoch: -1, BaseSequence: -1, Codec: compress.None}

// produce sends one batch and returns the answer for its partition.
func (w *wire) produce(topic string, partition int32, records []byte) protocol.ProduceResponseResponsePartitionResponse {
	w.t.Helper()
	resp := w.do(&protocol.ProduceRequest{Acks: -1, TimeoutMs: 1000, TopicData: []protocol.ProduceRequestTopicData{{
		Name: topic, PartitionData: []protocol.ProduceRequestTopicDataPartitionData{{Index: partition, Records: records}},
	}}}, 12).(*protocol.ProduceResponse)
	return resp.Responses[0].PartitionResponses[0]
}

// fetchRequest asks for partitions 0, 1, … of a topic from the offsets on.
func fetchRequest(topic string, offsets ...int64) *protocol.FetchRequest {
	req := protocol.NewFetchRequest()
	req.MinBytes = 1
	var parts []protocol.FetchRequestTopicPartition
	for i, offset := range offsets {
		parts = append(parts, protocol.FetchRequestTopicPartition{
			Partition: int32(i), FetchOffset: offset, CurrentLeaderEpoch: -1, LastFetchedEpoch: -1, LogStartOffset: -1, PartitionMaxBytes: 1 << 20,
		})
	}
	if parts != nil {
		req.Topics = []protocol.FetchRequestTopic{{Topic: topic, Partitions: parts}}
	}
	return req
}

func (w *wire) fetch(req *protocol.FetchRequest) *protocol.FetchResponse {
	w.t.Helper()
	return w.do(req, 12).(*protocol.FetchResponse)
}

// records decodes all that a fetch returned: offset and value of each record.
func records(t testing.TB, data []byte) map[int64]string {
	t.Helper()
	all := make(map[int64]string)
	var walker record.Walker
	var rec record.Record
	for len(data) > 0 {
		b, n, err := record.ReadBatch(data)
		if err == nil {
			err = b.CheckCRC()
		}
		if err == nil {
			err = walker.Start(&b, 1<<20)
		}
		if err != nil {
			t.Fatal(err)
		}
		for walker.Next(&rec) {
			all[rec.Offset] = string(rec.Value)
		}
		if walker.Err() != nil {
			t.Fatal(walker.Err())
		}
		data = data[n:]
	}
	return all
}
