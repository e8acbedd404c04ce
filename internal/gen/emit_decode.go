package main

// decodeMethod prints the method that reads s, into a struct whose fields are
// zero. That of the message itself finds the defaults set.
func (em *emission) decodeMethod(s *structType) {
	em.line("func (m *%s) decode(r *kbin.Reader, version int16) {", s.goName)
	if s != em.m.root && s.hasDefaults() && !s.always() {
		em.line("m.SetDefaults()")
	}
	for _, g := range s.untagged() {
		em.decodeGroup(s, g)
	}
	em.decodeTags(s)
	em.line("}\n")
}

// always reports that every field is there in every version.
func (s *structType) always() bool {
	for _, f := range s.fields {
		if f.versions != s.within || f.tagged != 0 {
			return false
		}
	}
	return true
}

func (em *emission) decodeGroup(s *structType, g group) {
	cond := g.versions.condition(s.within)
	if cond != "true" {
		em.line("if %s {", cond)
		defer em.line("}")
	}
	for _, f := range g.fields {
		em.decodeField(f)
	}
}

func (em *emission) decodeField(f *field) {
	v := "m." + f.goName
	switch {
	case f.array:
		em.decodeArray(f)
	case f.pointer() && f.of != nil:
		if f.tagged == 0 {
			em.line("if r.Present(%s) {", f.nullableExpr())
			defer em.line("}")
		}
		em.line("%s = new(%s)", v, f.of.goName)
		em.line("%s.decode(r, version)", v)
	case f.of != nil:
		em.line("%s.decode(r, version)", v)
	case f.pointer():
		em.line("%s = r.FlexNullableString(%s, %s)", v, em.flex(f), f.nullableExpr())
	case f.slice():
		em.line("%s = r.FlexBytes(%s, %s)", v, em.flex(f), f.nullableExpr())
	case f.kind == "string":
		em.line("%s = r.FlexString(%s)", v, em.flex(f))
	default:
		em.line("%s = r.%s()", v, primitiveMethod(f.kind))
	}
}

func (em *emission) decodeArray(f *field) {
	v := "m." + f.goName
	bound := "> 0"
	if f.nullable != 0 {
		bound = ">= 0" // empty is not null
	}
	em.line("if n := r.FlexArrayLen(%s, %s, %d); n %s {", em.flex(f), f.nullableExpr(), f.elemMinSize(em.m.flexible), bound)
	em.line("%s = newSlice[%s](r, n)", v, f.elemType())
	em.line("for i := 0; i < n && r.OK(); i++ {")
	switch {
	case f.of != nil:
		em.line("%s = append(%s, %s{})", v, v, f.of.goName)
		em.line("%s[i].decode(r, version)", v)
	case f.kind == "string":
		em.line("%s = append(%s, r.FlexString(%s))", v, v, em.flex(f))
	case f.kind == "bytes" || f.kind == "records":
		em.line("%s = append(%s, r.FlexBytes(%s, false))", v, v, em.flex(f))
	default:
		em.line("%s = append(%s, r.%s())", v, v, primitiveMethod(f.kind))
	}
	em.line("}")
	em.line("}")
}

func (em *emission) decodeTags(s *structType) {
	if !em.hasTags(s) {
		return
	}
	flexible := s.within & em.m.flexible
	if cond := em.m.flexible.condition(s.within); cond != "true" {
		em.line("if %s {", cond)
		defer em.line("}")
	}
	em.line("for tags := r.Tags(); tags.Next(); {")
	defer em.line("}")
	tagged := s.taggedFields()
	if len(tagged) == 0 {
		em.line("m.UnknownTags = append(m.UnknownTags, tags.Unknown())")
		return
	}
	em.line("switch {")
	for _, f := range tagged {
		if has := f.versions.condition(flexible); has != "true" {
			em.line("case tags.Number == %d && %s:", f.tag, has)
		} else {
			em.line("case tags.Number == %d:", f.tag)
		}
		em.decodeField(f)
	}
	em.line("default:")
	em.line("m.UnknownTags = append(m.UnknownTags, tags.Unknown())")
	em.line("}")
}
