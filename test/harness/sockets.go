package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// sockets counts those that this process has open; none where that cannot be seen.
func sockets() int {
	const open = "/proc/self/fd"
	files, _ := os.ReadDir(open)
	n := 0
	for _, file := range files {
		what, _ := os.Readlink(filepath.Join(open, file.Name()))
		if strings.HasPrefix(what, "socket:") {
			n++
		}
	}
	return n
}

// leftSockets is an error when there are more than there were.
func leftSockets(before int) error {
	if left := sockets() - before; left > 0 {
		return fmt.Errorf("%d sockets are left open", left)
	}
	return nil
}
