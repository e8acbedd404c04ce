package realkafka

import "syscall"

// dieWithParent has the kernel kill the child when the thread that started it
// ends, and keeps a terminal's Ctrl-C, which goes to a whole process group, from it.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
