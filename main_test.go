package afkak_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Whatever a test starts has ended when all are done.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
