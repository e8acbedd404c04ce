package broker_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/broker"
	"github.com/afkak-go/afkak/kerr"
	"github.com/afkak-go/afkak/protocol"
)

func TestWhatIsProducedIsFetched(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders", Partitions: 2}}})
	w := dial(t, b)
	for i, values := range [][]string{{"a", "b"}, {"c"}, {"d", "e", "f"}} {
		answer := w.produce("orders", 0, batch(t, plain, values...))
		if want := []int64{0, 2, 3}[i]; answer.ErrorCode != 0 || answer.BaseOffset != want || answer.LogAppendTimeMs != -1 {
			t.Errorf("batch %d: got %+v, want base offset %d", i, answer, want)
		}
	}
	resp := w.fetch(fetchRequest("orders", 0, 0))
	got := resp.Responses[0].Partitions
	if len(got) != 2 || got[0].HighWatermark != 6 || got[0].LastStableOffset != 6 || got[1].HighWatermark != 0 {
		t.Fatalf("got %+v", got)
	}
	want := map[int64]string{0: "a", 1: "b", 2: "c", 3: "d", 4: "e", 5: "f"}
	if all := records(t, got[0].Records); !maps.Equal(all, want) {
		t.Errorf("got %v, want %v", all, want)
	}
}

func TestStartRefusesAddressesThatOthersCanReach(t *testing.T) {
	for _, listen := range []string{":0", "0.0.0.0:0", "[::]:0", "10.0.0.1:0", "example.com:0"} {
		if b, err := broker.Start(broker.Config{Listen: listen}); err == nil {
			b.Close()
			t.Errorf("%s: started", listen)
		} else if !strings.Contains(err.Error(), "AllowRemote") {
			t.Errorf("%s: %q does not name the setting", listen, err)
		}
	}
}

func TestStartListensEverywhereWhenAllowed(t *testing.T) {
	if b, err := broker.Start(broker.Config{Listen: "0.0.0.0:0", AllowRemote: true}); err == nil {
		b.Close()
		t.Error("started without an address to tell the clients")
	}
	b := start(t, broker.Config{Listen: "0.0.0.0:0", AllowRemote: true, Advertise: "kafka.example.com:9092"})
	resp := dial(t, b).do(&protocol.MetadataRequest{}, 9).(*protocol.MetadataResponse)
	if got := resp.Brokers[0]; got.Host != "kafka.example.com" || got.Port != 9092 {
		t.Errorf("clients are told %s:%d", got.Host, got.Port)
	}
}

func TestStartReportsAllThatIsWrong(t *testing.T) {
	_, err := broker.Start(broker.Config{Listen: "nowhere", NodeID: -1, DefaultPartitions: -1, MaxMessageBytes: -1, MaxRequestBytes: -1, MaxFetchBytes: -1, IdleTimeout: -1, Advertise: "x",
		GroupInitialRebalanceDelay: -1, GroupMinSessionTimeout: -1, GroupMaxSessionTimeout: -1, GroupMaxSize: -1})
	for _, name := range []string{"Listen", "NodeID", "DefaultPartitions", "MaxMessageBytes", "MaxRequestBytes", "MaxFetchBytes", "IdleTimeout", "Advertise",
		"GroupInitialRebalanceDelay", "GroupMinSessionTimeout", "GroupMaxSessionTimeout", "GroupMaxSize"} {
		if err == nil || !strings.Contains(err.Error(), "Config."+name) {
			t.Errorf("%s is not named in: %v", name, err)
		}
	}
}

func TestStartRefusesImpossibleTopics(t *testing.T) {
	for name, topic := range map[string]broker.Topic{
		"name":       {Name: "a b"},
		"partitions": {Name: "a", Partitions: -1},
		"config":     {Name: "a", Configs: map[string]string{"no.such.config": "1"}},
	} {
		if b, err := broker.Start(broker.Config{Topics: []broker.Topic{topic}}); err == nil {
			b.Close()
			t.Errorf("%s: started", name)
		}
	}
}

func TestCloseEndsConnectionsAndLongPolls(t *testing.T) {
	b := start(t, broker.Config{Topics: []broker.Topic{{Name: "orders"}}})
	idle, polling := dial(t, b), dial(t, b)
	idle.do(&protocol.APIVersionsRequest{}, 0)
	req := fetchRequest("orders", 0)
	req.MaxWaitMs = 1 << 30
	polling.send(req, 12)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	idle.wantClosed()
	polling.wantClosed()
	if err := b.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestTopicsAreCreatedByMetadataOnlyWhenBothSidesAllowIt(t *testing.T) {
	for _, test := range []struct{ broker, client, want bool }{{true, true, true}, {true, false, false}, {false, true, false}} {
		b := start(t, broker.Config{AutoCreateTopics: test.broker, DefaultPartitions: 3})
		w := dial(t, b)
		name := "orders"
		req := &protocol.MetadataRequest{AllowAutoTopicCreation: test.client, Topics: []protocol.MetadataRequestTopic{{Name: &name}}}
		first := w.do(req, 12).(*protocol.MetadataResponse).Topics[0]
		if first.ErrorCode != kerr.UnknownTopicOrPartition.Code() {
			t.Errorf("%+v: first answer %+v", test, first)
		}
		second := w.do(req, 12).(*protocol.MetadataResponse).Topics[0]
		if created := second.ErrorCode == 0 && len(second.Partitions) == 3; created != test.want {
			t.Errorf("%+v: second answer %+v", test, second)
		}
	}
}
