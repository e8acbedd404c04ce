package realkafka

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

const (
	plainListener      = "PLAINTEXT"
	controllerListener = "CONTROLLER"
)

// A node is what one broker's properties are made of.
type node struct {
	release   release
	id        int
	versions  []string // of all brokers of the cluster
	port      int      // of the plain listener
	listeners []boundListener
	dir       string // of the cluster
	dataDir   string

	zookeeper string // address; on KRaft:

	controllerPort int
	voters         string // controller.quorum.voters
}

type boundListener struct {
	Listener
	port int
}

// properties are this package's own settings of the broker, before the user's.
// Settings that a release does not know are left out: early ones warn of each.
func (n node) properties() map[string]string {
	replicas := min(3, len(n.versions))
	p := map[string]string{
		"log.dirs":                    n.dataDir,
		"num.partitions":              "1",
		"auto.create.topics.enable":   "true",
		"default.replication.factor":  strconv.Itoa(replicas),
		"log.flush.interval.messages": "1000000000",
	}
	if n.release.kraft {
		n.addKRaft(p)
	} else {
		n.addZooKeeper(p)
	}
	n.addByRelease(p, replicas)
	n.addMixed(p)
	return p
}

func (n node) addZooKeeper(p map[string]string) {
	p["broker.id"] = strconv.Itoa(n.id)
	p["zookeeper.connect"] = n.zookeeper
	p["zookeeper.connection.timeout.ms"] = "15000"
	p["zookeeper.session.timeout.ms"] = "6000" // the default of early releases; 18000 from 2.5
	if !atLeast(n.release.version, "0.9") {
		p["host.name"] = host
		p["port"] = strconv.Itoa(n.port)
		return
	}
	p["listeners"] = n.clientListeners()
	if atLeast(n.release.version, "0.10.2") { // KIP-103
		p["listener.security.protocol.map"] = n.protocolMap()
	}
}

func (n node) addKRaft(p map[string]string) {
	p["process.roles"] = "broker,controller"
	p["broker.session.timeout.ms"] = "6000" // as ZooKeeper's: a killed broker returns no sooner
	p["node.id"] = strconv.Itoa(n.id)
	p["controller.quorum.voters"] = n.voters
	p["controller.listener.names"] = controllerListener
	p["inter.broker.listener.name"] = plainListener
	p["advertised.listeners"] = n.clientListeners()
	p["listeners"] = fmt.Sprintf("%s,%s://%s", n.clientListeners(), controllerListener, hostPort(n.controllerPort))
	p["listener.security.protocol.map"] = n.protocolMap() + "," + controllerListener + ":PLAINTEXT"
}

func (n node) addByRelease(p map[string]string, replicas int) {
	v := n.release.version
	inSync := "1"
	if replicas > 2 {
		inSync = "2"
	}
	if !atLeast(v, "0.8.2") {
		p["controlled.shutdown.enable"] = "true" // the default from 0.8.2
	}
	if atLeast(v, "0.8.2") {
		p["offsets.topic.replication.factor"] = strconv.Itoa(replicas)
		p["offsets.topic.num.partitions"] = "4"
		p["delete.topic.enable"] = "true"
	}
	if atLeast(v, "0.9") {
		p["log.cleaner.dedupe.buffer.size"] = "4194304" // the default takes a quarter of this heap
	}
	if atLeast(v, "0.11") {
		p["transaction.state.log.replication.factor"] = strconv.Itoa(replicas)
		p["transaction.state.log.min.isr"] = inSync
		p["transaction.state.log.num.partitions"] = "4"
		p["group.initial.rebalance.delay.ms"] = "0"
	}
	if atLeast(v, "3.7") && !atLeast(v, "4.0") { // KIP-848, on by default from 4.0
		p["group.coordinator.rebalance.protocols"] = "classic,consumer"
	}
	if atLeast(v, "4.1") {
		p["share.coordinator.state.topic.replication.factor"] = strconv.Itoa(replicas)
		p["share.coordinator.state.topic.min.isr"] = inSync
		p["share.coordinator.state.topic.num.partitions"] = "4"
	}
}

// addMixed keeps brokers that are newer than others of a ZooKeeper cluster to what all understand.
// (KRaft brokers agree through the features that the cluster was formatted with.)
func (n node) addMixed(p map[string]string) {
	low := oldest(n.versions)
	if n.release.kraft || low == newest(n.versions) {
		return
	}
	if atLeast(n.release.version, "0.9") {
		p["inter.broker.protocol.version"] = protocolVersion(low)
	}
	if atLeast(n.release.version, "0.10") && !atLeast(n.release.version, "3.0") {
		p["log.message.format.version"] = protocolVersion(low)
	}
}

// protocolVersion is a release as inter.broker.protocol.version spells it: three
// numbers up to 0.11.0, two afterwards.
func protocolVersion(version string) string {
	parts := strings.Split(version, ".")
	if parts[0] == "0" {
		return strings.Join(parts[:min(3, len(parts))], ".")
	}
	return strings.Join(parts[:min(2, len(parts))], ".")
}

func (n node) clientListeners() string {
	all := []string{plainListener + "://" + hostPort(n.port)}
	for _, l := range n.listeners {
		all = append(all, l.Name+"://"+hostPort(l.port))
	}
	return strings.Join(all, ",")
}

func (n node) protocolMap() string {
	all := []string{plainListener + ":PLAINTEXT"}
	for _, l := range n.listeners {
		all = append(all, l.Name+":"+l.Protocol)
	}
	return strings.Join(all, ",")
}

// placeholders replaces what Config.Properties names.
func (n node) placeholders() *strings.Replacer {
	pairs := []string{
		"{broker.id}", strconv.Itoa(n.id),
		"{host}", host,
		"{port}", strconv.Itoa(n.port),
		"{dir}", n.dir,
	}
	for _, l := range n.listeners {
		pairs = append(pairs, "{port."+l.Name+"}", strconv.Itoa(l.port))
	}
	return strings.NewReplacer(pairs...)
}

// file is the broker's server.properties: its own settings, overridden by the
// user's in turn, sorted by name.
func (n node) file(users ...map[string]string) string {
	all := n.properties()
	replace := n.placeholders()
	for _, user := range users {
		for name, value := range user {
			all[name] = replace.Replace(value)
		}
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(escapeProperty(name, true) + "=" + escapeProperty(all[name], false) + "\n")
	}
	return b.String()
}

// escapeProperty writes s as java.util.Properties reads it.
func escapeProperty(s string, name bool) string {
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
			continue
		case r == '\r':
			b.WriteString(`\r`)
			continue
		case r == '\\', r == ' ' && (name || i == 0), name && strings.ContainsRune("=:#!", r):
			b.WriteByte('\\')
		case r > 0xffff: // a surrogate pair
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		case r > 0x7e:
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
