//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package realkafka

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// staleLock is the age at which a lock counts as left behind by a process that died.
const staleLock = 10 * time.Minute

// lockFile waits until the folder at path can be made. It is removed by unlock.
func lockFile(ctx context.Context, path string) (unlock func(), err error) {
	for {
		err := os.Mkdir(path, 0o755)
		switch {
		case err == nil:
			return func() { os.Remove(path) }, nil
		case !errors.Is(err, fs.ErrExist):
			return nil, fmt.Errorf("lock the cache of jars: %w", err)
		}
		if made, err := os.Stat(path); err == nil && time.Since(made.ModTime()) > staleLock {
			os.Remove(path)
			continue
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for %s, which another process holds: %w", path, context.Cause(ctx))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
