package offsetfile

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// Folder is what a Store needs of a folder of a file system.
type Folder interface {
	// Lock keeps other processes from storing until unlock is called.
	Lock(ctx context.Context) (unlock func(), err error)
	// Read returns a whole file; fs.ErrNotExist if there is none.
	Read(name string) ([]byte, error)
	// Create makes an empty file, in the place of one of that name.
	Create(name string) (File, error)
	// Rename gives a file another's name, at once or not at all.
	Rename(from, to string) error
	// Sync makes what Create and Rename did durable.
	Sync() error
}

// File is a file that is being written.
type File interface {
	io.WriteCloser
	// Sync makes its content durable.
	Sync() error
}

// Disk is a folder of the operating system.
type Disk struct{ path string }

// OpenDisk makes the folder if it does not exist, durably.
func OpenDisk(path string) (Disk, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Disk{}, err
	}
	return Disk{path}, makeFolder(path)
}

func makeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	parent := filepath.Dir(path)
	if parent != path {
		if err := makeFolder(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o777); err != nil && !os.IsExist(err) {
		return err
	}
	return Disk{parent}.Sync()
}

// Path is where a file is.
func (d Disk) Path(name string) string { return filepath.Join(d.path, name) }

// Read returns a whole file.
func (d Disk) Read(name string) ([]byte, error) { return os.ReadFile(d.Path(name)) }

// Create makes an empty file.
func (d Disk) Create(name string) (File, error) { return os.Create(d.Path(name)) }

// Rename gives a file another's name.
func (d Disk) Rename(from, to string) error { return os.Rename(d.Path(from), d.Path(to)) }

// Sync makes names durable. Windows has no such call, and does it by itself.
func (d Disk) Sync() error {
	if runtime.GOOS == "windows" {
		return nil
	}
	dir, err := os.Open(d.path)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if closed := dir.Close(); err == nil {
		err = closed
	}
	return err
}

// lockPoll is how often a lock is tried that another process has: for as long
// as it takes to write a small file.
const lockPoll = 2 * time.Millisecond

// Lock takes the lock of the folder, which ends with the process at the latest.
func (d Disk) Lock(ctx context.Context) (unlock func(), err error) {
	file, err := os.OpenFile(d.Path(".lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		locked, err := tryLock(file)
		if locked {
			return func() { _ = file.Close() }, nil
		}
		if err == nil {
			err = pause(ctx, lockPoll)
		}
		if err != nil {
			_ = file.Close()
			return nil, err
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
