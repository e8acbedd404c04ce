//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package offsetfile

import (
	"errors"
	"os"
	"syscall"
)

// tryLock takes the file's lock unless somebody else has it. Closing the file
// gives it back.
func tryLock(file *os.File) (bool, error) {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, syscall.EWOULDBLOCK), errors.Is(err, syscall.EINTR):
		return false, nil
	}
	return false, &os.PathError{Op: "lock", Path: file.Name(), Err: err}
}
