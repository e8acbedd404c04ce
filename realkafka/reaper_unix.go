//go:build unix

package realkafka

import (
	"fmt"
	"io"
	"os/exec"
	"sync"
	"syscall"
)

// reaperScript reads "+ PID" and "- PID" until its input ends, as it does when the
// program that holds the other end dies, however it dies. Then it kills what is
// left of the processes and removes the folder.
const reaperScript = `trap '' HUP INT QUIT TERM
pids=
while read -r op pid; do
  case $op in
  +) pids="$pids $pid" ;;
  -) left=
     for p in $pids; do [ "$p" = "$pid" ] || left="$left $p"; done
     pids=$left ;;
  esac
done
for p in $pids; do kill -9 "$p"; done
for attempt in 1 2 3 4 5; do
  rm -rf -- "$1" && break
  sleep 1
done
`

// A reaper is a shell process that outlives its parent by as long as it takes to tidy up.
type reaper struct {
	cmd *exec.Cmd

	mu sync.Mutex
	in io.WriteCloser // guarded by mu
}

// startReaper watches over the folder dir and the processes that it will be told of.
func startReaper(dir string) (*reaper, error) {
	cmd := exec.Command("/bin/sh", "-c", reaperScript, "realkafka-reaper", dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a group of its own: signals to the parent's do not reach it
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the process that tidies up: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the process that tidies up: %w", err)
	}
	return &reaper{cmd: cmd, in: in}, nil
}

// watch has the process killed if this program dies first.
func (r *reaper) watch(pid int) { r.tell("+", pid) }

// forget follows the end of each watched process: its number may become another's.
func (r *reaper) forget(pid int) { r.tell("-", pid) }

func (r *reaper) tell(op string, pid int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(r.in, "%s %d\n", op, pid) // cannot fail but for a reaper that somebody killed
}

// finish lets it do its work now, and waits for it.
func (r *reaper) finish() {
	r.mu.Lock()
	r.in.Close()
	r.mu.Unlock()
	r.cmd.Wait()
}
