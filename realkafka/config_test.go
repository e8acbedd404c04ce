package realkafka

import (
	"slices"
	"strings"
	"testing"
)

func TestAnEmptyConfigIsOneBrokerOfTheNewestRelease(t *testing.T) {
	got, err := Config{}.withDefaults()
	if err != nil || got.Brokers != 1 || !slices.Equal(got.Versions, []string{Newest}) {
		t.Errorf("got %d brokers of %v, %v", got.Brokers, got.Versions, err)
	}
}

func TestVersionsSayHowManyBrokersThereAre(t *testing.T) {
	got, err := Config{Versions: []string{"0.8.2.1", "0.9.0.1"}}.withDefaults()
	if err != nil || got.Brokers != 2 {
		t.Errorf("got %d brokers, %v", got.Brokers, err)
	}
}

func TestAllThatIsWrongWithAConfigIsReportedAtOnce(t *testing.T) {
	_, err := Config{
		Version:          "4.4.0",
		Versions:         []string{"0.8.1.1", "4.4.0", "7.7"},
		Brokers:          2,
		BrokerProperties: make([]map[string]string, 3),
		Listeners:        []Listener{{Name: "OUTSIDE"}, {Name: "PLAINTEXT", Protocol: "SSL"}},
	}.withDefaults()
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"Version and Config.Versions are both set", "3 versions for 2 brokers", "3 entries for 2 brokers", `no Kafka "7.7"`,
		"cannot form one cluster", `"OUTSIDE" is no security protocol`, `"PLAINTEXT" is empty or taken`, "0.8.1.1 has one port only",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in: %v", want, err)
		}
	}
}

func TestListenerNamesOfTheirOwnNeedKafka0102(t *testing.T) {
	named := []Listener{{Name: "OUTSIDE", Protocol: "SSL"}}
	if _, err := (Config{Version: "0.9.0.1", Listeners: named}).withDefaults(); err == nil {
		t.Error("0.9.0.1: no error")
	}
	if _, err := (Config{Version: "0.10.2.2", Listeners: named}).withDefaults(); err != nil {
		t.Errorf("0.10.2.2: %v", err)
	}
	got, err := Config{Version: "0.9.0.1", Listeners: []Listener{{Name: "SSL"}}}.withDefaults()
	if err != nil || got.Listeners[0].Protocol != "SSL" {
		t.Errorf("0.9.0.1 with SSL: %v, %v", got.Listeners, err)
	}
}
