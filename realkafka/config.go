package realkafka

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Config says what to start. The zero value is one broker of the newest release.
type Config struct {
	// Version of Kafka, one of Versions(). Default: Newest.
	Version string

	// Brokers is how many there are. Their ids count from 1. Default: 1, or
	// the length of Versions.
	Brokers int

	// Versions gives each broker a release of its own, in the order of their ids, for a
	// cluster in the middle of an upgrade: all with ZooKeeper or all with KRaft. The
	// brokers speak the oldest one's protocol among themselves, and a KRaft cluster has
	// the oldest one's features. Not to be set beside Version. Default: all brokers have Version.
	Versions []string

	// Properties are the brokers' settings as in server.properties; they win over this package's
	// own. In the values {broker.id}, {host}, {port}, {port.NAME} (of a listener)
	// and {dir} (the cluster's temporary folder) are replaced. Default: none.
	Properties map[string]string

	// BrokerProperties are settings of single brokers, in the order of their ids, and win over
	// Properties. Default: none.
	BrokerProperties []map[string]string

	// Listeners are ports besides the plain one, which is always there. From 0.9. Default: none.
	Listeners []Listener

	// FormatArgs are further arguments of a KRaft cluster's format command, such as
	// "--add-scram", "SCRAM-SHA-256=[name=alice,password=secret]". Default: none.
	FormatArgs []string

	// JavaArgs are further arguments of the brokers' JVMs. The placeholders of
	// Properties work here too. Default: none; the heap is 512 MB at most.
	JavaArgs []string

	// Dir is where the cluster's temporary folder is made. Default: os.TempDir().
	Dir string

	// Log gets a line for each thing that takes time or goes wrong and is tried again. It
	// need not be safe for concurrent use. Default: silence.
	Log io.Writer
}

// A Listener is a further port of every broker.
type Listener struct {
	// Name as the properties listener.name.* spell it. Before 0.10.2 it must be a security protocol.
	Name string

	// Protocol is PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL. Default: Name.
	Protocol string
}

var securityProtocols = []string{"PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"}

// withDefaults returns a copy with all defaults filled in, which shares nothing that a caller may
// change, or what is wrong with cfg, all of it.
func (cfg Config) withDefaults() (Config, error) {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format, args...))
	}
	if cfg.Version != "" && len(cfg.Versions) > 0 {
		wrong("Config.Version and Config.Versions are both set")
	}
	if cfg.Brokers < 0 {
		wrong("Config.Brokers is %d", cfg.Brokers)
	}
	if cfg.Brokers == 0 {
		cfg.Brokers = max(1, len(cfg.Versions))
	}
	if cfg.Version == "" {
		cfg.Version = Newest
	}
	if len(cfg.Versions) == 0 {
		cfg.Versions = slices.Repeat([]string{cfg.Version}, max(0, cfg.Brokers))
	}
	if len(cfg.Versions) != cfg.Brokers {
		wrong("Config.Versions has %d versions for %d brokers", len(cfg.Versions), cfg.Brokers)
	}
	if len(cfg.BrokerProperties) > cfg.Brokers {
		wrong("Config.BrokerProperties has %d entries for %d brokers", len(cfg.BrokerProperties), cfg.Brokers)
	}
	errs = append(errs, checkVersions(cfg.Versions), checkListeners(cfg.Listeners, cfg.Versions))
	cfg.Versions = slices.Clone(cfg.Versions)
	cfg.Properties = maps.Clone(cfg.Properties)
	cfg.Listeners = slices.Clone(cfg.Listeners)
	for i, l := range cfg.Listeners {
		if l.Protocol == "" {
			cfg.Listeners[i].Protocol = l.Name
		}
	}
	return cfg, errors.Join(errs...)
}

func checkVersions(versions []string) error {
	var errs []error
	coordination := map[bool][]string{}
	for _, v := range versions {
		r, err := findRelease(v)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		coordination[r.kraft] = append(coordination[r.kraft], v)
	}
	if len(coordination) > 1 {
		errs = append(errs, fmt.Errorf("release %s needs ZooKeeper and %s has KRaft here: they cannot form one cluster",
			strings.Join(coordination[false], ", "), strings.Join(coordination[true], ", ")))
	}
	return errors.Join(errs...)
}

func checkListeners(listeners []Listener, versions []string) error {
	var errs []error
	wrong := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf(format, args...))
	}
	seen := map[string]bool{plainListener: true, controllerListener: true}
	for _, l := range listeners {
		protocol := l.Protocol
		if protocol == "" {
			protocol = l.Name
		}
		if seen[l.Name] || l.Name == "" {
			wrong("Config.Listeners: the name %q is empty or taken", l.Name)
		}
		seen[l.Name] = true
		if !slices.Contains(securityProtocols, protocol) {
			wrong("Config.Listeners: %q is no security protocol: those are %s", protocol, strings.Join(securityProtocols, ", "))
		}
		if len(versions) == 0 {
			continue
		}
		if v := oldest(versions); !atLeast(v, "0.9") {
			wrong("Config.Listeners: Kafka %s has one port only", v)
		} else if !atLeast(v, "0.10.2") && l.Name != protocol { // KIP-103
			wrong("Config.Listeners: on Kafka %s a listener's name is its protocol, so %q cannot be %q", v, protocol, l.Name)
		}
	}
	return errors.Join(errs...)
}
