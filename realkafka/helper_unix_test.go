//go:build unix

package realkafka

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// helperEnv names the role in which the test binary runs as a program that is going to be killed.
const helperEnv = "REALKAFKA_TEST_HELPER"

// A helper is the test binary in one of the roles of runHelper. It prints one line when it is ready.
type helper struct {
	cmd   *exec.Cmd
	ready []string // the words of its line
}

func startHelper(t *testing.T, role string, env ...string) *helper {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), append(env, helperEnv+"="+role)...)
	var complaints strings.Builder
	cmd.Stderr = &complaints
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		t.Fatalf("the %s helper did not get ready: %v\n%s", role, err, complaints.String())
	}
	return &helper{cmd: cmd, ready: strings.Fields(line)}
}

func (h *helper) signal(t *testing.T, sig os.Signal) {
	t.Helper()
	if err := h.cmd.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
	h.cmd.Wait()
}

func runHelper(role string) {
	ready, err := map[string]func() ([]string, error){
		"children": helpWithChildren,
		"cluster":  helpWithCluster,
	}[role]()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(ready, " "))
	io.Copy(io.Discard, os.Stdin) // until the test is over, whatever became of it
	os.Exit(2)
}

// helpWithChildren starts children in each of the two ways that tie them to their parent: many by the
// kernel's, while threads come and go, and one by the reaper's. It prints the folder
// of each way and the process ids.
func helpWithChildren() ([]string, error) {
	stop := endThreads()
	defer stop()
	kernel, err := startReaper("/nonexistent")
	if err != nil {
		return nil, err
	}
	kernel.finishNow() // the kernel has to do without its help
	folder := os.Getenv("HELPER_DIR")
	var ready []string
	for range 10 {
		p, err := startProcess("sleep", exec.Command("sleep", "1000"), filepath.Join(folder, "log"), kernel)
		if err != nil {
			return nil, err
		}
		ready = append(ready, fmt.Sprint(p.cmd.Process.Pid))
	}
	watched := exec.Command("sleep", "1000")
	if err := watched.Start(); err != nil {
		return nil, err
	}
	r, err := startReaper(folder)
	if err != nil {
		return nil, err
	}
	r.watch(watched.Process.Pid)
	return append(ready, fmt.Sprint(watched.Process.Pid)), nil
}

// endThreads has threads of this process come and go, as they do in a busy Go program, until stop.
func endThreads() (stop func()) {
	var all sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		all.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				ended := make(chan struct{})
				go func() {
					runtime.LockOSThread() // a goroutine that ends locked takes its thread with it
					close(ended)
				}()
				<-ended
			}
		})
	}
	return func() {
		close(done)
		all.Wait()
	}
}

// helpWithCluster starts a real cluster. It prints its folder and addresses.
func helpWithCluster() ([]string, error) {
	c, err := Start(context.Background(), Config{Version: os.Getenv("HELPER_VERSION"), Dir: os.Getenv("HELPER_DIR")})
	if err != nil {
		return nil, err
	}
	ready := append([]string{c.Dir()}, c.Addrs()...)
	if c.zk != nil {
		ready = append(ready, c.zk.Addr())
	}
	return ready, nil
}
