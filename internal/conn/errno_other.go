//go:build !windows

package conn

import "syscall"

const (
	errnoRefused = syscall.ECONNREFUSED
	errnoReset   = syscall.ECONNRESET
	errnoAborted = syscall.EPIPE
)
