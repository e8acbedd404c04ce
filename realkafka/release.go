package realkafka

import (
	"fmt"
	"slices"
	"strings"
)

// A release is what has to be known of one release of Kafka to start it.
type release struct {
	version string
	scala   string     // suffix of the core artifact, kafka_<scala>
	extra   []artifact // dependencies besides the core; they win over the versions that the core asks for
	kraft   bool       // started with a KRaft quorum; otherwise with ZooKeeper
	tools   string     // version of the kafka-tools artifact that has the console tools; "" when the core has them
}

type artifact struct{ group, name, version string }

var (
	jaxb      = artifact{"javax.xml.bind", "jaxb-api", "2.3.1"} // left the JDK in 11
	log4j1    = artifact{"log4j", "log4j", "1.2.17"}
	reload4j  = artifact{"ch.qos.reload4j", "reload4j", "1.2.25"}
	log4j2    = artifact{"org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.5"}
	log4jCore = artifact{"org.apache.logging.log4j", "log4j-core", "2.25.5"}
)

func slf4jLog4j(version string) artifact { return artifact{"org.slf4j", "slf4j-log4j12", version} }

// releases that were seen to start, oldest first.
//
// kafka_2.8.0:0.8.0 is an empty jar, hence 2.9.2 there. Without the logging
// artifacts ZooKeeper of 1.1.1 does not start, and later brokers are mute: then
// nothing says that they are ready. kafka-tools is not published for every
// release; then the nearest one before it has to do.
var releases = []release{
	{version: "0.8.0", scala: "2.9.2"},
	{version: "0.8.1", scala: "2.9.2"},
	{version: "0.8.1.1", scala: "2.9.2"},
	{version: "0.8.2.1", scala: "2.10"},
	{version: "0.9.0.1", scala: "2.11"},
	{version: "0.10.0.1", scala: "2.11", extra: []artifact{jaxb}},
	{version: "0.10.2.2", scala: "2.11", extra: []artifact{jaxb}},
	{version: "0.11.0.3", scala: "2.11", extra: []artifact{jaxb}},
	{version: "1.1.1", scala: "2.11", extra: []artifact{log4j1, slf4jLog4j("1.7.25")}},
	{version: "2.8.2", scala: "2.13", extra: []artifact{log4j1, slf4jLog4j("1.7.30")}},
	{version: "3.9.2", scala: "2.13", extra: []artifact{reload4j, {"org.slf4j", "slf4j-reload4j", "1.7.36"}}, kraft: true, tools: "3.9.2"},
	{version: "4.0.2", scala: "2.13", extra: []artifact{log4j2, log4jCore}, kraft: true, tools: "4.0.2"},
	{version: "4.1.2", scala: "2.13", extra: []artifact{log4j2, log4jCore}, kraft: true, tools: "4.1.2"},
	{version: "4.2.2", scala: "2.13", extra: []artifact{log4j2, log4jCore}, kraft: true, tools: "4.2.1"},
	{version: "4.3.1", scala: "2.13", extra: []artifact{log4j2, log4jCore}, kraft: true, tools: "4.3.1"},
	{version: "4.4.0", scala: "2.13", extra: []artifact{log4j2}, kraft: true, tools: "4.3.1"},
}

func findRelease(version string) (release, error) {
	i := slices.IndexFunc(releases, func(r release) bool { return r.version == version })
	if i < 0 {
		return release{}, fmt.Errorf("no Kafka %q: known are %s", version, strings.Join(Versions(), ", "))
	}
	return releases[i], nil
}

// javaFlags are what the JVM needs on a JDK that is younger than the release.
func (r release) javaFlags() []string {
	if atLeast(r.version, "0.8.2") {
		return nil
	}
	// snappy-java 1.0 defines a class in the boot loader by reflection; without this every snappy request fails
	return []string{"--add-opens", "java.base/java.lang=ALL-UNNAMED"}
}

// core is the artifact set that the broker, ZooKeeper and the older tools run from.
func (r release) core() artifactSet {
	return artifactSet{
		name:      r.version,
		artifacts: append(slices.Clone(r.extra), artifact{"org.apache.kafka", "kafka_" + r.scala, r.version}),
		exclude:   notPublished,
	}
}

// console is the artifact set of the console tools that left the core, of the
// same release or the nearest that is published.
func (r release) console() artifactSet {
	return artifactSet{
		name:      "tools-" + r.tools,
		artifacts: []artifact{{"org.apache.kafka", "kafka-tools", r.tools}},
		exclude:   connectRuntime,
	}
}

// A tool is a main class and the jars that it is in.
type tool struct {
	class string
	jars  artifactSet
}

func (r release) topicTool() tool {
	switch {
	case r.version == "0.8.0":
		return tool{"kafka.admin.CreateTopicCommand", r.core()}
	case r.tools == "":
		return tool{"kafka.admin.TopicCommand", r.core()}
	}
	return tool{"org.apache.kafka.tools.TopicCommand", r.console()}
}

// withCodecOption is the first release whose console producer is told a codec.
const withCodecOption = "0.8.2.1"

func (r release) producerTool() tool {
	switch {
	case !atLeast(r.version, "0.8.2"):
		return tool{"kafka.producer.ConsoleProducer", r.core()}
	case !atLeast(r.version, "4.0"):
		return tool{"kafka.tools.ConsoleProducer", r.core()}
	}
	return tool{"org.apache.kafka.tools.ConsoleProducer", r.console()}
}

func (r release) consumerTool() tool {
	switch {
	case !atLeast(r.version, "0.8.2"):
		return tool{"kafka.consumer.ConsoleConsumer", r.core()}
	case r.tools == "":
		return tool{"kafka.tools.ConsoleConsumer", r.core()}
	}
	return tool{"org.apache.kafka.tools.consumer.ConsoleConsumer", r.console()}
}
