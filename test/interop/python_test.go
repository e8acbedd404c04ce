package interop

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/afkak-go/afkak/realkafka"
)

const requirements = "testdata/requirements.txt"

// requirePython returns a Python interpreter that has the packages of
// requirements.txt. Where there is none the test is skipped with one line that
// says what it would have covered, or fails when real peers are demanded.
func requirePython(t *testing.T, ctx context.Context, covers string) string {
	t.Helper()
	python, err := virtualEnvironment(ctx)
	if err == nil {
		return python
	}
	missing := strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; ")
	if realkafka.Required() {
		t.Fatalf("%s needs Python with the packages of %s (%s=1): %s", covers, requirements, realkafka.RequireEnv, missing)
	}
	t.Skipf("not covered: %s (no Python with the packages of %s: %s)", covers, requirements, missing)
	return ""
}

// virtualEnvironment makes a virtual environment with the packages, once for
// each content of requirements.txt, and returns its interpreter. It is kept in
// the user's cache folder and may be removed at any time.
func virtualEnvironment(ctx context.Context) (python string, err error) {
	system, err := exec.LookPath("python3")
	if err != nil {
		return "", err
	}
	wanted, err := os.ReadFile(requirements)
	if err != nil {
		return "", err
	}
	version, err := output(ctx, system, "--version")
	if err != nil {
		return "", err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "afkak-interop")
	dir := filepath.Join(cache, fmt.Sprintf("%x", sha256.Sum256(append(wanted, version...)))[:16])
	if _, err := os.Stat(dir); err == nil {
		return interpreter(dir), nil
	}

	// It is made beside its place and moved there when it is complete.
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	making, err := os.MkdirTemp(cache, "making-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(making)
	if _, err := output(ctx, system, "-m", "venv", making); err != nil {
		return "", err
	}
	if _, err := output(ctx, interpreter(making), "-m", "pip", "install", "--quiet", "--no-deps", "--requirement", requirements); err != nil {
		return "", err
	}
	if err := os.Rename(making, dir); err != nil {
		if _, others := os.Stat(dir); others != nil { // nobody else was faster
			return "", err
		}
	}
	return interpreter(dir), nil
}

func interpreter(dir string) string {
	if runtime.GOOS == "windows" {
		return filepath.Join(dir, "Scripts", "python.exe")
	}
	return filepath.Join(dir, "bin", "python3")
}

// output runs a command; its error has what the command said.
func output(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	if err == nil {
		return out, nil
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return nil, fmt.Errorf("%s %q: %w", name, args, err)
}
