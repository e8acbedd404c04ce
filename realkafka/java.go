package realkafka

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// java is the JVM's launcher: of JAVA_HOME when it is set, otherwise the one on the PATH.
func java() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		path, err := exec.LookPath(filepath.Join(home, "bin", "java"))
		if err != nil {
			return "", fmt.Errorf("JAVA_HOME is %s and has no bin/java", home)
		}
		return path, nil
	}
	path, err := exec.LookPath("java")
	if err != nil {
		return "", errNoJava
	}
	return path, nil
}

// classpath is every jar of a folder.
func classpath(jars string) string { return filepath.Join(jars, "*") }

// shortLived are flags of a JVM that lives for a second or two.
var shortLived = []string{"-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto"}
