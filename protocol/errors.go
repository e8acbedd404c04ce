package protocol

import (
	"errors"
	"fmt"

	"github.com/afkak-go/afkak/internal/kbin"
)

// What a [MessageError] may wrap.
var (
	// ErrVersion: this package does not have the version of the message.
	ErrVersion = errors.New("version is not known")
	// ErrNull: null where the version allows none.
	ErrNull = kbin.ErrNull
	// ErrUnsupportedField: a field has a value other than its default, which
	// the version cannot carry and which is not safe to leave out.
	ErrUnsupportedField = kbin.ErrUnsupported
	// ErrTooLong: a string above 32767 bytes.
	ErrTooLong = kbin.ErrTooLong
	// ErrTruncated: the message, or a length in it, reaches beyond the end.
	ErrTruncated = kbin.ErrTruncated
	// ErrMalformed: bytes that no message can have.
	ErrMalformed = kbin.ErrMalformed
	// ErrTrailing: bytes are left over behind the last field.
	ErrTrailing = kbin.ErrTrailing
)

// MessageError says which message could not be encoded or decoded, and why.
type MessageError struct {
	Op      string // "encode" or "decode"
	Message string // name of the Go type
	Version int16
	Field   string // path of the field, such as "Topics.Name"; when encoding only
	Err     error
}

func (e *MessageError) Error() string {
	where := fmt.Sprintf("%s %s version %d: ", e.Op, e.Message, e.Version)
	if e.Field != "" {
		where += "field " + e.Field + ": "
	}
	return where + e.Err.Error()
}

// Unwrap returns the cause.
func (e *MessageError) Unwrap() error { return e.Err }

func badVersion(op, message string, version, min, max int16) error {
	return &MessageError{Op: op, Message: message, Version: version,
		Err: fmt.Errorf("%w: want %d to %d", ErrVersion, min, max)}
}

func encodeError(message string, version int16, err error) error {
	e := &MessageError{Op: "encode", Message: message, Version: version, Err: err}
	var field *kbin.FieldError
	if errors.As(err, &field) {
		e.Field, e.Err = field.Field, field.Err
	}
	return e
}

func decodeError(message string, version int16, err error) error {
	return &MessageError{Op: "decode", Message: message, Version: version, Err: err}
}
