package realkafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// copyDependencies is the Maven goal that resolves a POM and copies its jars.
const copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

// marker is the file that a complete folder of jars has: the POM that it was made from.
const marker = ".pom.xml"

// CacheDir is the folder that jars are kept in, in libs/<version>: the
// environment variable REAL_KAFKA_HOME when it is set, otherwise
// afkak-realkafka in [os.UserCacheDir]. A release takes 14 to 57 MB. The folder
// may be removed while nothing runs from it, and be used by many processes at once.
func CacheDir() (string, error) {
	if dir := os.Getenv("REAL_KAFKA_HOME"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("realkafka: no cache folder for the jars, set REAL_KAFKA_HOME: %w", err)
	}
	return filepath.Join(dir, "afkak-realkafka"), nil
}

// Fetch brings the jars of the given releases into the cache, those of their
// console tools too. Start does it as needed; fetching first keeps the download out
// of a test's time limit. No versions means all of [Versions].
func Fetch(ctx context.Context, versions ...string) error {
	if len(versions) == 0 {
		versions = Versions()
	}
	for _, version := range versions {
		if err := fetchRelease(ctx, version); err != nil {
			return prefixed(err)
		}
	}
	return nil
}

func fetchRelease(ctx context.Context, version string) error {
	r, err := findRelease(version)
	if err != nil {
		return err
	}
	if _, err := r.core().fetch(ctx, nil); err != nil {
		return err
	}
	_, err = r.consumerTool().jars.fetch(ctx, nil)
	return err
}

// cached says whether the set's jars are there, all of them.
func (s artifactSet) cached() bool {
	cache, err := CacheDir()
	return err == nil && s.complete(s.dir(cache))
}

func (s artifactSet) dir(cache string) string { return filepath.Join(cache, "libs", s.name) }

// complete says whether dir holds the whole set. A folder gets its name only
// when it is whole, but it may have been made from another list of artifacts, or by hand.
func (s artifactSet) complete(dir string) bool {
	made, err := os.ReadFile(filepath.Join(dir, marker))
	return err == nil && string(made) == s.pom()
}

// fetch returns the folder of the set's jars, made by Maven if it is not there.
// Processes that want the same set at once wait for the one that fetches it.
func (s artifactSet) fetch(ctx context.Context, log *progress) (dir string, err error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	dir = s.dir(cache)
	if s.complete(dir) {
		return dir, nil
	}
	libs := filepath.Dir(dir)
	if err := os.MkdirAll(libs, 0o755); err != nil {
		return "", fmt.Errorf("make the cache of jars: %w", err)
	}
	unlock, err := lockFile(ctx, filepath.Join(libs, "."+s.name+".lock"))
	if err != nil {
		return "", err
	}
	defer unlock()
	if s.complete(dir) { // by whoever held the lock
		return dir, nil
	}
	if err := s.fetchInto(ctx, dir, log); err != nil {
		return "", fmt.Errorf("fetch the jars of Kafka %s: %w", s.name, err)
	}
	return dir, nil
}

// fetchInto makes dir in one step, of a folder filled beside it. The caller holds the set's lock.
func (s artifactSet) fetchInto(ctx context.Context, dir string, log *progress) error {
	work := filepath.Join(filepath.Dir(dir), "."+s.name+".part")
	if err := os.RemoveAll(work); err != nil { // of a fetch that was killed
		return err
	}
	defer os.RemoveAll(work)
	jars := filepath.Join(work, "jars")
	if err := os.MkdirAll(jars, 0o755); err != nil {
		return err
	}
	pom := filepath.Join(work, "pom.xml")
	if err := os.WriteFile(pom, []byte(s.pom()), 0o644); err != nil {
		return err
	}
	started := time.Now()
	log.printf("fetching the jars of Kafka %s", s.name)
	if err := runMaven(ctx, pom, jars); err != nil {
		return err
	}
	if err := os.Rename(pom, filepath.Join(jars, marker)); err != nil {
		return err
	}
	log.printf("fetched the jars of Kafka %s in %v", s.name, time.Since(started).Round(100*time.Millisecond))
	return adopt(jars, dir)
}

// adopt puts fresh in the place of dir. Where dir holds the same files already and only
// lacks the marker, it stays, for something may be running from it.
func adopt(fresh, dir string) error {
	if sameFiles(fresh, dir) {
		return os.Rename(filepath.Join(fresh, marker), filepath.Join(dir, marker))
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	return os.Rename(fresh, dir)
}

// sameFiles says whether each jar of fresh is in dir, with the same size.
func sameFiles(fresh, dir string) bool {
	jars, err := filepath.Glob(filepath.Join(fresh, "*.jar"))
	if err != nil {
		return false
	}
	for _, jar := range jars {
		want, err := os.Stat(jar)
		if err != nil {
			return false
		}
		got, err := os.Stat(filepath.Join(dir, filepath.Base(jar)))
		if err != nil || got.Size() != want.Size() {
			return false
		}
	}
	return true
}

func runMaven(ctx context.Context, pom, jars string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return errNoMaven
	}
	var output bytes.Buffer
	cmd := exec.CommandContext(ctx, mvn, "-B", "-q", "-f", pom, copyDependencies,
		"-DoutputDirectory="+jars, "-DincludeScope=runtime")
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := runCommand(cmd); err != nil {
		return fmt.Errorf("mvn: %w\n%s", errors.Join(err, ctx.Err()), lastLines(output.String(), 25))
	}
	if found, err := filepath.Glob(filepath.Join(jars, "*.jar")); err != nil || len(found) == 0 {
		return fmt.Errorf("mvn copied no jars: %s", strings.TrimSpace(output.String()))
	}
	return nil
}
