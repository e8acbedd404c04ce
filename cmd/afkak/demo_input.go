package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

//go:embed data/earthquakes.jsonl
var earthquakes []byte

func embeddedInput() *lineReader {
	return newLineReader("earthquakes.jsonl", bytes.NewReader(earthquakes), func() error { return nil })
}

// maxDemoInput bounds what the demo holds in memory.
const maxDemoInput = 1 << 30

// demoInput is what the demo sends: all lines, repeat times over.
type demoInput struct {
	lines  []demoLine
	repeat int
	bytes  int64 // of one pass
	keys   int   // different ones
}

type demoLine struct{ key, value []byte }

func (in *demoInput) records() int64 { return int64(len(in.lines)) * int64(in.repeat) }

func readDemoInput(source *lineReader, keys keyer, repeat int) (*demoInput, error) {
	defer source.close()
	in := &demoInput{repeat: repeat}
	different := map[string]bool{}
	for {
		text, err := source.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, err := keys.split(bytes.Clone(text))
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", source.name, source.line, err)
		}
		if line.key != nil {
			different[string(line.key)] = true
		}
		in.lines = append(in.lines, line)
		if in.bytes += int64(len(text)); in.bytes > maxDemoInput {
			return nil, fmt.Errorf("%s has more than %s; the demo holds its input in memory (use \"afkak produce\" for large files)", source.name, size(maxDemoInput))
		}
	}
	if len(in.lines) == 0 {
		return nil, fmt.Errorf("%s has no lines: there is nothing to send", source.name)
	}
	in.keys = len(different)
	return in, nil
}

// keyer finds the key of a line: a field of its JSON, or what stands before a separator.
type keyer struct {
	field     string
	separator []byte
}

func (k keyer) split(line []byte) (demoLine, error) {
	switch {
	case k.field != "":
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(line, &fields); err != nil {
			return demoLine{}, fmt.Errorf("not a JSON object (%w); choose keys with --key-separator, or none", err)
		}
		return demoLine{key: jsonKey(fields[k.field]), value: line}, nil
	case len(k.separator) > 0:
		if key, value, found := bytes.Cut(line, k.separator); found {
			return demoLine{key: key, value: value}, nil
		}
	}
	return demoLine{value: line}, nil
}

// jsonKey is a string's text, any other value's JSON, and no key for null or nothing.
func jsonKey(raw json.RawMessage) []byte {
	if raw == nil || string(raw) == "null" {
		return nil
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return []byte(text)
	}
	return raw
}
