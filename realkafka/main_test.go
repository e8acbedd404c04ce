package realkafka

import (
	"os"
	"testing"

	"go.uber.org/goleak"
)

// TestMain also is the program that tests of a program's sudden death kill: see helpers in helper_test.go.
func TestMain(m *testing.M) {
	if role := os.Getenv(helperEnv); role != "" {
		runHelper(role)
		return
	}
	goleak.VerifyTestMain(m)
}
