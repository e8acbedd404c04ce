package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// definition is one message definition as Kafka writes it.
type definition struct {
	APIKey                *int        `json:"apiKey"`
	Type                  string      `json:"type"` // request, response, header or data
	Name                  string      `json:"name"`
	Listeners             []string    `json:"listeners"`
	ValidVersions         string      `json:"validVersions"`
	DeprecatedVersions    string      `json:"deprecatedVersions"`
	FlexibleVersions      string      `json:"flexibleVersions"`
	LatestVersionUnstable bool        `json:"latestVersionUnstable"`
	Fields                []fieldDef  `json:"fields"`
	CommonStructs         []structDef `json:"commonStructs"`
}

// structDef is a struct that several fields of one message refer to by name.
type structDef struct {
	Name     string     `json:"name"`
	Versions string     `json:"versions"`
	Fields   []fieldDef `json:"fields"`
}

// fieldDef is one field. What this generator has no use for is here as well,
// so that an attribute that Kafka adds is noticed.
type fieldDef struct {
	Name             string          `json:"name"`
	Type             string          `json:"type"`
	Versions         string          `json:"versions"`
	NullableVersions string          `json:"nullableVersions"`
	TaggedVersions   string          `json:"taggedVersions"`
	FlexibleVersions string          `json:"flexibleVersions"`
	Tag              *number         `json:"tag"`
	Default          json.RawMessage `json:"default"`
	Ignorable        bool            `json:"ignorable"`
	Fields           []fieldDef      `json:"fields"`
	MapKey           bool            `json:"mapKey"`
	EntityType       string          `json:"entityType"`
	ZeroCopy         bool            `json:"zeroCopy"`
	About            string          `json:"about"`
}

// parseDefinition reads a definition file: JSON with // comments.
func parseDefinition(file string, b []byte) (*definition, error) {
	dec := json.NewDecoder(bytes.NewReader(stripComments(b)))
	dec.DisallowUnknownFields()
	def := new(definition)
	if err := dec.Decode(def); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return def, nil
}

// stripComments removes what follows // up to the end of the line, outside
// string literals.
func stripComments(b []byte) []byte {
	out := make([]byte, 0, len(b))
	inString := false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\' && i+1 < len(b):
			out = append(out, c)
			i++
		case c == '"':
			inString = !inString
		case !inString && bytes.HasPrefix(b[i:], []byte("//")):
			end := bytes.IndexByte(b[i:], '\n')
			if end < 0 {
				return out
			}
			i += end
		}
		out = append(out, b[i])
	}
	return out
}

// defaultText is the default of a field as text: definitions write numbers
// and booleans with and without quotes.
func (f *fieldDef) defaultText() (string, error) {
	s := strings.TrimSpace(string(f.Default))
	if strings.HasPrefix(s, `"`) {
		return strconv.Unquote(s)
	}
	return s, nil
}

// number is an integer that definitions write with and without quotes.
type number int

// UnmarshalJSON accepts 3 and "3".
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.Atoi(strings.Trim(string(b), `"`))
	*n = number(v)
	return err
}
