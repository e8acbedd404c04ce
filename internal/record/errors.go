package record

import (
	"errors"
	"fmt"
)

var (
	// ErrTruncated says that a buffer ends inside a batch. At the end of a
	// fetched buffer that is normal: brokers fill a response up to its limit
	// and cut the last batch off. When it is the first one, nothing but a
	// larger limit gets past it (Fetch 0 to 2).
	ErrTruncated = errors.New("buffer ends inside a batch")
	// ErrHeadersUnsupported says that records with headers were to be sealed
	// as a message set: magic 0 and 1 have no headers.
	ErrHeadersUnsupported = errors.New("records with headers need Kafka 0.11 or later: send them without, or leave that to WithDropHeaders")
	// ErrTransactionsUnsupported says that a transactional batch was to be
	// sealed as a message set.
	ErrTransactionsUnsupported = errors.New("transactions need magic 2 (Kafka 0.11 or later)")
	// ErrEmpty says that a builder without records was to be sealed: brokers
	// refuse an empty batch.
	ErrEmpty = errors.New("batch has no records")
	// ErrTooLarge says that a batch would exceed what its 32-bit length can say.
	ErrTooLarge = errors.New("batch exceeds 2 GiB")
	// ErrChecksum is the cause in a CorruptError when the CRC does not match.
	ErrChecksum = errors.New("checksum mismatch")
	// ErrUnknownMagic is the cause in a CorruptError, or the error of
	// Builder.Seal, when the message format is none of 0, 1 and 2.
	ErrUnknownMagic = errors.New("unknown magic")
)

// CorruptError says that a batch does not hold what its format demands.
type CorruptError struct {
	// Offset of the batch, or of the wrapper message, as its own first bytes
	// have it, which may be what is corrupt.
	Offset int64
	// Err is the cause, such as ErrChecksum.
	Err error
}

// Error names the offset and the cause.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("corrupt batch at offset %d: %v", e.Offset, e.Err)
}

// Unwrap returns the cause.
func (e *CorruptError) Unwrap() error { return e.Err }

func corrupt(offset int64, format string, args ...any) error {
	return &CorruptError{Offset: offset, Err: fmt.Errorf(format, args...)}
}
