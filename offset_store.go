package afkak

import (
	"context"
	"fmt"

	"github.com/afkak-go/afkak/internal/offsetfile"
)

// OffsetStore keeps what groups have committed somewhere else than in Kafka:
// with Kafka 0.8.0, which keeps no offsets, or beside the results of the
// processing. Consumers use it [WithOffsetStore]; a [FileOffsetStore] is one.
//
// It is called by any number of goroutines at once, must return when ctx ends,
// and may be shared by consumers of several clusters only if their groups have
// different names. An error that has a method Retriable() bool which returns
// true makes a consumer try again; any other ends what it was doing.
type OffsetStore interface {
	// LoadOffset returns what was last stored for a partition. ok is false, and
	// there is no error, when nothing was.
	LoadOffset(ctx context.Context, group, topic string, partition int32) (offset StoredOffset, ok bool, err error)

	// StoreOffset stores in the place of what was stored before. It returns nil
	// once that is as safe as the store can make it.
	StoreOffset(ctx context.Context, group, topic string, partition int32, offset StoredOffset) error
}

// StoredOffset is what an [OffsetStore] keeps for one partition of a group.
type StoredOffset struct {
	Offset   int64  // of the next record to process
	Metadata string // see [WithCommitMetadata]
}

// OffsetFileError says that a file of a [FileOffsetStore] is damaged: it was
// changed or cut off by something else. It is never taken for a group that has
// committed nothing.
type OffsetFileError = offsetfile.CorruptError

// FileOffsetStore keeps offsets in a folder, in one file for each group. It
// survives the end of the process, and of the machine, at any moment: a file
// is written anew beside the old one, made durable, and then takes its place,
// so what StoreOffset has returned for is there, and there is always a whole
// file. That costs two waits for the disk for each commit: where many records
// are processed in a second, see [WithCommitEvery] and [WithCommitInterval].
//
// It is safe for concurrent use, by several processes too where the system has
// file locks (all but Windows). There is nothing to close.
type FileOffsetStore struct {
	store *offsetfile.Store
}

var _ OffsetStore = (*FileOffsetStore)(nil)

// NewFileOffsetStore opens a store in a folder, which is made if it does not
// exist. The files' names are made of the groups' and end in ".offsets"; they
// are text, and may be copied at any time.
func NewFileOffsetStore(folder string) (*FileOffsetStore, error) {
	disk, err := offsetfile.OpenDisk(folder)
	if err != nil {
		return nil, fmt.Errorf("afkak: open the offset store: %w", err)
	}
	return &FileOffsetStore{offsetfile.New(disk, disk.Path)}, nil
}

// LoadOffset reads the group's file. The error may be an [OffsetFileError].
func (s *FileOffsetStore) LoadOffset(ctx context.Context, group, topic string, partition int32) (offset StoredOffset, ok bool, err error) {
	found, ok, err := s.store.Load(ctx, group, offsetfile.Place{Topic: topic, Partition: partition})
	return StoredOffset(found), ok, err
}

// StoreOffset writes the group's file anew. The error may be an
// [OffsetFileError]: a damaged file is left as it is.
func (s *FileOffsetStore) StoreOffset(ctx context.Context, group, topic string, partition int32, offset StoredOffset) error {
	return s.store.Store(ctx, group, offsetfile.Place{Topic: topic, Partition: partition}, offsetfile.Offset(offset))
}
