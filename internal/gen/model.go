package main

import (
	"fmt"
	"slices"
	"strings"
)

// message is a definition with everything in it resolved.
type message struct {
	name      string
	kind      string // request, response, header or data
	key       int    // -1 for headers and data
	listeners []string
	valid     versions // the stable ones
	flexible  versions // within valid
	root      *structType
}

// structType is a message, an inline struct or a common struct.
type structType struct {
	name   string // of a common struct, else empty
	fields []*field

	goName string   // set by name
	within versions // in which the struct occurs; set by narrow
}

// field is one field of a struct.
type field struct {
	name      string
	path      string // in Go names from the message on; set by name
	goName    string // set by name
	kind      string // a primitive, or "struct"
	array     bool
	of        *structType // if kind is "struct"
	versions  versions    // in which it exists, tagged or not
	nullable  versions    // within versions
	tagged    versions    // within versions
	tag       int         // -1 if never tagged
	plain     bool        // never in the compact form
	def       string      // default as text; empty: the zero value
	ignorable bool
}

// nullDefault reports that the default is null.
func (f *field) nullDefault() bool { return f.def == "null" }

var primitives = []string{
	"bool", "int8", "int16", "uint16", "int32", "uint32", "int64", "float64", "uuid", "string", "bytes", "records",
}

// resolve turns a definition into a message.
func resolve(def *definition) (*message, error) {
	m := &message{name: def.Name, kind: def.Type, key: -1, listeners: def.Listeners}
	if def.APIKey != nil {
		m.key = *def.APIKey
	}
	var err error
	if m.valid, err = parseVersions(def.ValidVersions); err != nil {
		return nil, fmt.Errorf("%s: %w", def.Name, err)
	}
	if m.flexible, err = parseVersions(def.FlexibleVersions); err != nil {
		return nil, fmt.Errorf("%s: %w", def.Name, err)
	}
	r := resolver{common: map[string]*structType{}}
	if err := r.addCommon(def.CommonStructs); err != nil {
		return nil, fmt.Errorf("%s: %w", def.Name, err)
	}
	m.root, err = r.structOf("", def.Fields)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", def.Name, err)
	}
	return m, nil
}

// keep narrows the message to the given versions.
func (m *message) keep(vs versions) {
	m.valid &= vs
	m.flexible &= m.valid
}

// resolver knows the common structs of one message.
type resolver struct {
	common map[string]*structType
}

func (r *resolver) addCommon(defs []structDef) error {
	for _, d := range defs {
		r.common[d.Name] = &structType{name: d.Name}
	}
	for _, d := range defs { // they refer to each other in any order
		s, err := r.structOf(d.Name, d.Fields)
		if err != nil {
			return err
		}
		r.common[d.Name].fields = s.fields
	}
	return nil
}

func (r *resolver) structOf(name string, defs []fieldDef) (*structType, error) {
	s := &structType{name: name}
	for i := range defs {
		f, err := r.field(&defs[i])
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", defs[i].Name, err)
		}
		s.fields = append(s.fields, f)
	}
	return s, nil
}

func (r *resolver) field(def *fieldDef) (*field, error) {
	f := &field{name: def.Name, tag: -1, ignorable: def.Ignorable}
	var err error
	if f.versions, err = parseVersions(def.Versions); err != nil {
		return nil, err
	}
	if f.nullable, err = parseVersions(def.NullableVersions); err != nil {
		return nil, err
	}
	if f.tagged, err = parseVersions(def.TaggedVersions); err != nil {
		return nil, err
	}
	f.nullable &= f.versions
	f.tagged &= f.versions
	if def.Tag != nil {
		f.tag = int(*def.Tag)
	}
	if f.def, err = def.defaultText(); err != nil {
		return nil, err
	}
	switch def.FlexibleVersions {
	case "":
	case "none":
		f.plain = true
	default:
		return nil, fmt.Errorf("flexible versions %q of a field", def.FlexibleVersions)
	}
	return f, r.setType(f, def)
}

func (r *resolver) setType(f *field, def *fieldDef) error {
	name, array := strings.CutPrefix(def.Type, "[]")
	f.kind, f.array = name, array
	if slices.Contains(primitives, name) {
		return nil
	}
	f.kind = "struct"
	if s, ok := r.common[name]; ok && len(def.Fields) == 0 {
		f.of = s
		return nil
	}
	if len(def.Fields) == 0 {
		return fmt.Errorf("type %q is not known", def.Type)
	}
	s, err := r.structOf("", def.Fields)
	f.of = s
	return err
}

// check refuses what the emitted code could not express.
func (f *field) check(within versions) error {
	single := f.kind == "struct" && !f.array
	switch {
	case f.tagged != 0 && f.tagged != f.versions:
		return fmt.Errorf("tagged in %s only, not %s", f.tagged, f.versions)
	case single && f.nullable|f.tagged == 0 && f.versions != within && !f.ignorable:
		return fmt.Errorf("a struct by value that is not ignorable, in %s only", f.versions)
	case f.tagged != 0 && f.tag < 0:
		return fmt.Errorf("tagged without a tag")
	case f.tagged != 0 && f.nullable != 0 && !f.nullDefault():
		return fmt.Errorf("tagged and nullable, but the default is not null")
	case f.tagged != 0 && single && f.nullable != 0:
		return fmt.Errorf("a nullable struct as a tagged field")
	case single && f.nullable != 0 && f.nullable != f.versions:
		return fmt.Errorf("a struct nullable in %s only, not %s", f.nullable, f.versions)
	case f.nullDefault() && f.nullable == 0:
		return fmt.Errorf("default null, but never nullable")
	case f.array && f.def != "" && f.def != "null":
		return fmt.Errorf("default %q of an array", f.def)
	case f.nullable != 0 && !f.array && !slices.Contains([]string{"string", "bytes", "records", "struct"}, f.kind):
		return fmt.Errorf("a nullable %s", f.kind)
	case f.nullable != 0 && f.def != "" && f.def != "null":
		return fmt.Errorf("nullable with default %q", f.def)
	}
	return nil
}
