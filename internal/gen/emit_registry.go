package main

import (
	"fmt"
	"maps"
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

// pairUp sorts messages into APIs, by key, and others.
func pairUp(messages []*message) (apis []api, others []*message, err error) {
	byKey := map[int]*api{}
	for _, m := range messages {
		if m.key < 0 {
			others = append(others, m)
			continue
		}
		a := byKey[m.key]
		if a == nil {
			a = &api{name: apiName(m.name), key: m.key}
			byKey[m.key] = a
		}
		if m.kind == "request" {
			a.request = m
		} else {
			a.response = m
		}
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		a := byKey[key]
		if a.request == nil || a.response == nil || a.request.valid != a.response.valid {
			return nil, nil, fmt.Errorf("%s: request and response do not have the same versions", a.name)
		}
		apis = append(apis, *a)
	}
	return apis, others, nil
}

// registry prints the table of APIs.
func (e *emitter) registry(apis []api, others []*message) (file, error) {
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
	e.apiNames(p)
	e.constructor(p, "NewRequest", "Request", "the request", apis)
	e.constructor(p, "NewResponse", "Response", "the response", apis)
	p.line("// dataTypes makes one of each type that is not a request or response.\nvar dataTypes = []func() dataType{")
	for _, m := range others {
		if m.kind == "data" {
			p.line("func() dataType { return New%s() },", m.root.goName)
		}
	}
	p.line("}")
	return e.file("registry.go", p)
}

func (e *emitter) apiNames(p *printer) {
	p.line("// apiNames has the names of all keys, also of those that brokers only use among themselves.")
	p.line("var apiNames = [...]string{")
	for _, key := range slices.Sorted(maps.Keys(e.names)) {
		p.line("%d: %q,", key, e.names[key])
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
func (e *emitter) about(m *message) string {
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
	if in := e.newest.byID[m.id()]; in != nil && in.valid != m.valid {
		text += fmt.Sprintf("\n// kafka-clients %s no longer has %s.", e.ceiling, m.valid&^in.valid)
	}
	return text
}
