package conn

import "syscall"

// What Windows calls a refused and a lost connection (winsock2.h).
const (
	errnoRefused = syscall.Errno(10061) // WSAECONNREFUSED
	errnoReset   = syscall.Errno(10054) // WSAECONNRESET
	errnoAborted = syscall.Errno(10053) // WSAECONNABORTED
)
