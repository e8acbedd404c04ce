//go:build unix

package driver

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// usage returns this process's CPU time and its largest resident set, in bytes.
func usage() (cpu time.Duration, peakRSS int64, err error) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0, os.NewSyscallError("getrusage", err)
	}
	peakRSS = int64(u.Maxrss) //nolint:unconvert // 32 bits wide on some systems
	if runtime.GOOS != "darwin" && runtime.GOOS != "ios" {
		peakRSS *= 1024 // KiB everywhere else
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), peakRSS, nil
}
