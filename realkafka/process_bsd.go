//go:build unix && !linux

package realkafka

import "syscall"

// dieWithParent keeps a terminal's Ctrl-C from the child. That it dies with its
// parent is the reaper's doing here.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
