package main

import (
	"fmt"
	"strings"
	"unicode"
)

// goWord spells the words that Kafka writes in mixed case and Go does not.
var goWord = map[string]string{
	"Id": "ID", "Ids": "IDs", "Api": "API", "Apis": "APIs", "Url": "URL", "Urls": "URLs", "Uuid": "UUID", "Uuids": "UUIDs",
}

// renamed has the fields whose Go name is also that of a method, by message.
var renamed = map[string]string{
	"FindCoordinatorRequest.Key": "CoordinatorKey",
}

// words splits a name in camel case.
func words(name string) []string {
	var out []string
	start := 0
	runes := []rune(name)
	for i := 1; i < len(runes); i++ {
		if unicode.IsUpper(runes[i]) && !unicode.IsUpper(runes[i-1]) {
			out = append(out, string(runes[start:i]))
			start = i
		}
	}
	return append(out, string(runes[start:]))
}

// goName is the exported Go name for one of Kafka's names.
func goName(name string) string {
	var b strings.Builder
	for _, w := range words(name) {
		w = strings.ToUpper(w[:1]) + w[1:]
		if special, ok := goWord[w]; ok {
			w = special
		}
		b.WriteString(w)
	}
	return b.String()
}

// snake is the file name for one of Kafka's names, without extension.
func snake(name string) string {
	return strings.ToLower(strings.Join(words(name), "_"))
}

// singular is the name for one of what name is the plural of.
func singular(name string) string {
	for _, rule := range []struct{ plural, one string }{
		{"ies", "y"}, {"sses", "ss"}, {"xes", "x"}, {"ches", "ch"}, {"shes", "sh"}, {"uses", "us"},
		{"us", "us"}, {"ss", "ss"}, {"s", ""},
	} {
		if stem, ok := strings.CutSuffix(name, rule.plural); ok {
			return stem + rule.one
		}
	}
	return name
}

// namer gives the structs of all messages their Go names.
type namer struct {
	taken map[string]bool
}

// message names everything in m. Types are called after the message and the
// path of fields, common structs after the message and their own name.
func (n *namer) message(m *message) error {
	return n.structType(m.root, goName(m.name), "", goName(m.name))
}

func (n *namer) structType(s *structType, name, path, message string) error {
	if s.goName != "" {
		return nil
	}
	if n.taken[name] {
		return fmt.Errorf("type %s twice", name)
	}
	n.taken[name] = true
	s.goName = name
	fields := map[string]bool{}
	for _, f := range s.fields {
		f.goName = goName(f.name)
		if other, ok := renamed[name+"."+f.goName]; ok {
			f.goName = other
		}
		f.path = path + f.goName
		if fields[f.goName] {
			return fmt.Errorf("field %s.%s twice", name, f.goName)
		}
		fields[f.goName] = true
		if f.of == nil {
			continue
		}
		if err := n.structType(f.of, f.structName(name, message), f.structPath(), message); err != nil {
			return err
		}
	}
	return nil
}

func (f *field) structName(parent, message string) string {
	switch {
	case f.of.name != "":
		return message + goName(f.of.name)
	case f.array:
		return parent + singular(f.goName)
	default:
		return parent + f.goName
	}
}

func (f *field) structPath() string {
	if f.of.name != "" {
		return goName(f.of.name) + "."
	}
	return f.path + "."
}
