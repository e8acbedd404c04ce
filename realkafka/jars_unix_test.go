//go:build unix

package realkafka

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeMaven puts an mvn on the PATH that writes one line to calls and runs script, in
// which $out is the folder that jars go to. The cache is a new folder, which is returned.
func fakeMaven(t *testing.T, script string) (cache string, calls func() int) {
	t.Helper()
	cache, bin := t.TempDir(), t.TempDir()
	log := filepath.Join(bin, "calls")
	text := `#!/bin/sh
for arg; do case $arg in -DoutputDirectory=*) out=${arg#*=} ;; esac; done
echo call >> '` + log + `'
` + script + "\n"
	if err := os.WriteFile(filepath.Join(bin, "mvn"), []byte(text), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	t.Setenv("REAL_KAFKA_HOME", cache)
	return cache, func() int {
		b, _ := os.ReadFile(log)
		return strings.Count(string(b), "call")
	}
}

var testSet = artifactSet{name: "1.2.3", artifacts: []artifact{{"group", "name", "1.2.3"}}}

const writesTwoJars = `echo one > "$out/a.jar"; echo two > "$out/b.jar"`

func TestJarsAreFetchedOnceHoweverManyWantThem(t *testing.T) {
	_, calls := fakeMaven(t, writesTwoJars)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			dir, err := testSet.fetch(t.Context(), nil)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := os.Stat(filepath.Join(dir, "b.jar")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if calls() != 1 {
		t.Errorf("mvn was called %d times, want once", calls())
	}
	if !testSet.cached() {
		t.Error("the set is not in the cache after a fetch")
	}
}

func TestAHalfWrittenCacheIsMadeAnew(t *testing.T) {
	cache, calls := fakeMaven(t, writesTwoJars)
	libs := filepath.Join(cache, "libs")
	for _, dir := range []string{"1.2.3", ".1.2.3.part/jars"} { // of another tool, and of a fetch that was killed
		if err := os.MkdirAll(filepath.Join(libs, dir), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(libs, dir, "a.jar"), []byte("on"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if testSet.cached() {
		t.Error("half a folder counts as cached")
	}
	dir, err := testSet.fetch(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a.jar")); err != nil || string(b) != "one\n" {
		t.Errorf("a.jar is %q, %v; want the whole of it", b, err)
	}
	if calls() != 1 || !absent(filepath.Join(libs, ".1.2.3.part")) {
		t.Errorf("mvn was called %d times; its folder is gone: %v", calls(), absent(filepath.Join(libs, ".1.2.3.part")))
	}
}

func TestAWholeFolderOfAnotherToolIsKept(t *testing.T) {
	cache, _ := fakeMaven(t, writesTwoJars)
	dir := filepath.Join(cache, "libs", "1.2.3")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"a.jar": "one\n", "b.jar": "two\n", "of-theirs": ""} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := testSet.fetch(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if absent(filepath.Join(dir, "of-theirs")) || !testSet.cached() {
		t.Error("the folder was replaced, or does not count as cached")
	}
}

func TestAnotherListOfArtifactsIsFetchedAgain(t *testing.T) {
	_, calls := fakeMaven(t, writesTwoJars)
	if _, err := testSet.fetch(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	changed := testSet
	changed.artifacts = append([]artifact{log4j1}, testSet.artifacts...)
	if changed.cached() {
		t.Error("a changed list counts as cached")
	}
	if _, err := changed.fetch(t.Context(), nil); err != nil || calls() != 2 {
		t.Errorf("mvn was called %d times, %v; want 2", calls(), err)
	}
}

func TestAFailedFetchSaysWhatMavenSaidAndLeavesNothing(t *testing.T) {
	for _, c := range []struct{ name, script, want string }{
		{"mvn fails", "echo no such artifact; exit 3", "no such artifact"},
		{"mvn copies nothing", "exit 0", "no jars"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fakeMaven(t, c.script)
			_, err := testSet.fetch(t.Context(), nil)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "1.2.3") {
				t.Errorf("got %v, want the version and %q", err, c.want)
			}
			if testSet.cached() {
				t.Error("a failed fetch counts as cached")
			}
		})
	}
}

func TestAFetchEndsWithItsContext(t *testing.T) {
	needSleep(t)
	_, calls := fakeMaven(t, "exec sleep 1000")
	ctx, cancel := context.WithCancel(t.Context())
	results := make(chan error)
	for range 2 { // one runs mvn, the other waits for it
		go func() {
			_, err := testSet.fetch(ctx, nil)
			results <- err
		}()
	}
	eventually(t, "mvn runs", func() bool { return calls() == 1 })
	cancel()
	for range 2 {
		select {
		case err := <-results:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Fatal("a fetch goes on after its context has ended")
		}
	}
}
