package main

import (
	"fmt"
	"strconv"
	"strings"
)

// goTypes are the Go types of the primitives.
var goTypes = map[string]string{
	"bool": "bool", "int8": "int8", "int16": "int16", "uint16": "uint16", "int32": "int32", "uint32": "uint32",
	"int64": "int64", "float64": "float64", "uuid": "UUID", "string": "string", "bytes": "[]byte", "records": "[]byte",
}

// elemType is the Go type of the field or, of an array, of its elements.
func (f *field) elemType() string {
	if f.of != nil {
		return f.of.goName
	}
	return goTypes[f.kind]
}

func (f *field) goType() string {
	switch {
	case f.array:
		return "[]" + f.elemType()
	case f.pointer():
		return "*" + f.elemType()
	default:
		return f.elemType()
	}
}

// pointer reports that null needs a pointer in Go. Structs in tagged fields
// are pointers as well, nil where the field is not there: their default is not
// the zero value, and most messages do without them.
func (f *field) pointer() bool {
	switch {
	case f.array:
		return false
	case f.of != nil:
		return f.nullable != 0 || f.tagged != 0
	default:
		return f.nullable != 0 && f.kind == "string"
	}
}

// slice reports that the Go type is a slice.
func (f *field) slice() bool { return f.array || f.kind == "bytes" || f.kind == "records" }

// defaultExpr is the Go expression of the default, or "" if it is the zero
// value.
func (f *field) defaultExpr() string {
	switch {
	case f.slice() || f.pointer() || f.of != nil || f.def == "" || f.def == "0" || f.def == "false":
		return ""
	case f.kind == "string":
		return strconv.Quote(f.def)
	default:
		return f.def
	}
}

// differs is the Go expression for a value other than the default.
func (f *field) differs() string {
	v := "m." + f.goName
	def := f.defaultExpr()
	switch {
	case f.nullDefault() && (f.slice() || f.pointer()), f.pointer() && f.of != nil:
		return v + " != nil"
	case f.slice():
		return fmt.Sprintf("len(%s) > 0", v)
	case f.pointer():
		return fmt.Sprintf(`%s != nil && *%s != ""`, v, v)
	case f.kind == "bool" && def == "true":
		return "!" + v
	case f.kind == "bool":
		return v
	case f.kind == "uuid":
		return v + " != (UUID{})"
	case f.kind == "string" && def == "":
		return v + ` != ""`
	case def == "":
		return v + " != 0"
	default:
		return v + " != " + def
	}
}

// isSet is the Go expression for a value that a version without the field must
// refuse. Where the default is another number, Go's zero is what a struct
// literal leaves behind, and not a wish.
func (f *field) isSet() string {
	switch f.defaultExpr() {
	case "", "true":
		return f.differs()
	}
	if f.kind == "string" || zeroIsAValue[f.goName] {
		return f.differs()
	}
	return f.differs() + " && m." + f.goName + " != 0"
}

// zeroIsAValue lists the fields whose zero a caller may well mean: the first
// producer of a cluster has the ID 0 and the epoch 0 (KIP-360).
var zeroIsAValue = map[string]bool{
	"ProducerID":    true,
	"ProducerEpoch": true,
}

// isSingleStruct reports a struct that stands in its parent by value.
func (f *field) isSingleStruct() bool { return f.of != nil && !f.array && !f.pointer() }

// hasDefaults reports that some field of s, or of a struct in it by value, has
// a default other than the zero value.
func (s *structType) hasDefaults() bool {
	for _, f := range s.fields {
		if f.defaultExpr() != "" || f.isSingleStruct() && f.of.hasDefaults() {
			return true
		}
	}
	return false
}

// fact is what the comment on a field says, or "".
func (f *field) fact(s *structType) string {
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if f.versions != s.within {
		add("%s", f.versions.describe(s.within))
	}
	if f.tagged != 0 {
		add("tag %d", f.tag)
	}
	if f.nullable == f.versions {
		add("nullable")
	} else if f.nullable != 0 {
		add("nullable in %s", f.nullable.describe(s.within))
	}
	if def := f.defaultExpr(); def != "" {
		add("default %s", def)
	}
	if f.ignorable && f.versions != s.within {
		add("ignorable")
	}
	return strings.Join(parts, "; ")
}

// minSize is the least number of bytes that an element of s takes in any
// version.
func (s *structType) minSize(flexible versions) int {
	least := -1
	for v := range s.within.all {
		n := s.sizeAt(v, flexible)
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

func (s *structType) sizeAt(v int, flexible versions) int {
	n := 0
	for _, f := range s.fields {
		if f.versions.has(v) && !f.tagged.has(v) {
			n += f.sizeAt(v, flexible)
		}
	}
	if flexible.has(v) {
		n++ // the count of tagged fields
	}
	return n
}

func (f *field) sizeAt(v int, flexible versions) int {
	flex := flexible.has(v) && !f.plain
	switch {
	case (f.array || f.kind == "bytes" || f.kind == "records") && !flex:
		return 4
	case f.array || f.kind == "bytes" || f.kind == "records":
		return 1
	case f.pointer() && f.of != nil && f.nullable.has(v):
		return 1
	case f.of != nil:
		return f.of.sizeAt(v, flexible)
	default:
		return primitiveSize(f.kind, flex)
	}
}

// elemMinSize is minSize for the elements of an array field.
func (f *field) elemMinSize(flexible versions) int {
	if f.of != nil {
		return f.of.minSize(flexible)
	}
	if flexible&f.versions != 0 {
		return primitiveSize(f.kind, true)
	}
	return primitiveSize(f.kind, false)
}

func primitiveSize(kind string, flex bool) int {
	switch kind {
	case "bool", "int8":
		return 1
	case "int16", "uint16":
		return 2
	case "int32", "uint32":
		return 4
	case "int64", "float64":
		return 8
	case "uuid":
		return 16
	}
	switch {
	case flex: // a length of one byte
		return 1
	case kind == "string":
		return 2
	default: // bytes
		return 4
	}
}
