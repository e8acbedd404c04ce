package main

import "strings"

// entryPoints prints the exported methods of a message.
func (em *emission) entryPoints() {
	em.print(newText)
	switch em.m.kind {
	case "request":
		em.print(keyText)
		em.print(newResponseText)
	case "response":
		em.print(keyText)
	default:
		em.print(versionsText)
	}
	em.print(appendText)
	if em.hasRecords() {
		em.print(vectorText)
	}
	switch em.m.kind {
	case "header":
		em.print(decodeHeaderText)
	case "data":
		em.print(decodeText)
		em.print(decodePrefixText)
	default:
		em.print(decodeText)
	}
}

func (em *emission) hasRecords() bool {
	for _, s := range em.structs {
		for _, f := range s.fields {
			if f.kind == "records" {
				return true
			}
		}
	}
	return false
}

// print fills in a text about the message.
func (em *emission) print(text string) {
	r := strings.NewReplacer(
		"$Message", em.m.root.goName,
		"$Response", goName(strings.TrimSuffix(em.m.name, "Request")+"Response"),
		"$Key", "Key"+goName(apiName(em.m.name)),
		"$min", itoa(em.m.valid.min()),
		"$max", itoa(em.m.valid.max()),
	)
	em.line("%s", r.Replace(text))
}

const newText = `// New$Message returns a $Message with every field at its default.
func New$Message() *$Message {
	m := new($Message)
	m.SetDefaults()
	return m
}
`

const keyText = `// Key is [$Key].
func (*$Message) Key() APIKey { return $Key }
`

const newResponseText = `// NewResponse returns an empty *[$Response].
func (*$Message) NewResponse() Response { return New$Response() }
`

const versionsText = `// Versions is the range of versions that can be appended and decoded.
func (*$Message) Versions() VersionRange { return VersionRange{$min, $max} }
`

const appendText = `// AppendTo appends the message as version has it, see [Message].
func (m *$Message) AppendTo(dst []byte, version int16) ([]byte, error) {
	if version < $min || version > $max {
		return dst, badVersion("encode", "$Message", version, $min, $max)
	}
	w := kbin.Writer{B: dst}
	m.append(&w, version)
	if err := w.Err(); err != nil {
		return dst, encodeError("$Message", version, err)
	}
	return w.B, nil
}
`

const vectorText = `// AppendVector appends the message without its large record batches, see [VectorAppender].
func (m *$Message) AppendVector(dst []byte, version int16, cuts []kbin.Cut) ([]byte, []kbin.Cut, error) {
	if version < $min || version > $max {
		return dst, cuts, badVersion("encode", "$Message", version, $min, $max)
	}
	w := kbin.Writer{B: dst, Vector: true, Cuts: cuts}
	m.append(&w, version)
	if err := w.Err(); err != nil {
		return dst, cuts, encodeError("$Message", version, err)
	}
	return w.B, w.Cuts, nil
}
`

const decodeText = `// DecodeFrom sets the message to what src holds, see [Message].
func (m *$Message) DecodeFrom(src []byte, version int16) error {
	if version < $min || version > $max {
		return badVersion("decode", "$Message", version, $min, $max)
	}
	m.SetDefaults()
	r := kbin.NewReader(src)
	m.decode(&r, version)
	if err := r.End(); err != nil {
		return decodeError("$Message", version, err)
	}
	return nil
}
`

const decodePrefixText = `// DecodePrefix is DecodeFrom, but allows bytes to be left over, as newer
// versions may have them. It returns how many it has read.
func (m *$Message) DecodePrefix(src []byte, version int16) (int, error) {
` + prefixBody

const decodeHeaderText = `// DecodeFrom sets the header to what src begins with and returns how many
// bytes that is. See [Message].
func (m *$Message) DecodeFrom(src []byte, version int16) (int, error) {
` + prefixBody

const prefixBody = `	if version < $min || version > $max {
		return 0, badVersion("decode", "$Message", version, $min, $max)
	}
	m.SetDefaults()
	r := kbin.NewReader(src)
	m.decode(&r, version)
	if err := r.Err(); err != nil {
		return 0, decodeError("$Message", version, err)
	}
	return r.Offset(), nil
}
`
