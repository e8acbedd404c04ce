package realkafka

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// A process is a child which runs until it is told otherwise. Its output goes to a file.
type process struct {
	name    string // for errors: "broker 2"
	logFile string
	logFrom int64 // where in logFile this run's output begins

	cmd    *exec.Cmd
	exited chan struct{} // closed when the process is gone and its output complete
	state  error         // of Wait; valid once exited is closed
	paused atomic.Bool   // stopped by a signal, until the next one lets it go on
}

// startProcess starts cmd with its output appended to logFile.
//
// The child hangs on the thread that forked it: on Linux the kernel kills it when
// that thread ends, which for an unlocked goroutine's thread can be any time. So
// one goroutine, locked to its thread, starts the child and waits for its end. The
// goroutine ends with the child; kill makes sure that there is such an end.
func startProcess(name string, cmd *exec.Cmd, logFile string, r *reaper) (*process, error) {
	out, err := os.OpenFile(logFile, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer out.Close() // the child has its own
	size, err := out.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = dieWithParent()

	p := &process{name: name, logFile: logFile, logFrom: size, cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		if err != nil {
			started <- err
			return
		}
		r.watch(cmd.Process.Pid)
		started <- nil
		p.state = cmd.Wait()
		r.forget(cmd.Process.Pid)
		close(p.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return p, nil
}

// runCommand runs cmd to its end on a thread of its own, for the reason given at
// startProcess. A context that ends kills it, even if it leaves children with its pipes.
func runCommand(cmd *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = dieWithParent()
	cmd.WaitDelay = time.Second
	return cmd.Run()
}

// running is false for a nil process too.
func (p *process) running() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.exited:
		return false
	default:
		return true
	}
}

// kill ends the process at once (SIGKILL), paused or not, and waits until it is gone. A nil process is gone.
func (p *process) kill() {
	if p == nil {
		return
	}
	p.cmd.Process.Kill() // fails only when it is gone already
	<-p.exited
}

// stop asks the process to end (SIGTERM) and waits for it. When ctx ends first, it is killed.
func (p *process) stop(ctx context.Context) error {
	if !p.running() {
		return nil
	}
	if err := p.resume(); err != nil {
		return err
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && p.running() {
		p.kill() // a system without SIGTERM
		return nil
	}
	select {
	case <-p.exited:
		return nil
	case <-ctx.Done():
		p.kill()
		return fmt.Errorf("%s did not end when asked to and was killed: %w", p.name, context.Cause(ctx))
	}
}

// pause stops the process where it is, with its connections open. A paused one stays so.
func (p *process) pause() error {
	if !p.running() {
		return fmt.Errorf("pause %s: it does not run", p.name)
	}
	if err := signalPause(p.cmd.Process); err != nil {
		return fmt.Errorf("pause %s: %w", p.name, err)
	}
	p.paused.Store(true)
	return p.awaitPaused()
}

// resume lets a paused process go on. One that is not paused just goes on.
func (p *process) resume() error {
	if !p.paused.Load() {
		return nil
	}
	if err := signalResume(p.cmd.Process); err != nil {
		return fmt.Errorf("resume %s: %w", p.name, err)
	}
	p.paused.Store(false)
	return nil
}

// output returns what this run of the process wrote so far, from the given place on.
func (p *process) output(from int64) ([]byte, error) {
	f, err := os.Open(p.logFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return nil, err
	}
	return io.ReadAll(f)
}

// tail returns the last lines of this run's output, for errors.
func (p *process) tail() string {
	b, err := p.output(p.logFrom)
	if err != nil {
		return err.Error()
	}
	return lastLines(string(b), 25)
}
