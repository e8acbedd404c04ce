package realkafka

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// awaitPaused returns when every thread has stopped. The kernel takes its time: a thread
// that runs on another processor can answer one more request after the signal was sent.
func (p *process) awaitPaused() error {
	tasks := fmt.Sprintf("/proc/%d/task", p.cmd.Process.Pid)
	for deadline := time.Now().Add(10 * time.Second); p.running(); time.Sleep(time.Millisecond) {
		stopped, err := allStopped(tasks)
		if err != nil || stopped {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("pause %s: after 10 s it still runs", p.name)
		}
	}
	return fmt.Errorf("pause %s: it has ended", p.name)
}

func allStopped(tasks string) (bool, error) {
	stats, err := filepath.Glob(filepath.Join(tasks, "*", "stat"))
	if err != nil {
		return false, err
	}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // the thread has ended
		}
		state := stat[bytes.LastIndexByte(stat, ')')+1:] // what precedes is its name, which may hold anything
		if !bytes.HasPrefix(state, []byte(" T")) {
			return false, nil
		}
	}
	return len(stats) > 0, nil
}
