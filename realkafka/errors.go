package realkafka

import (
	"errors"
	"fmt"
	"strings"
)

var (
	errNoJava  = errors.New("no java: install a Java runtime (17), or set JAVA_HOME")
	errNoMaven = errors.New("no mvn: install Maven, which brings the jars")

	errClosed = errors.New("the cluster was closed")

	// errPortTaken: another program has a port that was free a moment ago.
	errPortTaken = errors.New("a port is taken")
)

// prefixed is what exported functions return; inside the package errors have no prefix.
func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("realkafka: %w", err)
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
