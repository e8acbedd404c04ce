package realkafka

import (
	"maps"
	"strings"
	"testing"
)

func nodeOf(t *testing.T, version string, others ...string) node {
	t.Helper()
	r, err := findRelease(version)
	if err != nil {
		t.Fatal(err)
	}
	n := node{release: r, id: 2, versions: append([]string{version}, others...), port: 1234, dir: "/c", dataDir: "/c/data2"}
	if r.kraft {
		n.controllerPort, n.voters = 1235, "2@127.0.0.1:1235"
	} else {
		n.zookeeper = "127.0.0.1:2181"
	}
	return n
}

func TestEachReleaseGetsTheSettingsThatItKnows(t *testing.T) {
	const none = "(not set)"
	for _, c := range []struct {
		version string
		want    map[string]string
	}{
		{"0.8.0", map[string]string{
			"broker.id": "2", "port": "1234", "host.name": "127.0.0.1", "zookeeper.connect": "127.0.0.1:2181",
			"listeners": none, "offsets.topic.num.partitions": none, "log.cleaner.dedupe.buffer.size": none,
		}},
		{"0.8.2.1", map[string]string{
			"port": "1234", "listeners": none, "offsets.topic.num.partitions": "4", "offsets.topic.replication.factor": "1",
		}},
		{"0.9.0.1", map[string]string{
			"listeners": "PLAINTEXT://127.0.0.1:1234", "port": none, "listener.security.protocol.map": none,
			"log.cleaner.dedupe.buffer.size": "4194304", "inter.broker.protocol.version": none,
		}},
		{"0.10.2.2", map[string]string{
			"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT", "transaction.state.log.num.partitions": none,
		}},
		{"2.8.2", map[string]string{
			"broker.id": "2", "node.id": none, "transaction.state.log.min.isr": "1", "group.initial.rebalance.delay.ms": "0",
		}},
		{"3.9.2", map[string]string{
			"node.id": "2", "broker.id": none, "zookeeper.connect": none, "process.roles": "broker,controller",
			"listeners":            "PLAINTEXT://127.0.0.1:1234,CONTROLLER://127.0.0.1:1235",
			"advertised.listeners": "PLAINTEXT://127.0.0.1:1234", "controller.quorum.voters": "2@127.0.0.1:1235",
			"group.coordinator.rebalance.protocols": "classic,consumer",
		}},
		{"4.4.0", map[string]string{
			"group.coordinator.rebalance.protocols": none, "share.coordinator.state.topic.min.isr": "1",
		}},
	} {
		got := nodeOf(t, c.version).properties()
		for name, want := range c.want {
			value, set := got[name]
			if !set {
				value = none
			}
			if value != want {
				t.Errorf("%s: %s = %s, want %s", c.version, name, value, want)
			}
		}
	}
}

func TestThreeBrokersReplicateWhatTheyKeepForThemselves(t *testing.T) {
	got := nodeOf(t, "4.4.0", "4.4.0", "4.4.0", "4.4.0").properties()
	for _, name := range []string{"default", "offsets.topic", "transaction.state.log", "share.coordinator.state.topic"} {
		if got[name+".replication.factor"] != "3" {
			t.Errorf("%s.replication.factor = %s, want 3", name, got[name+".replication.factor"])
		}
	}
	if got["transaction.state.log.min.isr"] != "2" {
		t.Errorf("transaction.state.log.min.isr = %s, want 2", got["transaction.state.log.min.isr"])
	}
}

func TestMixedBrokersSpeakTheOldestOnesProtocol(t *testing.T) {
	for _, c := range []struct{ version, other, protocol, format string }{
		{"0.9.0.1", "0.8.2.1", "0.8.2", ""},
		{"0.8.2.1", "0.9.0.1", "", ""},
		{"0.10.2.2", "0.9.0.1", "0.9.0", "0.9.0"},
		{"2.8.2", "1.1.1", "1.1", "1.1"},
		{"2.8.2", "2.8.2", "", ""},
		{"4.4.0", "3.9.2", "", ""},
	} {
		got := nodeOf(t, c.version, c.other).properties()
		if got["inter.broker.protocol.version"] != c.protocol || got["log.message.format.version"] != c.format {
			t.Errorf("%s beside %s: protocol %q, format %q; want %q, %q", c.version, c.other,
				got["inter.broker.protocol.version"], got["log.message.format.version"], c.protocol, c.format)
		}
	}
}

func TestListenersAreAdvertisedAndMappedToTheirProtocols(t *testing.T) {
	n := nodeOf(t, "4.4.0")
	n.listeners = []boundListener{{Listener{"OUTSIDE", "SASL_SSL"}, 77}}
	got := n.properties()
	for name, want := range map[string]string{
		"advertised.listeners":           "PLAINTEXT://127.0.0.1:1234,OUTSIDE://127.0.0.1:77",
		"listeners":                      "PLAINTEXT://127.0.0.1:1234,OUTSIDE://127.0.0.1:77,CONTROLLER://127.0.0.1:1235",
		"listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,OUTSIDE:SASL_SSL,CONTROLLER:PLAINTEXT",
	} {
		if got[name] != want {
			t.Errorf("%s = %s, want %s", name, got[name], want)
		}
	}
}

func TestTheUsersPropertiesWinAndTheirPlaceholdersAreReplaced(t *testing.T) {
	n := nodeOf(t, "2.8.2")
	n.listeners = []boundListener{{Listener{"SSL", "SSL"}, 77}}
	all := map[string]string{"num.partitions": "9", "a": "{broker.id} {host} {port} {port.SSL} {dir} {else}", "b": "1"}
	before := maps.Clone(all)
	got := n.file(all, map[string]string{"b": "2"})
	for _, want := range []string{"num.partitions=9\n", "a=2 127.0.0.1 1234 77 /c {else}\n", "b=2\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if !maps.Equal(all, before) {
		t.Errorf("the user's map became %v", all)
	}
}

func TestPropertiesAreEscapedAsJavaReadsThem(t *testing.T) {
	for _, c := range []struct{ in, value, name string }{
		{`plain "quoted"; x=y`, `plain "quoted"; x=y`, `plain\ "quoted";\ x\=y`},
		{`C:\kafka`, `C:\\kafka`, `C\:\\kafka`},
		{" a\nb\r", `\ a\nb\r`, `\ a\nb\r`},
		{"é😀", `\u00e9\ud83d\ude00`, `\u00e9\ud83d\ude00`},
	} {
		if got := escapeProperty(c.in, false); got != c.value {
			t.Errorf("value %q became %s, want %s", c.in, got, c.value)
		}
		if got := escapeProperty(c.in, true); got != c.name {
			t.Errorf("name %q became %s, want %s", c.in, got, c.name)
		}
	}
}
