package realkafka

import (
	"slices"
	"strings"
	"testing"
)

func TestCompareVersionsComparesNumbersNotText(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"0.10.0.1", "0.9.0.1", 1},
		{"0.8.2.1", "0.8.2", 1},
		{"0.8", "0.8.0", 0},
		{"4.4.0", "4.4.0", 0},
		{"3.9.2", "4.0.2", -1},
		{"4.4.0-rc1", "4.4.0", -1},
	} {
		if got := CompareVersions(c.a, c.b); got != c.want {
			t.Errorf("CompareVersions(%s, %s) = %d, want %d", c.a, c.b, got, c.want)
		}
		if got := CompareVersions(c.b, c.a); got != -c.want {
			t.Errorf("CompareVersions(%s, %s) = %d, want %d", c.b, c.a, got, -c.want)
		}
	}
}

func TestVersionsAreSortedAndEndWithTheNewest(t *testing.T) {
	v := Versions()
	if !slices.IsSortedFunc(v, CompareVersions) {
		t.Errorf("not sorted: %v", v)
	}
	if v[0] != "0.8.0" || v[len(v)-1] != Newest {
		t.Errorf("from %s to %s, want 0.8.0 to %s", v[0], v[len(v)-1], Newest)
	}
}

func TestAnUnknownReleaseIsAnErrorThatListsTheKnown(t *testing.T) {
	_, err := findRelease("1.2.3")
	if err == nil || !strings.Contains(err.Error(), "1.2.3") || !strings.Contains(err.Error(), Newest) {
		t.Errorf("got %v", err)
	}
}

func TestToolsAreWhereEachReleaseHasThem(t *testing.T) {
	for _, c := range []struct{ version, topic, producer, producerJars, consumer, consumerJars string }{
		{"0.8.0", "kafka.admin.CreateTopicCommand", "kafka.producer.ConsoleProducer", "0.8.0", "kafka.consumer.ConsoleConsumer", "0.8.0"},
		{"0.8.1.1", "kafka.admin.TopicCommand", "kafka.producer.ConsoleProducer", "0.8.1.1", "kafka.consumer.ConsoleConsumer", "0.8.1.1"},
		{"0.8.2.1", "kafka.admin.TopicCommand", "kafka.tools.ConsoleProducer", "0.8.2.1", "kafka.tools.ConsoleConsumer", "0.8.2.1"},
		{"2.8.2", "kafka.admin.TopicCommand", "kafka.tools.ConsoleProducer", "2.8.2", "kafka.tools.ConsoleConsumer", "2.8.2"},
		{"3.9.2", "org.apache.kafka.tools.TopicCommand", "kafka.tools.ConsoleProducer", "3.9.2", "org.apache.kafka.tools.consumer.ConsoleConsumer", "tools-3.9.2"},
		{"4.4.0", "org.apache.kafka.tools.TopicCommand", "org.apache.kafka.tools.ConsoleProducer", "tools-4.3.1", "org.apache.kafka.tools.consumer.ConsoleConsumer", "tools-4.3.1"},
	} {
		r, err := findRelease(c.version)
		if err != nil {
			t.Fatal(err)
		}
		if got := r.topicTool().class; got != c.topic {
			t.Errorf("%s: topic tool %s, want %s", c.version, got, c.topic)
		}
		if got := r.producerTool(); got.class != c.producer || got.jars.name != c.producerJars {
			t.Errorf("%s: producer %s in %s, want %s in %s", c.version, got.class, got.jars.name, c.producer, c.producerJars)
		}
		if got := r.consumerTool(); got.class != c.consumer || got.jars.name != c.consumerJars {
			t.Errorf("%s: consumer %s in %s, want %s in %s", c.version, got.class, got.jars.name, c.consumer, c.consumerJars)
		}
	}
}
