package cluster_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/afkak-go/afkak/internal/cluster"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a scripted cluster in memory: broker n listens on "bn:9092" and as
// a seed also on "seed:9092" if that is given to it. All answers about the
// cluster come from its fields, everything else from on.
type world struct {
	t testing.TB

	mu          sync.Mutex
	up          map[string]int32   // address → broker that answers there
	advertised  map[int32]string   // broker → the address that it names
	leaders     map[string][]int32 // topic → leader of each partition
	coordinator map[string]int32   // key → broker
	controller  int32
	speaks      map[protocol.APIKey]protocol.VersionRange // instead of everything
	on          map[protocol.APIKey]handler
	seen        []string // "2 Metadata orders", in the order in which they came
	dials       []string
	open        int // connections
	serving     sync.WaitGroup
}

// handler answers a request at a broker; nil ends the connection, silence
// leaves it, and what follows on its connection, unanswered.
type handler func(broker int32, req protocol.Request) protocol.Response

var silence = protocol.Response(new(protocol.HeartbeatResponse))

// newWorld has brokers 1 to n, all of them seeds.
func newWorld(t testing.TB, n int32) *world {
	w := &world{
		t: t, up: map[string]int32{}, advertised: map[int32]string{}, controller: 1,
		leaders: map[string][]int32{}, coordinator: map[string]int32{}, on: map[protocol.APIKey]handler{},
	}
	for id := int32(1); id <= n; id++ {
		w.up[addr(id)] = id
		w.advertised[id] = addr(id)
	}
	return w
}

func addr(broker int32) string { return fmt.Sprintf("b%d:9092", broker) }

// cluster makes a Cluster of this world that is closed with the test.
func (w *world) cluster(seeds ...string) *cluster.Cluster {
	return w.clusterWith(func(*cluster.Config) {}, seeds...)
}

func (w *world) clusterWith(change func(*cluster.Config), seeds ...string) *cluster.Cluster {
	if len(seeds) == 0 {
		seeds = slices.Sorted(maps.Keys(w.up))
	}
	config := cluster.Config{
		Seeds:            seeds,
		Conn:             cluster.ConnConfig{Dial: w.dial, RequestTimeout: 30 * time.Second, DialTimeout: 10 * time.Second},
		RetryBackoff:     cluster.Backoff{Min: 100 * time.Millisecond, Max: time.Second},
		ReconnectBackoff: cluster.Backoff{Min: 50 * time.Millisecond, Max: time.Second},
		RetryTimeout:     30 * time.Second,
		MetadataMaxAge:   5 * time.Minute,
		Logger:           slog.New(slog.DiscardHandler),
	}
	change(&config)
	return cluster.New(config)
}

// end closes the cluster and waits for the brokers' side too.
func (w *world) end(c *cluster.Cluster) {
	c.Close()
	w.serving.Wait()
}

func (w *world) dial(ctx context.Context, _, addr string) (net.Conn, error) {
	if strings.HasPrefix(addr, "nowhere") { // packets vanish
		<-ctx.Done()
		return nil, ctx.Err()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dials = append(w.dials, addr)
	broker, up := w.up[addr]
	if !up {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	w.open++
	w.serving.Go(func() {
		w.serve(broker, theirs)
		_ = theirs.Close()
		w.change(func() { w.open-- })
	})
	return ours, nil
}

func (w *world) serve(broker int32, conn net.Conn) {
	r := bufio.NewReader(conn)
	for {
		key, version, correlation, body, err := readRequest(r)
		if err != nil {
			return
		}
		req := protocol.NewRequest(key)
		if err := req.DecodeFrom(body, version); err != nil {
			w.t.Errorf("broker %d: %v version %d: %v", broker, key, version, err)
			return
		}
		resp := w.answer(broker, req, version)
		if resp == nil {
			return
		}
		if resp == silence {
			_, _ = io.Copy(io.Discard, conn)
			return
		}
		if _, err := conn.Write(frame(w.t, key, version, correlation, resp)); err != nil {
			return
		}
	}
}

func readRequest(r io.Reader) (key protocol.APIKey, version int16, correlation int32, body []byte, err error) {
	var size [4]byte
	if _, err = io.ReadFull(r, size[:]); err != nil {
		return
	}
	b := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err = io.ReadFull(r, b); err != nil {
		return
	}
	key = protocol.APIKey(binary.BigEndian.Uint16(b))
	version = int16(binary.BigEndian.Uint16(b[2:]))
	var header protocol.RequestHeader
	n, err := header.DecodeFrom(b, key.RequestHeaderVersion(version))
	return key, version, header.CorrelationID, b[n:], err
}

func frame(t testing.TB, key protocol.APIKey, version int16, correlation int32, resp protocol.Response) []byte {
	header := protocol.ResponseHeader{CorrelationID: correlation}
	b, err := header.AppendTo(make([]byte, 4), key.ResponseHeaderVersion(version))
	if err == nil {
		b, err = resp.AppendTo(b, version)
	}
	if err != nil {
		t.Errorf("answer to %v version %d: %v", key, version, err)
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

func (w *world) answer(broker int32, req protocol.Request, version int16) protocol.Response {
	w.mu.Lock()
	defer w.mu.Unlock()
	if req.Key() != protocol.KeyAPIVersions {
		w.seen = append(w.seen, strings.TrimSpace(fmt.Sprintf("%d %v %s", broker, req.Key(), subject(req))))
	}
	if handle := w.on[req.Key()]; handle != nil {
		return handle(broker, req)
	}
	switch q := req.(type) {
	case *protocol.APIVersionsRequest:
		return w.versions()
	case *protocol.MetadataRequest:
		return w.metadata(q, version)
	case *protocol.FindCoordinatorRequest:
		return w.findCoordinator(q, version)
	}
	resp := req.NewResponse()
	resp.SetDefaults()
	return resp
}

// subject is what the tests want to know of a request.
func subject(req protocol.Request) string {
	var names []string
	switch q := req.(type) {
	case *protocol.MetadataRequest:
		for _, t := range q.Topics {
			names = append(names, *t.Name)
		}
	case *protocol.ListOffsetsRequest:
		for _, t := range q.Topics {
			for _, p := range t.Partitions {
				names = append(names, t.Name+"/"+strconv.Itoa(int(p.PartitionIndex)))
			}
		}
	case *protocol.DescribeGroupsRequest:
		names = q.Groups
	case *protocol.FindCoordinatorRequest:
		names = q.CoordinatorKeys
		if q.CoordinatorKey != "" {
			names = []string{q.CoordinatorKey}
		}
	}
	return strings.Join(names, " ")
}

func (w *world) versions() protocol.Response {
	resp := protocol.NewAPIVersionsResponse()
	for _, api := range protocol.APIs() {
		r := protocol.VersionRange{Min: api.MinVersion, Max: api.MaxVersion}
		if w.speaks != nil && api.Key != protocol.KeyAPIVersions {
			var has bool
			if r, has = w.speaks[api.Key]; !has {
				continue
			}
		}
		resp.APIKeys = append(resp.APIKeys, protocol.APIVersionsResponseAPIKey{APIKey: int16(api.Key), MinVersion: r.Min, MaxVersion: r.Max})
	}
	return resp
}

func (w *world) metadata(q *protocol.MetadataRequest, version int16) protocol.Response {
	resp := protocol.NewMetadataResponse()
	resp.ControllerID = w.controller
	for _, id := range slices.Sorted(maps.Keys(w.advertised)) {
		host, port, _ := net.SplitHostPort(w.advertised[id])
		n, _ := strconv.Atoi(port)
		resp.Brokers = append(resp.Brokers, protocol.MetadataResponseBroker{NodeID: id, Host: host, Port: int32(n)})
	}
	names := []string{}
	for _, t := range q.Topics {
		names = append(names, *t.Name)
	}
	if q.Topics == nil && version >= 1 || len(q.Topics) == 0 && version < 1 {
		names = slices.Sorted(maps.Keys(w.leaders))
	}
	for _, name := range names {
		resp.Topics = append(resp.Topics, w.topic(name))
	}
	return resp
}

func (w *world) topic(name string) protocol.MetadataResponseTopic {
	topic := protocol.MetadataResponseTopic{Name: &name, TopicAuthorizedOperations: math.MinInt32}
	leaders, known := w.leaders[name]
	if !known {
		topic.ErrorCode = int16(kerr.UnknownTopicOrPartition)
	}
	for i, leader := range leaders {
		part := protocol.MetadataResponseTopicPartition{PartitionIndex: int32(i), LeaderID: leader, LeaderEpoch: -1}
		if leader < 0 {
			part.ErrorCode = int16(kerr.LeaderNotAvailable)
		}
		topic.Partitions = append(topic.Partitions, part)
	}
	return topic
}

func (w *world) findCoordinator(q *protocol.FindCoordinatorRequest, version int16) protocol.Response {
	resp := protocol.NewFindCoordinatorResponse()
	find := func(key string) (id int32, host string, port int32, code int16) {
		id, known := w.coordinator[key]
		if !known {
			return -1, "", -1, int16(kerr.CoordinatorNotAvailable)
		}
		host, p, _ := net.SplitHostPort(w.advertised[id])
		n, _ := strconv.Atoi(p)
		return id, host, int32(n), 0
	}
	if version < 4 {
		resp.NodeID, resp.Host, resp.Port, resp.ErrorCode = find(q.CoordinatorKey)
		return resp
	}
	for _, key := range q.CoordinatorKeys {
		a := protocol.FindCoordinatorResponseCoordinator{Key: key}
		a.NodeID, a.Host, a.Port, a.ErrorCode = find(key)
		resp.Coordinators = append(resp.Coordinators, a)
	}
	return resp
}

// change does something to the world while it runs.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

// requests lists those seen with this API's name, without it.
func (w *world) requests(api protocol.APIKey) []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	found := []string{}
	for _, line := range w.seen {
		if broker, rest, _ := strings.Cut(line, " "); rest == api.String() || strings.HasPrefix(rest, api.String()+" ") {
			found = append(found, strings.TrimSpace(broker+strings.TrimPrefix(rest, api.String())))
		}
	}
	return found
}

func (w *world) dialled() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.dials)
}

// want fails unless got and want are equal.
func want[T comparable](t testing.TB, what string, got, want []T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
