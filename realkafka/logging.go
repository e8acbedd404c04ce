package realkafka

import (
	"os"
	"path/filepath"
)

// Log configurations for both generations of log4j: of a process whose output is
// its log, and of a tool whose output is its result.
const (
	log4j1Server = `log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=[%d] %p %m (%c)%n
`
	log4j1Tool = `log4j.rootLogger=WARN, err
log4j.appender.err=org.apache.log4j.ConsoleAppender
log4j.appender.err.target=System.err
log4j.appender.err.layout=org.apache.log4j.PatternLayout
log4j.appender.err.layout.ConversionPattern=[%d] %p %m (%c)%n
`
	log4j2Server = `status=warn
rootLogger.level=info
rootLogger.appenderRef.out.ref=out
appender.out.type=Console
appender.out.name=out
appender.out.layout.type=PatternLayout
appender.out.layout.pattern=[%d] %p %m (%c)%n
`
	log4j2Tool = `status=warn
rootLogger.level=warn
rootLogger.appenderRef.err.ref=err
appender.err.type=Console
appender.err.name=err
appender.err.target=SYSTEM_ERR
appender.err.layout.type=PatternLayout
appender.err.layout.pattern=[%d] %p %m (%c)%n
`
)

// logConfigs are the files that logFlags points a JVM to.
var logConfigs = map[string]string{
	"server.log4j1.properties": log4j1Server,
	"server.log4j2.properties": log4j2Server,
	"tool.log4j1.properties":   log4j1Tool,
	"tool.log4j2.properties":   log4j2Tool,
}

func writeLogConfigs(dir string) error {
	for name, text := range logConfigs {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// logFlags are for a "server" or a "tool", of any release.
func logFlags(dir, kind string) []string {
	return []string{
		"-Dlog4j.configuration=file:" + filepath.ToSlash(filepath.Join(dir, kind+".log4j1.properties")),
		"-Dlog4j2.configurationFile=file:" + filepath.ToSlash(filepath.Join(dir, kind+".log4j2.properties")),
	}
}
