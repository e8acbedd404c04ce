package accum

import (
	"fmt"
	"time"
)

// TimeoutError ends the records of a batch that was not acknowledged within
// the delivery timeout.
type TimeoutError struct {
	After    time.Duration // the delivery timeout
	Attempts int           // how often the batch was sent
	Stored   bool          // it may be in the log nevertheless
	Cause    error         // the last failure; nil if there was none
}

func (e *TimeoutError) Error() string {
	text := fmt.Sprintf("not acknowledged within the delivery timeout of %v", e.After)
	switch {
	case e.Attempts == 0:
		text += ", never sent"
	case e.Stored:
		text += fmt.Sprintf(", sent %d times and perhaps stored", e.Attempts)
	default:
		text += fmt.Sprintf(", tried %d times", e.Attempts)
	}
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap returns the last failure.
func (e *TimeoutError) Unwrap() error { return e.Cause }

// Timeout reports true, as net.Error has it.
func (e *TimeoutError) Timeout() bool { return true }

// MaybeStored reports whether the records may be in the log.
func (e *TimeoutError) MaybeStored() bool { return e.Stored }

// FailedError ends the records of a batch that failed for good.
type FailedError struct {
	Attempts int  // how often the batch was sent
	Stored   bool // an attempt without an answer, or with an unclear one, may have stored it
	Err      error
}

func (e *FailedError) Error() string {
	text := e.Err.Error()
	if e.Attempts > 1 {
		text += fmt.Sprintf(" (attempt %d)", e.Attempts)
	}
	if e.Stored {
		text += " (perhaps stored)"
	}
	return text
}

// Unwrap returns why the batch failed.
func (e *FailedError) Unwrap() error { return e.Err }

// MaybeStored reports whether the records may be in the log.
func (e *FailedError) MaybeStored() bool { return e.Stored }
