//go:build !unix

package driver

import (
	"errors"
	"time"
)

func usage() (cpu time.Duration, peakRSS int64, err error) {
	return 0, 0, errors.New("the CPU time of a process is known on Unix systems only")
}
