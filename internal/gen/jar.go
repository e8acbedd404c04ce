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

// clientsJar returns the path of the kafka-clients jar of a release, which
// Maven brings into the user's cache folder the first time.
func clientsJar(ctx context.Context, release string) (string, error) {
	if !releaseForm.MatchString(release) {
		return "", fmt.Errorf("release %q: want digits and dots", release)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "afkak", "gen")
	jar := filepath.Join(dir, "kafka-clients-"+release+".jar")
	if _, err := os.Stat(jar); err == nil {
		return jar, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := fetch(ctx, dir, release); err != nil {
		return "", fmt.Errorf("kafka-clients %s: %w", release, err)
	}
	return jar, nil
}

// fetch copies the jar into dir by way of a temporary folder, so that dir never
// has half of one.
func fetch(ctx context.Context, dir, release string) error {
	tmp, err := os.MkdirTemp(dir, "fetch-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	cmd := exec.CommandContext(ctx, "mvn", "-B", "-q", "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
		"-Dartifact=org.apache.kafka:kafka-clients:"+release, "-DoutputDirectory="+tmp)
	cmd.Dir = tmp
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mvn (is Maven installed?): %w\n%s", err, out)
	}
	name := "kafka-clients-" + release + ".jar"
	return os.Rename(filepath.Join(tmp, name), filepath.Join(dir, name))
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
