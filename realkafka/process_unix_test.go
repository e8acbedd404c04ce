//go:build unix

package realkafka

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// finishNow ends the reaper without letting it do its work: what remains is the kernel's tie.
func (r *reaper) finishNow() {
	r.cmd.Process.Kill()
	r.cmd.Wait()
}

// gone says whether a process has ended; a zombie that its new parent does not wait for has.
func gone(pid int) bool {
	if err := syscall.Kill(pid, 0); errors.Is(err, syscall.ESRCH) {
		return true
	}
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return errors.Is(err, fs.ErrNotExist) && runtime.GOOS == "linux"
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))
	return bytes.HasPrefix(state, []byte("Z")) || bytes.HasPrefix(state, []byte("X"))
}

func absent(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

func needSleep(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("sleep"); err != nil {
		t.Skip("not covered: the ends of child processes (there is no sleep on the PATH)")
	}
}

func TestChildrenOutliveTheirThreadsAndDieWithTheirParent(t *testing.T) {
	needSleep(t)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			folder := filepath.Join(t.TempDir(), "folder")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			h := startHelper(t, "children", "HELPER_DIR="+folder)
			var pids []int
			for _, word := range h.ready {
				pid, err := strconv.Atoi(word)
				if err != nil {
					t.Fatal(err)
				}
				pids = append(pids, pid)
				if gone(pid) {
					t.Error("a child died while its parent lives")
				}
			}
			h.signal(t, sig)
			for i, pid := range pids {
				switch {
				case i == len(pids)-1:
					eventually(t, "the child that the reaper watches is gone", func() bool { return gone(pid) })
				case runtime.GOOS == "linux":
					eventually(t, "the child that the kernel ties to its parent is gone", func() bool { return gone(pid) })
				default:
					syscall.Kill(pid, syscall.SIGKILL)
				}
			}
			if _, err := exec.LookPath("rm"); err == nil {
				eventually(t, "the reaper has removed the folder", func() bool { return absent(folder) })
			}
		})
	}
}

func TestARealClusterDiesWithItsParent(t *testing.T) {
	if testing.Short() {
		t.Skip("not covered with -short: a real cluster whose parent dies")
	}
	const version = "2.8.2" // with ZooKeeper, so there are two kinds of processes
	Require(t, "a real cluster whose parent dies", version)
	for _, sig := range []syscall.Signal{syscall.SIGKILL, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			h := startHelper(t, "cluster", "HELPER_DIR="+t.TempDir(), "HELPER_VERSION="+version)
			folder, addrs := h.ready[0], h.ready[1:]
			for _, addr := range addrs {
				if !answers(t.Context(), addr) {
					t.Errorf("nothing answers at %s before the parent's end", addr)
				}
			}
			h.signal(t, sig)
			for _, addr := range addrs {
				eventually(t, "nothing answers at "+addr, func() bool { return !answers(t.Context(), addr) })
			}
			eventually(t, "the folder is gone", func() bool { return absent(folder) })
		})
	}
}

func startSleep(t *testing.T, name string, args ...string) *process {
	t.Helper()
	needSleep(t)
	dir := t.TempDir()
	r, err := startReaper(filepath.Join(dir, "nothing"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := startProcess("sleeper", exec.Command(name, args...), filepath.Join(dir, "log"), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.kill()
		r.finish()
	})
	return p
}

func TestAProcessThatIgnoresTheRequestToEndIsKilledWhenTheContextEnds(t *testing.T) {
	p := startSleep(t, "sh", "-c", `trap '' TERM; echo ready; while :; do sleep 0.1; done`)
	scan := newLogScan(p)
	eventually(t, "the child ignores SIGTERM", func() bool {
		saw, err := scan.saw([]byte("ready"))
		return saw && err == nil
	})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	err := p.stop(ctx)
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "sleeper") {
		t.Errorf("stop: %v; want the name and a deadline exceeded", err)
	}
	if p.running() {
		t.Error("the process runs")
	}
}

func TestAPausedProcessCanBeStoppedAndKilled(t *testing.T) {
	for _, end := range []string{"stop", "kill"} {
		t.Run(end, func(t *testing.T) {
			p := startSleep(t, "sleep", "1000")
			if err := p.pause(); err != nil {
				t.Fatal(err)
			}
			if end == "kill" {
				p.kill()
			} else if err := p.stop(t.Context()); err != nil {
				t.Fatal(err)
			}
			if p.running() {
				t.Error("the process runs")
			}
			if err := p.pause(); err == nil {
				t.Error("a process that is gone was paused")
			}
		})
	}
}

func TestStartProcessSaysWhatCouldNotBeStarted(t *testing.T) {
	r, err := startReaper(filepath.Join(t.TempDir(), "nothing"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.finish()
	_, err = startProcess("broker 7", exec.Command("/nonexistent/java"), filepath.Join(t.TempDir(), "log"), r)
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "broker 7") {
		t.Errorf("got %v", err)
	}
}
