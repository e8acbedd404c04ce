package realkafka

import "strings"

// An artifactSet is a classpath: artifacts which Maven resolves, with all that
// they depend on, into one folder of the cache.
type artifactSet struct {
	name      string // of the folder
	artifacts []artifact
	exclude   []artifact // by group and name
}

// notPublished are artifacts that log4j 1.2.15 and old ZooKeepers ask for: three that no
// repository holds, and some that only a mail appender or a console would need.
var notPublished = []artifact{
	{group: "com.sun.jdmk", name: "jmxtools"},
	{group: "com.sun.jmx", name: "jmxri"},
	{group: "javax.jms", name: "jms"},
	{group: "javax.mail", name: "mail"},
	{group: "jline", name: "jline"},
	{group: "org.jboss.netty", name: "netty"},
	{group: "junit", name: "junit"},
}

// connectRuntime is half of what kafka-tools depends on, and no console tool needs it.
var connectRuntime = []artifact{{group: "org.apache.kafka", name: "connect-runtime"}}

// pom is the Maven project whose runtime classpath is the set.
func (s artifactSet) pom() string {
	var b strings.Builder
	b.WriteString(`<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>realkafka</groupId>
  <artifactId>` + s.name + `</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
`)
	for _, a := range s.artifacts {
		b.WriteString("    <dependency>\n")
		writeArtifact(&b, "      ", a)
		b.WriteString("      <exclusions>\n")
		for _, e := range s.exclude {
			b.WriteString("        <exclusion>\n")
			writeArtifact(&b, "          ", e)
			b.WriteString("        </exclusion>\n")
		}
		b.WriteString("      </exclusions>\n    </dependency>\n")
	}
	b.WriteString("  </dependencies>\n</project>\n")
	return b.String()
}

func writeArtifact(b *strings.Builder, indent string, a artifact) {
	element := func(name, value string) {
		if value != "" {
			b.WriteString(indent + "<" + name + ">" + value + "</" + name + ">\n")
		}
	}
	element("groupId", a.group)
	element("artifactId", a.name)
	element("version", a.version)
}
