package afkak_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"net"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/internal/record"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// stage is a cluster in memory: one embedded broker, behind as many addresses
// as the test wants brokers, with the test between client and broker. It works
// inside a synctest bubble.
type stage struct {
	t       testing.TB
	backend *broker.Broker
	pipes   *pipeListener
	serving sync.WaitGroup

	mu      sync.Mutex
	down    map[int32]bool            // brokers that refuse connections
	conns   map[net.Conn]int32        // the client's ends that are open, by broker
	leader  int32                     // of every partition
	epoch   int32                     // of the leader; -1: as the backend has it
	brokers int32                     // numbered from 1
	limit   map[protocol.APIKey]int16 // newest version that is spoken
	// answer, if it returns a response, is asked before the backend; alter
	// changes the backend's answer.
	answer func(broker int32, req protocol.Request) protocol.Response
	alter  func(broker int32, req protocol.Request, resp protocol.Response)
	seen   map[protocol.APIKey]int
	dials  int
}

func newStage(t testing.TB, brokers int32, topics ...broker.Topic) *stage {
	s := &stage{
		t: t, pipes: &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})},
		down: map[int32]bool{}, conns: map[net.Conn]int32{}, leader: 1, epoch: -1, brokers: brokers,
		limit: map[protocol.APIKey]int16{}, seen: map[protocol.APIKey]int{},
	}
	backend, err := broker.Start(broker.Config{Listener: s.pipes, Advertise: "b1:9092", Topics: topics})
	if err != nil {
		t.Fatal(err)
	}
	s.backend = backend
	return s
}

// close ends the broker and waits for all that the stage has started. The
// clients must be closed.
func (s *stage) close() {
	s.serving.Wait()
	if err := s.backend.Close(); err != nil {
		s.t.Error(err)
	}
}

func (s *stage) client(opts ...afkak.ClientOption) *afkak.Client {
	s.t.Helper()
	opts = append([]afkak.ClientOption{afkak.WithDialer(s.dial), afkak.WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	client, err := afkak.NewClient([]string{"b1:9092"}, opts...)
	if err != nil {
		s.t.Fatal(err)
	}
	return client
}

// set changes the stage while it runs.
func (s *stage) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// kill makes a broker refuse connections and cuts those that it has.
func (s *stage) kill(id int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[id] = true
	for conn, at := range s.conns {
		if at == id {
			_ = conn.Close()
		}
	}
}

func (s *stage) dial(_ context.Context, _, addr string) (net.Conn, error) {
	var id int32
	_, _ = fmt.Sscanf(addr, "b%d:9092", &id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dials++
	if id < 1 || id > s.brokers || s.down[id] {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	s.conns[theirs] = id
	s.serving.Go(func() { s.serve(id, theirs) })
	return ours, nil
}

func (s *stage) serve(id int32, client net.Conn) {
	defer func() {
		s.set(func() { delete(s.conns, client) })
		_ = client.Close()
	}()
	backend, err := s.pipes.dial()
	if err != nil {
		return
	}
	defer func() { _ = backend.Close() }()
	// A client that leaves during a long poll must not be waited for.
	requests := make(chan []byte)
	s.serving.Go(func() {
		defer close(requests)
		defer func() { _ = backend.Close() }()
		for {
			frame, err := readFrame(client)
			if err != nil {
				return
			}
			requests <- frame
		}
	})
	for frame := range requests {
		if err := s.exchange(id, frame, client, backend); err != nil {
			_ = client.Close()
		}
	}
}

// exchange serves one request.
func (s *stage) exchange(id int32, frame []byte, client, backend net.Conn) error {
	key := protocol.APIKey(binary.BigEndian.Uint16(frame))
	version := int16(binary.BigEndian.Uint16(frame[2:]))
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(frame, key.RequestHeaderVersion(version))
	if err != nil {
		return err
	}
	req := protocol.NewRequest(key)
	if err := req.DecodeFrom(frame[n:], version); err != nil {
		return err
	}
	s.mu.Lock()
	s.seen[key]++
	resp := s.scripted(id, req)
	s.mu.Unlock()
	if produce, ok := req.(*protocol.ProduceRequest); ok && produce.Acks == 0 { // that nobody answers
		_, err := backend.Write(sized(frame))
		return err
	}
	if resp == nil {
		if resp, err = forward(frame, req, key, version, backend); err != nil {
			return err
		}
	}
	s.mu.Lock()
	s.shape(req, resp)
	if s.alter != nil {
		s.alter(id, req, resp)
	}
	s.mu.Unlock()
	return writeAnswer(client, key, version, header.CorrelationID, resp)
}

// scripted is the answer that the backend is not asked for, if any. Requires mu.
func (s *stage) scripted(id int32, req protocol.Request) protocol.Response {
	if s.answer != nil {
		if resp := s.answer(id, req); resp != nil {
			return resp
		}
	}
	if fetch, ok := req.(*protocol.FetchRequest); ok && id != s.leader && fetch.SessionEpoch <= 0 {
		return fetchError(fetch, kerr.NotLeaderOrFollower)
	}
	return nil
}

// fetchError refuses all partitions of a request.
func fetchError(req *protocol.FetchRequest, code kerr.Error) *protocol.FetchResponse {
	resp := protocol.NewFetchResponse()
	for _, topic := range req.Topics {
		answer := protocol.FetchResponseResponse{Topic: topic.Topic}
		for _, p := range topic.Partitions {
			var part protocol.FetchResponseResponsePartition
			part.SetDefaults()
			part.PartitionIndex, part.ErrorCode, part.HighWatermark = p.Partition, int16(code), -1
			part.Records = []byte{}
			answer.Partitions = append(answer.Partitions, part)
		}
		resp.Responses = append(resp.Responses, answer)
	}
	return resp
}

// shape makes one backend look like the stage's brokers. Requires mu.
func (s *stage) shape(req protocol.Request, resp protocol.Response) {
	switch r := resp.(type) {
	case *protocol.APIVersionsResponse:
		for i := range r.APIKeys {
			api := &r.APIKeys[i]
			if limit, ok := s.limit[protocol.APIKey(api.APIKey)]; ok {
				api.MinVersion, api.MaxVersion = min(api.MinVersion, limit), limit
			}
		}
	case *protocol.MetadataResponse:
		s.shapeMetadata(r)
	case *protocol.FindCoordinatorResponse:
		for i := range r.Coordinators {
			r.Coordinators[i].NodeID, r.Coordinators[i].Host, r.Coordinators[i].Port = s.anyUp()
		}
	}
}

func (s *stage) anyUp() (id int32, host string, port int32) {
	for id = 1; id < s.brokers && s.down[id]; id++ {
	}
	return id, "b" + strconv.Itoa(int(id)), 9092
}

func (s *stage) shapeMetadata(r *protocol.MetadataResponse) {
	one := r.Brokers[0]
	r.Brokers = nil
	for id := int32(1); id <= s.brokers; id++ {
		one.NodeID, one.Host, one.Port = id, "b"+strconv.Itoa(int(id)), 9092
		r.Brokers = append(r.Brokers, one)
	}
	r.ControllerID, _, _ = s.anyUp()
	for i := range r.Topics {
		for j := range r.Topics[i].Partitions {
			p := &r.Topics[i].Partitions[j]
			p.LeaderID = s.leader
			if s.epoch >= 0 {
				p.LeaderEpoch = s.epoch
			}
			if s.leader < 0 {
				p.ErrorCode = int16(kerr.LeaderNotAvailable)
			}
		}
	}
}

func forward(frame []byte, req protocol.Request, key protocol.APIKey, version int16, backend net.Conn) (protocol.Response, error) {
	if _, err := backend.Write(sized(frame)); err != nil {
		return nil, err
	}
	answer, err := readFrame(backend)
	if err != nil {
		return nil, err
	}
	var header protocol.ResponseHeader
	n, err := header.DecodeFrom(answer, key.ResponseHeaderVersion(version))
	if err != nil {
		return nil, err
	}
	resp := req.NewResponse()
	return resp, resp.DecodeFrom(answer[n:], version)
}

// sized is a frame with its size before it.
func sized(frame []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
}

func writeAnswer(client net.Conn, key protocol.APIKey, version int16, correlation int32, resp protocol.Response) error {
	header := protocol.ResponseHeader{CorrelationID: correlation}
	b, err := header.AppendTo(make([]byte, 4), key.ResponseHeaderVersion(version))
	if err == nil {
		b, err = resp.AppendTo(b, version)
	}
	if err != nil {
		return err
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	_, err = client.Write(b)
	return err
}

func readFrame(r io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(r, b)
	return b, err
}

// produce appends records with the values given, as one batch.
func (s *stage) produce(topic string, partition int32, values ...string) {
	s.t.Helper()
	s.append(topic, partition, batchOf(s.t, values...))
}

func batchOf(t testing.TB, values ...string) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	for _, v := range values {
		b.Append(time.Now().UnixMilli(), nil, []byte(v), nil)
	}
	raw, err := b.Seal(record.Seal{Magic: 2, ProducerID: record.NoProducerID, ProducerEpoch: record.NoProducerEpoch, BaseSequence: record.NoSequence})
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Clone(raw)
}

// append appends a sealed batch, past the client and the script.
func (s *stage) append(topic string, partition int32, batch []byte) {
	s.t.Helper()
	req := protocol.NewProduceRequest()
	req.Acks, req.TimeoutMs = -1, 1000
	req.TopicData = []protocol.ProduceRequestTopicData{{Name: topic, PartitionData: []protocol.ProduceRequestTopicDataPartitionData{{Index: partition, Records: batch}}}}
	resp, err := s.direct(req, 9)
	if err != nil {
		s.t.Fatal(err)
	}
	if code := resp.(*protocol.ProduceResponse).Responses[0].PartitionResponses[0].ErrorCode; code != 0 {
		s.t.Fatal(kerr.Error(code))
	}
}

// direct asks the backend, past the client and the script.
func (s *stage) direct(req protocol.Request, version int16) (protocol.Response, error) {
	conn, err := s.pipes.dial()
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	header := protocol.RequestHeader{RequestAPIKey: int16(req.Key()), RequestAPIVersion: version}
	b, err := header.AppendTo(nil, req.Key().RequestHeaderVersion(version))
	if err == nil {
		b, err = req.AppendTo(b, version)
	}
	if err != nil {
		return nil, err
	}
	return forward(b, req, req.Key(), version, conn)
}

// numbered are n values: "0", "1" and so on from first.
func numbered(first, n int) []string {
	values := make([]string, n)
	for i := range values {
		values[i] = strconv.Itoa(first + i)
	}
	return values
}

// pipeListener is a net.Listener in memory.
type pipeListener struct {
	conns  chan net.Conn
	once   sync.Once
	closed chan struct{}
}

func (l *pipeListener) dial() (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 9092} }

// withCodec is a batch of magic 2 that says it has another codec.
func withCodec(batch []byte, codec byte) []byte {
	const attributes, crc = 21, 17
	batch = bytes.Clone(batch)
	batch[attributes+1] |= codec
	binary.BigEndian.PutUint32(batch[crc:], crc32.Checksum(batch[attributes:], crc32.MakeTable(crc32.Castagnoli)))
	return batch
}

// truncated answers a fetch of a log that holds ten small messages, a big one
// and two small ones, all of magic 0, as brokers before 0.10.1 do: cut off.
func (s *stage) truncated(req *protocol.FetchRequest, big string) protocol.Response {
	resp := fetchError(req, 0)
	asked := &req.Topics[0].Partitions[0]
	part := &resp.Responses[0].Partitions[0]
	part.HighWatermark = 13
	for offset := asked.FetchOffset; offset < 13; offset++ {
		value := "small"
		if offset == 10 {
			value = big
		}
		part.Records = append(part.Records, messageOf(s.t, offset, value)...)
	}
	part.Records = part.Records[:min(len(part.Records), int(asked.PartitionMaxBytes))]
	return resp
}

// messageOf is a message of magic 0.
func messageOf(t testing.TB, offset int64, value string) []byte {
	t.Helper()
	var b record.Builder
	b.Reset(nil)
	b.Append(0, nil, []byte(value), nil)
	raw, err := b.Seal(record.Seal{Magic: 0})
	if err != nil {
		t.Fatal(err)
	}
	binary.BigEndian.PutUint64(raw, uint64(offset))
	return raw
}
