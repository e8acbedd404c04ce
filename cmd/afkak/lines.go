package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

// maxLine bounds a line of input, so that a binary file by mistake does not
// fill the memory. No broker takes records near this size by default.
const maxLine = 64 << 20

// lineReader reads lines without their ends from one input after the other.
type lineReader struct {
	name  string
	r     *bufio.Reader
	line  int
	buf   []byte
	close func() error
}

// openLines opens a file, or standard input for "-".
func openLines(name string, stdin io.Reader) (*lineReader, error) {
	if name == "-" {
		return newLineReader("standard input", stdin, func() error { return nil }), nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return newLineReader(name, f, f.Close), nil
}

func newLineReader(name string, r io.Reader, close func() error) *lineReader {
	return &lineReader{name: name, r: bufio.NewReaderSize(r, 256<<10), close: close}
}

// next returns the next line without its \n or \r\n; it is good until the
// following call. At the end it returns io.EOF.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	l.line++
	for {
		part, err := l.r.ReadSlice('\n')
		if err == nil && len(l.buf) == 0 {
			return trimLineEnd(part), nil // the whole line lies in the reader's buffer
		}
		l.buf = append(l.buf, part...)
		switch {
		case err == nil:
			return trimLineEnd(l.buf), nil
		case errors.Is(err, bufio.ErrBufferFull):
			if len(l.buf) > maxLine {
				return nil, fmt.Errorf("%s: line %d is longer than %d MiB: is this a text file?", l.name, l.line, maxLine>>20)
			}
		case errors.Is(err, io.EOF):
			if len(l.buf) == 0 {
				return nil, io.EOF
			}
			return trimLineEnd(l.buf), nil
		default:
			return nil, fmt.Errorf("read %s: %w", l.name, err)
		}
	}
}

func trimLineEnd(line []byte) []byte {
	if n := len(line); n > 0 && line[n-1] == '\n' {
		line = line[:n-1]
	}
	if n := len(line); n > 0 && line[n-1] == '\r' {
		line = line[:n-1]
	}
	return line
}

// eachLine calls f with every line of the inputs until f fails or ctx ends.
// A read that blocks (a terminal, an idle pipe) does not hold up the end of ctx:
// it is left behind, for the process to end with.
func eachLine(ctx context.Context, names []string, stdin io.Reader, f func(source string, line int, text []byte) error) error {
	if len(names) == 0 {
		names = []string{"-"}
	}
	done := make(chan error, 1)
	go func() { done <- readAll(ctx, names, stdin, f) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readAll(ctx context.Context, names []string, stdin io.Reader, f func(string, int, []byte) error) error {
	for _, name := range names {
		lines, err := openLines(name, stdin)
		if err != nil {
			return err
		}
		if err := lines.each(ctx, f); err != nil {
			return errors.Join(err, lines.close())
		}
		if err := lines.close(); err != nil {
			return err
		}
	}
	return nil
}

func (l *lineReader) each(ctx context.Context, f func(string, int, []byte) error) error {
	for ctx.Err() == nil {
		text, err := l.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := f(l.name, l.line, text); err != nil {
			return err
		}
	}
	return ctx.Err()
}
