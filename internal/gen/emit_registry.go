package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

func itoa(n int) string { return strconv.Itoa(n) }

// apiName is the name of the API that a request or response belongs to.
func apiName(message string) string {
	return strings.TrimSuffix(strings.TrimSuffix(message, "Request"), "Response")
}

// api is a request with its response.
type api struct {
	name              string
	key               int
	request, response *message
}

// emitRegistry prints the table of APIs. names has all keys that Kafka knows,
// those without messages here as well.
func (e *emitter) emitRegistry(apis []api, names map[int]string, data []*message) (file, error) {
	p := new(printer)
	p.line("// The API keys of the requests in this package.\nconst (")
	for _, a := range apis {
		p.line("Key%s APIKey = %d", goName(a.name), a.key)
	}
	p.line(")\n")
	p.line("// apis has all requests of this package, by key.\nvar apis = [...]API{")
	for _, a := range apis {
		flexible := -1
		if a.request.flexible != 0 {
			flexible = a.request.flexible.min()
		}
		p.line("{Key%s, %d, %d, %d},", goName(a.name), a.request.valid.min(), a.request.valid.max(), flexible)
	}
	p.line("}\n")
	e.names(p, names)
	e.constructor(p, "NewRequest", "Request", "the request", apis)
	e.constructor(p, "NewResponse", "Response", "the response", apis)
	p.line("// dataTypes makes one of each type that is not a request or response.\nvar dataTypes = []func() dataType{")
	for _, m := range data {
		if m.kind == "data" {
			p.line("func() dataType { return New%s() },", m.root.goName)
		}
	}
	p.line("}")
	return e.file("registry.go", p)
}

func (e *emitter) names(p *printer, names map[int]string) {
	p.line("// apiNames has the names of all keys, also of those that brokers only use among themselves.")
	p.line("var apiNames = [...]string{")
	var keys []int
	for key := range names {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		p.line("%d: %q,", key, names[key])
	}
	p.line("}\n")
}

func (e *emitter) constructor(p *printer, name, kind, what string, apis []api) {
	p.line("// %s returns %s with the given key, every field at its default, or nil if\n// this package does not have it.", name, what)
	p.line("func %s(key APIKey) %s {\nswitch key {", name, kind)
	for _, a := range apis {
		p.line("case Key%s:\nreturn New%s()", goName(a.name), goName(a.name+kind))
	}
	p.line("}\nreturn nil\n}\n")
}

// about is the comment on a message.
func (e *emitter) about(m *message, ceiling versions) string {
	name := goName(m.name)
	text := name + " is "
	switch m.kind {
	case "request":
		text += fmt.Sprintf("the request of %s (API key %d)", apiName(m.name), m.key)
	case "response":
		text += fmt.Sprintf("the response of %s (API key %d)", apiName(m.name), m.key)
	case "header":
		text += "a header"
	default:
		text += "a data type"
	}
	text += ": " + m.valid.String()
	switch {
	case m.flexible == m.valid:
		text += ", flexible"
	case m.flexible != 0:
		text += fmt.Sprintf(", flexible from %d", m.flexible.min())
	}
	text += "."
	if ceiling != 0 && ceiling != m.valid {
		text += fmt.Sprintf("\n// kafka-clients %s no longer has %s.", e.ceiling, m.valid&^ceiling)
	}
	return text
}
