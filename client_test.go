package afkak_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

// startBroker starts an embedded broker that ends with the test.
func startBroker(t testing.TB, cfg broker.Config) *broker.Broker {
	t.Helper()
	b, err := broker.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// newClient makes a client that ends with the test.
func newClient(t testing.TB, host string, opts ...afkak.ClientOption) *afkak.Client {
	t.Helper()
	client, err := afkak.NewClient([]string{host}, opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func ordersBroker(t testing.TB) *broker.Broker {
	return startBroker(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 3}}})
}

func TestAllBadHostsAndOptionsAreReportedAtOnce(t *testing.T) {
	_, err := afkak.NewClient([]string{"http://web", "kafka:0"},
		afkak.WithClientID(""), afkak.WithTLS(nil), afkak.WithSASL(nil), afkak.WithDialer(nil), afkak.WithLogger(nil),
		afkak.WithRequestTimeout(0), afkak.WithDialTimeout(-1), afkak.WithRetryBackoff(2, 1), afkak.WithReconnectBackoff(0, 1),
		afkak.WithRetryTimeout(0), afkak.WithMetadataMaxAge(0), afkak.WithMaxResponseBytes(1))
	if err == nil {
		t.Fatal("no error")
	}
	for _, named := range []string{
		"http://web", "kafka:0", "WithClientID", "WithTLS", "WithSASL", "WithDialer", "WithLogger", "WithRequestTimeout", "WithDialTimeout",
		"WithRetryBackoff", "WithReconnectBackoff", "WithRetryTimeout", "WithMetadataMaxAge", "WithMaxResponseBytes",
	} {
		if !strings.Contains(err.Error(), named) {
			t.Errorf("the error does not name %s: %v", named, err)
		}
	}
}

func TestNewClientDialsNothing(t *testing.T) {
	client := newClient(t, "nowhere.invalid", afkak.WithDialer(func(context.Context, string, string) (net.Conn, error) {
		t.Error("it dialled")
		return nil, errors.New("no")
	}))
	for range 2 {
		if err := client.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := client.Metadata(t.Context()); !errors.Is(err, afkak.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestWhatIsProducedCanBeFetched(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	at := time.UnixMilli(1_700_000_000_000)
	records := []afkak.Record{
		{Key: []byte("k"), Value: []byte("v1"), Timestamp: at, Headers: []afkak.Header{{Key: "h", Value: []byte("x")}}},
		{Value: []byte{}, Timestamp: at},
		{Key: []byte("tombstone"), Timestamp: at},
	}
	var payloads []afkak.ProducePayload
	for _, codec := range []afkak.Codec{afkak.None, afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd} {
		payloads = append(payloads, afkak.ProducePayload{Topic: "orders", Partition: 1, Codec: codec, Records: records})
	}
	results, err := client.Produce(t.Context(), payloads)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		if result.Offset != int64(3*i) {
			t.Errorf("payload %d: offset %d, want %d", i, result.Offset, 3*i)
		}
	}
	fetched, err := client.Fetch(t.Context(), []afkak.FetchPayload{{Topic: "orders", Partition: 1, Offset: 4}, {Topic: "orders", Partition: 0}})
	if err != nil {
		t.Fatal(err)
	}
	if fetched[0].HighWatermark != 15 || len(fetched[0].Records) != 11 || len(fetched[1].Records) != 0 {
		t.Fatalf("got %+v", fetched)
	}
	for i, r := range fetched[0].Records {
		sent := records[(i+1)%3]
		if r.Offset != int64(4+i) || !bytes.Equal(r.Key, sent.Key) || !bytes.Equal(r.Value, sent.Value) || (r.Value == nil) != (sent.Value == nil) || len(r.Headers) != len(sent.Headers) || !r.Timestamp.Equal(at) {
			t.Errorf("record %d: %+v, want %+v", i, r, sent)
		}
	}
}

func TestPayloadsThatFailAreNamedAndTheOthersSucceed(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr(), afkak.WithRetryTimeout(300*time.Millisecond))
	value := []afkak.Record{{Value: []byte("v")}}
	results, err := client.Produce(t.Context(), []afkak.ProducePayload{
		{Topic: "orders", Partition: 0, Records: value},
		{Topic: "none", Partition: 0, Records: value},
		{Topic: "orders", Partition: 1},
		{Topic: "orders", Partition: 2, Records: value},
		{Topic: "orders", Partition: 9, Records: value},
	})
	var partial *afkak.PayloadsError
	if !errors.As(err, &partial) || len(partial.Failed) != 3 || partial.Failed[0].Index != 1 || partial.Failed[1].Index != 2 || partial.Failed[2].Index != 4 {
		t.Fatalf("got %v", err)
	}
	for _, i := range []int{0, 3} {
		if results[i].Err != nil || results[i].Offset != 0 {
			t.Errorf("payload %d: %+v", i, results[i])
		}
	}
	var produceErr *afkak.ProduceError
	if !errors.As(results[1].Err, &produceErr) || produceErr.Topic != "none" || !errors.Is(err, kerr.UnknownTopicOrPartition) {
		t.Errorf("got %v", results[1].Err)
	}
	if results[2].Err == nil || afkak.MaybeStored(err) {
		t.Errorf("empty payload %v; maybe stored %v", results[2].Err, afkak.MaybeStored(err))
	}
}

func TestProduceWithoutAcksKnowsNoOffset(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	results, err := client.ProduceAcks(t.Context(), afkak.AcksNone, []afkak.ProducePayload{{Topic: "orders", Records: []afkak.Record{{Value: []byte("v")}}}})
	if err != nil || results[0].Offset != -1 {
		t.Fatalf("got %+v, %v", results, err)
	}
	for { // it is written, and will be stored
		ends, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{Topic: "orders", At: afkak.Latest}})
		if err != nil {
			t.Fatal(err)
		}
		if ends[0].Offset == 1 {
			return
		}
	}
}

func TestOffsetsAreListed(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	at := time.UnixMilli(1_700_000_000_000)
	_, err := client.Produce(t.Context(), []afkak.ProducePayload{{Topic: "orders", Partition: 2, Records: []afkak.Record{
		{Value: []byte("a"), Timestamp: at}, {Value: []byte("b"), Timestamp: at.Add(time.Second)},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	results, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{
		{Topic: "orders", Partition: 2, At: afkak.Earliest},
		{Topic: "orders", Partition: 2, At: afkak.Latest},
		{Topic: "orders", Partition: 2, At: afkak.At(at.Add(time.Millisecond))},
		{Topic: "orders", Partition: 2, At: afkak.At(at.Add(time.Hour))},
		{Topic: "orders", Partition: 0, At: afkak.Latest},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []int64{0, 2, 1, -1, 0} {
		if results[i].Offset != want {
			t.Errorf("payload %d: offset %d, want %d", i, results[i].Offset, want)
		}
	}
	if _, err := client.ListOffsets(t.Context(), []afkak.ListOffsetsPayload{{At: afkak.Committed}}); err == nil {
		t.Error("Committed was listed")
	}
}

func TestCommittedOffsetsComeBack(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	_, err := client.CommitOffsets(t.Context(), "billing", []afkak.CommitPayload{
		{Topic: "orders", Partition: 2, Offset: 7, Metadata: "seven"}, {Topic: "orders", Partition: 0, Offset: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	results, err := client.FetchOffsets(t.Context(), "billing", []afkak.CommittedPayload{{"orders", 0}, {"orders", 1}, {"orders", 2}})
	if err != nil {
		t.Fatal(err)
	}
	if results[0].Offset != 3 || results[1].Offset != -1 || results[2].Offset != 7 || results[2].Metadata != "seven" {
		t.Errorf("got %+v", results)
	}
	all, err := client.FetchOffsets(t.Context(), "billing", nil)
	if err != nil || len(all) != 2 || all[0].Partition != 0 || all[1].Offset != 7 {
		t.Errorf("all: %+v, %v", all, err)
	}
	if b, err := client.Coordinator(t.Context(), "billing"); err != nil || b.ID != 1 {
		t.Errorf("coordinator: %+v, %v", b, err)
	}
}

func TestMetadataListsWhatIsAskedFor(t *testing.T) {
	b := ordersBroker(t)
	client := newClient(t, b.Addr())
	all, err := client.Metadata(t.Context())
	if err != nil || len(all.Topics) != 1 || all.Topics[0].Name != "orders" || len(all.Brokers) != 1 || all.Brokers[0].Addr() != b.Addr() || all.ClusterID == "" {
		t.Fatalf("got %+v, %v", all, err)
	}
	some, err := client.Metadata(t.Context(), "none", "orders")
	if err != nil || len(some.Topics) != 2 || !errors.Is(some.Topics[0].Err, kerr.UnknownTopicOrPartition) || len(some.Topics[1].Partitions) != 3 {
		t.Fatalf("got %+v, %v", some, err)
	}
	client.ResetAll()
	if again, err := client.Metadata(t.Context(), "orders"); err != nil || again.Topics[0].Err != nil {
		t.Errorf("after ResetAll: %+v, %v", again, err)
	}
}

func TestVersionsOfEveryBrokerAreShown(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	versions, err := client.BrokerVersions(t.Context())
	if err != nil || len(versions) != 1 || versions[0].Err != nil || versions[0].Broker.ID != 1 {
		t.Fatalf("got %+v, %v", versions, err)
	}
	if r, ok := versions[0].Versions.Range(protocol.KeyProduce); !ok || r.Max < 9 {
		t.Errorf("produce versions %v", r)
	}
}

func TestABrokerIsReachedByIPv6(t *testing.T) {
	l, err := net.Listen("tcp", "[::1]:0")
	if err != nil {
		t.Skipf("not covered: IPv6, which this machine does not have: %v", err)
	}
	b := startBroker(t, broker.Config{Listener: l, Topics: []broker.Topic{{Name: "orders", Partitions: 3}}})
	if !strings.HasPrefix(b.Addr(), "[::1]:") {
		t.Fatalf("the broker is at %s", b.Addr())
	}
	client := newClient(t, b.Addr())
	_, err = client.Produce(t.Context(), []afkak.ProducePayload{{Topic: "orders", Records: []afkak.Record{{Value: []byte("v")}}}})
	if err != nil {
		t.Error(err)
	}
}

func TestAnyRequestIsRouted(t *testing.T) {
	client := newClient(t, ordersBroker(t).Addr())
	create := protocol.NewCreateTopicsRequest()
	create.TimeoutMs = 1000
	topic := protocol.CreateTopicsRequestTopic{Name: "made", NumPartitions: 2, ReplicationFactor: 1}
	create.Topics = []protocol.CreateTopicsRequestTopic{topic}
	resp, err := client.Do(t.Context(), create)
	if err != nil || resp.(*protocol.CreateTopicsResponse).Topics[0].ErrorCode != 0 {
		t.Fatalf("got %+v, %v", resp, err)
	}
	if m, err := client.Metadata(t.Context(), "made"); err != nil || len(m.Topics[0].Partitions) != 2 {
		t.Errorf("got %+v, %v", m, err)
	}
	if _, err := client.DoOn(t.Context(), 1, protocol.NewMetadataRequest()); err != nil {
		t.Error(err)
	}
}

func TestARefusedHostIsATypedErrorSoon(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	client := newClient(t, addr, afkak.WithRetryTimeout(200*time.Millisecond), afkak.WithRetryBackoff(10*time.Millisecond, 20*time.Millisecond))
	_, err = client.Metadata(t.Context())
	var unreachable *afkak.UnreachableError
	if !errors.As(err, &unreachable) || !errors.Is(err, syscall.ECONNREFUSED) || !strings.Contains(err.Error(), addr) || !afkak.Retriable(err) {
		t.Errorf("got %v", err)
	}
}

func ExampleClient_Produce() {
	b, err := broker.Start(broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 2}}})
	if err != nil {
		panic(err)
	}
	defer func() { _ = b.Close() }()

	client, err := afkak.NewClient([]string{b.Addr()})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()

	ctx := context.Background()
	results, err := client.Produce(ctx, []afkak.ProducePayload{
		{Topic: "orders", Partition: 0, Records: []afkak.Record{{Key: []byte("a"), Value: []byte("one")}}},
		{Topic: "orders", Partition: 1, Codec: afkak.Gzip, Records: []afkak.Record{{Value: []byte("two")}, {Value: []byte("three")}}},
	})
	if err != nil {
		panic(err)
	}
	for _, result := range results {
		fmt.Printf("%s/%d from offset %d\n", result.Topic, result.Partition, result.Offset)
	}
	fetched, err := client.Fetch(ctx, []afkak.FetchPayload{{Topic: "orders", Partition: 1, Offset: 1}})
	if err != nil {
		panic(err)
	}
	fmt.Printf("%s\n", fetched[0].Records[0].Value)
	// Output:
	// orders/0 from offset 0
	// orders/1 from offset 0
	// three
}

func ExampleClient_Do() {
	b, err := broker.Start(broker.Config{})
	if err != nil {
		panic(err)
	}
	defer func() { _ = b.Close() }()

	client, err := afkak.NewClient([]string{b.Addr()})
	if err != nil {
		panic(err)
	}
	defer func() { _ = client.Close() }()

	req := protocol.NewCreateTopicsRequest()
	req.TimeoutMs = 5000
	req.Topics = []protocol.CreateTopicsRequestTopic{{Name: "orders", NumPartitions: 3, ReplicationFactor: 1}}
	resp, err := client.Do(context.Background(), req) // finds the controller
	if err != nil {
		panic(err)
	}
	for _, topic := range resp.(*protocol.CreateTopicsResponse).Topics {
		fmt.Println(topic.Name, kerr.FromCode(topic.ErrorCode))
	}
	// Output: orders <nil>
}

func ExampleNewClient() {
	// Nothing is dialled before the first call.
	client, err := afkak.NewClient([]string{"kafka1:9092,kafka2:9092", "[::1]:9093"}, afkak.WithClientID("billing"))
	if err != nil {
		panic(err)
	}
	fmt.Println(client.Close())
	// Output: <nil>
}

func ExampleRetriable() {
	fmt.Println(afkak.Retriable(kerr.NotLeaderOrFollower), afkak.Retriable(kerr.MessageTooLarge))
	// Output: true false
}
