package main

import (
	"fmt"
	"slices"
	"strings"
)

// release has the messages that one release of kafka-clients defines.
type release struct {
	byID  map[string]*message
	names map[int]string // API names by key, of all listeners
}

// id says which message of another release is the same: for requests and
// responses the API key, since names change.
func (m *message) id() string {
	if m.key >= 0 {
		return fmt.Sprintf("%s %d", m.kind, m.key)
	}
	return m.kind + " " + m.name
}

// resolveRelease resolves all definitions, leaves out the versions that are
// not stable, and messages without any.
func resolveRelease(defs []*definition) (*release, error) {
	r := &release{byID: map[string]*message{}, names: map[int]string{}}
	unstable := map[string]bool{}
	for _, def := range defs {
		m, err := resolve(def)
		if err != nil {
			return nil, err
		}
		r.byID[m.id()] = m
		if def.Type == "request" {
			r.names[m.key] = apiName(m.name)
			unstable[m.id()] = def.LatestVersionUnstable
		}
	}
	for id, m := range r.byID {
		if request := strings.Replace(id, "response", "request", 1); unstable[request] && m.valid != 0 {
			m.keep(m.valid &^ span(m.valid.max(), m.valid.max()))
		} else {
			m.keep(m.valid)
		}
		if m.valid == 0 {
			delete(r.byID, id)
		}
	}
	return r, nil
}

// mergeReleases joins both releases and returns the messages that clients of a
// broker meet: requests for the broker's listener, their responses, headers
// and data types. They are sorted by name.
func mergeReleases(floor, ceiling *release) ([]*message, error) {
	ids := map[string]bool{}
	for id := range floor.byID {
		ids[id] = true
	}
	for id := range ceiling.byID {
		ids[id] = true
	}
	var out []*message
	for id := range ids {
		request := strings.Replace(id, "response", "request", 1)
		if !forBrokers(floor.byID[request]) && !forBrokers(ceiling.byID[request]) {
			continue
		}
		m, err := mergeMessages(floor.byID[id], ceiling.byID[id])
		if err != nil {
			return nil, err
		}
		narrow(m.root, m.valid)
		if err := trim(m.root, map[*structType]bool{}); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		if err := m.checkSizes(m.root); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *message) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

func forBrokers(m *message) bool {
	return m != nil && (m.kind != "request" || slices.Contains(m.listeners, "broker"))
}

// checkSizes refuses arrays of structs that take no bytes in some version:
// nothing would bound their count.
func (m *message) checkSizes(s *structType) error {
	for _, f := range s.fields {
		if f.array && f.elemMinSize(m.flexible) < 1 {
			return fmt.Errorf("field %s: an array of empty elements", f.name)
		}
		if f.of == nil {
			continue
		}
		if err := m.checkSizes(f.of); err != nil {
			return err
		}
	}
	return nil
}
