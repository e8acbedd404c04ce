package reliability

import (
	"testing"

	"github.com/afkak-go/afkak/test/harness"
)

func TestMain(m *testing.M) { harness.Main(m) }
