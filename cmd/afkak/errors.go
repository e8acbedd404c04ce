package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"

	"github.com/afkak-go/afkak"
)

// The exit codes.
const (
	exitOK          = 0   // all that was asked for was done
	exitFailed      = 1   // Kafka, a file or a check said no; standard error says why
	exitUsage       = 2   // the command line makes no sense
	exitUnreachable = 3   // no broker could be reached
	exitInterrupted = 130 // Ctrl-C or SIGTERM
)

// usageError is a command line that parses and makes no sense all the same.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error {
	return &usageError{fmt.Sprintf(format, args...)}
}

// exitCode is the code that the process ends with after a command returned err.
func exitCode(ctx context.Context, err error) int {
	var usage *usageError
	var broker *afkak.BrokerError
	var nowhere *afkak.UnreachableError
	switch {
	case err == nil:
		return exitOK
	case isClosedPipe(err):
		// Whoever read our output has enough: `afkak consume … | head` is no failure.
		return exitOK
	case ctx.Err() != nil:
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &broker), errors.As(err, &nowhere):
		return exitUnreachable
	default:
		return exitFailed
	}
}

func isClosedPipe(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// sentence is err in one line, with what can be done about it where that is known.
func sentence(err error) string {
	text := strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\n", "; "), "afkak: ")
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, syscall.ECONNREFUSED):
		return text + " (\"afkak serve\" starts one)"
	case errors.Is(err, fs.ErrNotExist):
		return text + " (use - for standard input)"
	}
	return text
}
