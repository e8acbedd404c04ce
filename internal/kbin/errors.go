package kbin

import (
	"errors"
	"fmt"
)

// What can be wrong with bytes that are read. Errors of a [Reader] wrap one of
// these and name the position.
var (
	// ErrTruncated: a value or a length reaches beyond the end.
	ErrTruncated = errors.New("truncated")
	// ErrMalformed: a varint that overflows, a negative length, an unordered tag.
	ErrMalformed = errors.New("malformed")
	// ErrTrailing: bytes are left over behind the last field.
	ErrTrailing = errors.New("bytes left over")
)

// What can be wrong with values that are written. ErrNull also comes from a
// [Reader], for a null where the format allows none.
var (
	// ErrNull: null in a field that is not nullable in this version.
	ErrNull = errors.New("null is not allowed here")
	// ErrUnsupported: a field that this version cannot carry, and that may not
	// be left out silently, has a value other than its default.
	ErrUnsupported = errors.New("set, but this version has no such field")
	// ErrTooLong: a string above [MaxString] or bytes above [MaxBytes].
	ErrTooLong = errors.New("too long")
)

// FieldError says which field could not be written.
type FieldError struct {
	Field string // path from the message, such as "Topics.Partitions.Index"
	Err   error
}

func (e *FieldError) Error() string { return fmt.Sprintf("field %s: %v", e.Field, e.Err) }

func (e *FieldError) Unwrap() error { return e.Err }
