package realkafka

import (
	"fmt"
	"strings"
	"testing"
)

// fakeTB remembers how a test ended.
type fakeTB struct{ skipped, failed string }

func (f *fakeTB) Helper() {}

func (f *fakeTB) Skipf(format string, args ...any) { f.skipped = fmt.Sprintf(format, args...) }

func (f *fakeTB) Fatalf(format string, args ...any) { f.failed = fmt.Sprintf(format, args...) }

func withoutJavaAndMaven(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	t.Setenv("JAVA_HOME", "")
	t.Setenv("REAL_KAFKA_HOME", t.TempDir())
}

func TestAvailableNamesAllThatIsMissing(t *testing.T) {
	withoutJavaAndMaven(t)
	err := Available()
	if err == nil || !strings.Contains(err.Error(), "java") || !strings.Contains(err.Error(), "mvn") {
		t.Errorf("got %v", err)
	}
	if err := Available("0.0.1"); err == nil || !strings.Contains(err.Error(), "0.0.1") {
		t.Errorf("an unknown release: %v", err)
	}
}

func TestAJavaHomeWithoutJavaIsNamed(t *testing.T) {
	withoutJavaAndMaven(t)
	t.Setenv("JAVA_HOME", "/nonexistent")
	if err := Available(); err == nil || !strings.Contains(err.Error(), "/nonexistent") {
		t.Errorf("got %v", err)
	}
}

func TestRequireSkipsWithOneLineThatSaysWhatWasNotCovered(t *testing.T) {
	withoutJavaAndMaven(t)
	t.Setenv(RequireEnv, "")
	var tb fakeTB
	Require(&tb, "produce to 2.8.2", "2.8.2")
	if tb.failed != "" || !strings.Contains(tb.skipped, "not covered: produce to 2.8.2") || strings.Contains(tb.skipped, "\n") {
		t.Errorf("skipped %q, failed %q", tb.skipped, tb.failed)
	}
}

func TestRequireFailsWhereKafkaMustBeThere(t *testing.T) {
	withoutJavaAndMaven(t)
	t.Setenv(RequireEnv, "1")
	var tb fakeTB
	Require(&tb, "produce to 2.8.2")
	if tb.skipped != "" || !strings.Contains(tb.failed, "produce to 2.8.2") {
		t.Errorf("skipped %q, failed %q", tb.skipped, tb.failed)
	}
}

func TestStartWithoutJavaSaysSo(t *testing.T) {
	withoutJavaAndMaven(t)
	if _, err := Start(t.Context(), Config{}); err == nil || !strings.Contains(err.Error(), "no java") {
		t.Errorf("got %v", err)
	}
}
