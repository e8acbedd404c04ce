package main

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var releaseForm = regexp.MustCompile(`^[0-9]+(\.[0-9]+)+$`)

// clientsJar returns the path of the kafka-clients jar of a release.
func clientsJar(ctx context.Context, release string) (string, error) {
	return artifact(ctx, "org.apache.kafka", "kafka-clients", release)
}

// classPath returns what Kafka's own message classes of a release need.
func classPath(ctx context.Context, release string) (string, error) {
	clients, err := clientsJar(ctx, release)
	if err != nil {
		return "", err
	}
	logging, err := artifact(ctx, "org.slf4j", "slf4j-api", "1.7.36")
	return clients + string(os.PathListSeparator) + logging, err
}

// artifact returns the path of a jar, which Maven brings into the user's cache
// folder the first time.
func artifact(ctx context.Context, group, name, version string) (string, error) {
	if !releaseForm.MatchString(version) {
		return "", fmt.Errorf("version %q of %s: want digits and dots", version, name)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "afkak", "gen")
	jar := filepath.Join(dir, name+"-"+version+".jar")
	if _, err := os.Stat(jar); err == nil {
		return jar, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := fetch(ctx, jar, group+":"+name+":"+version); err != nil {
		return "", fmt.Errorf("%s %s: %w", name, version, err)
	}
	return jar, nil
}

// fetch has Maven copy the artifact into a temporary folder and moves it from
// there, so that there is never half a jar.
func fetch(ctx context.Context, jar, coordinates string) error {
	tmp, err := os.MkdirTemp(filepath.Dir(jar), "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	cmd := exec.CommandContext(ctx, "mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
		"-Dartifact="+coordinates, "-DoutputDirectory="+tmp)
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn (is Maven installed?): %w\n%s", err, out)
	}
	return os.Rename(filepath.Join(tmp, filepath.Base(jar)), jar)
}

// readDefinitions reads the message definitions out of a kafka-clients jar.
func readDefinitions(jar string) ([]*definition, error) {
	z, err := zip.OpenReader(jar)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", jar, err)
	}
	defer z.Close()
	var defs []*definition
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "common/message/") || !strings.HasSuffix(f.Name, ".json") {
			continue
		}
		b, err := readZipped(f)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", jar, f.Name, err)
		}
		def, err := parseDefinition(f.Name, b)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", jar, err)
		}
		defs = append(defs, def)
	}
	if len(defs) == 0 {
		return nil, fmt.Errorf("%s: no message definitions in it", jar)
	}
	slices.SortFunc(defs, func(a, b *definition) int { return strings.Compare(a.Name, b.Name) })
	return defs, nil
}

func readZipped(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
