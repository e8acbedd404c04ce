package offsetfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// Store keeps the offsets of any number of groups in one folder. It is safe
// for concurrent use, and so are several Stores of one folder, in one process
// or in several, as far as the system's Folder.Lock goes.
type Store struct {
	folder Folder
	path   func(name string) string
	// turn has a token: whoever has taken it may read and write files.
	turn chan struct{}
}

// New makes a store of a folder. path names its files in errors.
func New(folder Folder, path func(name string) string) *Store {
	s := &Store{folder: folder, path: path, turn: make(chan struct{}, 1)}
	s.turn <- struct{}{}
	return s
}

// CorruptError says that a group's file does not hold what was written.
type CorruptError struct {
	Path  string // of the file
	Group string
	Err   error // what is wrong
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("the offsets of group %s in %s are damaged: %v; put back a copy of the file, or remove it to begin as if nothing had been committed",
		e.Group, e.Path, e.Err)
}

// Unwrap returns what is wrong.
func (e *CorruptError) Unwrap() error { return e.Err }

// Load returns what was last stored of a partition; ok is false if nothing was.
func (s *Store) Load(ctx context.Context, group string, place Place) (offset Offset, ok bool, err error) {
	if err := s.enter(ctx); err != nil {
		return offset, false, err
	}
	defer s.leave()
	offsets, err := s.read(group)
	offset, ok = offsets[place]
	return offset, ok, err
}

// Store stores the offset of a partition. When it has returned nil, the offset
// outlasts the end of the process and of the machine.
func (s *Store) Store(ctx context.Context, group string, place Place, offset Offset) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	unlock, err := s.folder.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	offsets, err := s.read(group)
	if err != nil {
		return err
	}
	if offsets == nil {
		offsets = map[Place]Offset{}
	}
	offsets[place] = offset
	return s.write(fileName(group), encode(group, offsets))
}

func (s *Store) enter(ctx context.Context) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	select {
	case <-s.turn:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s *Store) leave() { s.turn <- struct{}{} }

// read returns what the group has stored; nil if nothing.
func (s *Store) read(group string) (map[Place]Offset, error) {
	name := fileName(group)
	b, err := s.folder.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	whose, offsets, err := decode(b)
	if err == nil && whose != group {
		err = fmt.Errorf("it is the file of group %s", whose)
	}
	if err != nil {
		return nil, &CorruptError{Path: s.path(name), Group: group, Err: err}
	}
	return offsets, nil
}

// write replaces a file. The order of its steps is what makes it safe: content
// before name, name before the answer.
func (s *Store) write(name string, content []byte) error {
	// A left-over of a writer that did not finish is written over.
	temporary := name + ".tmp"
	file, err := s.folder.Create(temporary)
	if err != nil {
		return err
	}
	_, err = file.Write(content)
	if err == nil {
		err = file.Sync()
	}
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	if err := s.folder.Rename(temporary, name); err != nil {
		return err
	}
	return s.folder.Sync()
}
