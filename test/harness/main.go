package harness

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/realkafka"
	"go.uber.org/goleak"
)

// Main runs the tests of a binary, closes their clusters, and fails when one
// cannot be closed or a goroutine is left. When real Kafka is not to be had it
// says so in one line. TestMain calls it; it does not return.
func Main(m *testing.M) {
	versions, err := Versions()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if err := realkafka.Available(versions...); err != nil {
		fmt.Printf("not covered: real Kafka %s cannot be started here: %s\n", strings.Join(versions, ", "), strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	code := m.Run()
	if err := clusters.close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
