package main

import "fmt"

// appendMethod prints the method that writes s.
func (em *emission) appendMethod(s *structType) {
	em.line("func (m *%s) append(w *kbin.Writer, version int16) {", s.goName)
	for _, g := range s.untagged() {
		em.appendGroup(s, g)
	}
	for _, f := range s.taggedFields() {
		em.refuseAbsent(s, f)
	}
	em.appendTags(s)
	em.line("}\n")
}

func (em *emission) appendGroup(s *structType, g group) {
	cond := g.versions.condition(s.within)
	if cond == "true" {
		em.appendFields(g.fields)
		return
	}
	var strict []*field // must not be set where they are absent
	for _, f := range g.fields {
		if !f.ignorable {
			strict = append(strict, f)
		}
	}
	em.line("if %s {", cond)
	em.appendFields(g.fields)
	switch len(strict) {
	case 0:
		em.line("}")
	case 1:
		em.line("} else if %s {", strict[0].isSet())
		em.line("w.Unsupported(%q)", strict[0].path)
		em.line("}")
	default:
		em.line("} else {")
		for _, f := range strict {
			em.unsupportedIf(f.isSet(), f)
		}
		em.line("}")
	}
}

// refuseAbsent prints the check of a tagged field in versions without it.
func (em *emission) refuseAbsent(s *structType, f *field) {
	if absent := s.within &^ f.versions; absent != 0 && !f.ignorable {
		em.unsupportedIf(absent.condition(s.within)+" && "+f.isSet(), f)
	}
}

func (em *emission) unsupportedIf(cond string, f *field) {
	em.line("if %s {", cond)
	em.line("w.Unsupported(%q)", f.path)
	em.line("}")
}

func (em *emission) appendFields(fields []*field) {
	for _, f := range fields {
		em.appendField(f)
	}
}

func (em *emission) appendField(f *field) {
	v := "m." + f.goName
	switch {
	case f.array:
		em.appendArray(f)
	case f.pointer() && f.of != nil && f.tagged == 0:
		em.line("if w.Present(%q, %s != nil, %s) {", f.path, v, f.nullableExpr())
		em.line("%s.append(w, version)", v)
		em.line("}")
	default:
		em.appendElem(f, v)
	}
}

func (em *emission) appendArray(f *field) {
	v := "m." + f.goName
	if f.nullable != 0 {
		em.line("w.NullableArrayLen(%q, %s == nil, len(%s), %s, %s)", f.path, v, v, em.flex(f), f.nullableExpr())
	} else {
		em.line("w.ArrayLen(%q, len(%s), %s)", f.path, v, em.flex(f))
	}
	if f.of != nil {
		em.line("for i := range %s {", v)
		em.line("%s[i].append(w, version)", v)
	} else {
		em.line("for _, v := range %s {", v)
		elem := *f
		elem.array, elem.nullable = false, 0
		em.appendElem(&elem, "v")
	}
	em.line("}")
}

// appendElem prints the writing of a single value that v names.
func (em *emission) appendElem(f *field, v string) {
	kind := map[string]string{"string": "String", "bytes": "Bytes", "records": "Records"}[f.kind]
	switch {
	case f.of != nil:
		em.line("%s.append(w, version)", v)
	case kind != "" && f.nullable != 0:
		em.line("w.Nullable%s(%q, %s, %s, %s)", kind, f.path, v, em.flex(f), f.nullableExpr())
	case kind != "":
		em.line("w.%s(%q, %s, %s)", kind, f.path, v, em.flex(f))
	default:
		em.line("w.%s(%s)", primitiveMethod(f.kind), v)
	}
}

// primitiveMethod is the name of the method of kbin's Reader and Writer.
func primitiveMethod(kind string) string {
	name, ok := map[string]string{
		"bool": "Bool", "int8": "Int8", "int16": "Int16", "uint16": "Uint16", "int32": "Int32", "uint32": "Uint32",
		"int64": "Int64", "float64": "Float64", "uuid": "UUID",
	}[kind]
	if !ok {
		panic(fmt.Sprintf("no method for %s", kind))
	}
	return name
}

func (em *emission) appendTags(s *structType) {
	if !em.hasTags(s) {
		return
	}
	cond := em.m.flexible.condition(s.within)
	if cond != "true" {
		em.line("if %s {", cond)
	}
	if tagged := s.taggedFields(); len(tagged) == 0 {
		em.line("w.Tags(m.UnknownTags)")
	} else {
		em.line("tags := w.BeginTags(m.UnknownTags)")
		for _, f := range tagged {
			em.appendTagged(s, f)
		}
		em.line("tags.End()")
	}
	if cond != "true" {
		em.line("} else if len(m.UnknownTags) > 0 {")
		em.line("w.Unsupported(\"%sUnknownTags\")", em.pathOf(s))
		em.line("}")
	}
}

// pathOf is the path of the fields of s, with a dot at its end.
func (em *emission) pathOf(s *structType) string {
	for _, parent := range em.structs {
		for _, f := range parent.fields {
			if f.of == s {
				return f.structPath()
			}
		}
	}
	return ""
}

func (em *emission) appendTagged(s *structType, f *field) {
	cond := f.differs()
	if has := f.versions.condition(s.within & em.m.flexible); has != "true" {
		cond = has + " && " + cond
	}
	em.line("if %s {", cond)
	em.line("at := tags.Begin(%d)", f.tag)
	em.appendField(f)
	em.line("tags.Close(at)")
	em.line("}")
}
