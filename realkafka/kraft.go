package realkafka

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// voters is controller.quorum.voters: every broker is a controller too.
func (c *Cluster) voters() string {
	all := make([]string, len(c.brokers))
	for i, b := range c.brokers {
		all[i] = fmt.Sprintf("%d@%s", b.id, hostPort(b.controllerPort.number))
	}
	return strings.Join(all, ",")
}

// format gives each broker the folder that Kafka's format command would have made
// for it. The command takes a JVM more than a second, so it runs once for each
// release and set of arguments; its result is kept in the cache, and the ids in it are replaced.
func (c *Cluster) format(ctx context.Context) error {
	template, err := c.formatted(ctx)
	if err != nil {
		return fmt.Errorf("format the storage: %w", err)
	}
	clusterID := newUUID()
	for _, b := range c.brokers {
		if err := copyFormatted(template, b.dataDir(), b.id, clusterID); err != nil {
			return fmt.Errorf("format the storage of broker %d: %w", b.id, err)
		}
	}
	return nil
}

// formatted returns a folder of the cache that the format command has made.
func (c *Cluster) formatted(ctx context.Context) (dir string, err error) {
	cache, err := CacheDir()
	if err != nil {
		return "", err
	}
	low, err := findRelease(c.Version()) // the newer brokers of a mixed cluster read what the oldest wrote
	if err != nil {
		return "", err
	}
	dir = filepath.Join(cache, "formatted", low.version+"-"+c.formatKey())
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	work, err := os.MkdirTemp(filepath.Dir(dir), ".part-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(work)
	made := filepath.Join(work, "data")
	if err := c.runFormat(ctx, low, work, made); err != nil {
		return "", err
	}
	if err := os.Rename(made, dir); err != nil {
		if _, gone := os.Stat(dir); gone != nil { // else another process was first
			return "", err
		}
	}
	return dir, nil
}

// formatKey tells apart the clusters that the format command treats differently.
func (c *Cluster) formatKey() string {
	h := sha256.New()
	for _, arg := range c.cfg.FormatArgs {
		fmt.Fprintf(h, "%q\n", arg)
	}
	for _, name := range slices.Sorted(maps.Keys(c.cfg.Properties)) {
		fmt.Fprintf(h, "%q=%q\n", name, c.cfg.Properties[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func (c *Cluster) runFormat(ctx context.Context, r release, work, data string) error {
	launcher, err := java()
	if err != nil {
		return err
	}
	jars, err := r.core().fetch(ctx, c.log)
	if err != nil {
		return err
	}
	b := c.brokers[0]
	b.mu.Lock()
	n := b.node()
	b.mu.Unlock()
	n.release, n.dataDir = r, data
	settings := filepath.Join(work, "server.properties")
	if err := os.WriteFile(settings, []byte(n.file(c.cfg.Properties)), 0o600); err != nil {
		return err
	}
	args := append(slices.Clone(shortLived), logFlags(c.dir, "tool")...)
	args = append(args, "-cp", classpath(jars), "kafka.tools.StorageTool", "format", "-t", newUUID(), "-c", settings)
	cmd := exec.CommandContext(ctx, launcher, append(args, c.cfg.FormatArgs...)...)
	var output strings.Builder
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := runCommand(cmd); err != nil {
		return fmt.Errorf("%w\n%s", errors.Join(err, context.Cause(ctx)), lastLines(output.String(), 25))
	}
	return nil
}

// copyFormatted copies a formatted folder for one broker.
func copyFormatted(template, dir string, id int, clusterID string) error {
	if err := os.CopyFS(dir, os.DirFS(template)); err != nil {
		return err
	}
	path := filepath.Join(dir, "meta.properties")
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, []byte(withIDs(string(text), id, clusterID, newUUID())), 0o644)
}

// withIDs replaces the ids in the text of a meta.properties. A release without directory ids has no line for them.
func withIDs(text string, id int, clusterID, directoryID string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		switch name, _, _ := strings.Cut(line, "="); name {
		case "node.id":
			lines[i] = fmt.Sprintf("node.id=%d", id)
		case "cluster.id":
			lines[i] = "cluster.id=" + clusterID
		case "directory.id":
			lines[i] = "directory.id=" + directoryID
		}
	}
	return strings.Join(lines, "\n")
}

// newUUID is a random id as Kafka writes them: 22 characters of URL-safe base64,
// the first of which is no dash, which its command line would take for a flag.
func newUUID() string {
	var id [16]byte
	for {
		rand.Read(id[:])
		id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // version 4, so none of the reserved ones
		if s := base64.RawURLEncoding.EncodeToString(id[:]); s[0] != '-' {
			return s
		}
	}
}
