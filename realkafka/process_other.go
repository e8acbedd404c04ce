//go:build !unix

package realkafka

import (
	"errors"
	"os"
	"syscall"
)

func dieWithParent() *syscall.SysProcAttr { return nil }

func signalPause(*os.Process) error { return errors.ErrUnsupported }

func signalResume(*os.Process) error { return errors.ErrUnsupported }
