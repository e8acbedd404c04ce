package main

import (
	"fmt"
	"slices"
)

// merger joins what two releases say of one message. Where both define a
// version they must agree on the bytes; names, defaults and the permission to
// ignore a field come from the newer one.
type merger struct {
	floorValid, ceilingValid versions
	done                     map[[2]*structType]*structType // common structs by where they come from
}

// side is one release's view of a struct: nil fields if it has none.
type side struct {
	fields []*field
	in     versions // in which this release has the struct
}

func sideOf(s *structType, in versions) side {
	if s == nil {
		return side{}
	}
	return side{s.fields, in}
}

// mergeMessages joins floor and ceiling, one of which may be nil.
func mergeMessages(floor, ceiling *message) (*message, error) {
	if floor == nil || ceiling == nil {
		return mergeAlone(floor, ceiling)
	}
	both := floor.valid & ceiling.valid
	if floor.flexible&both != ceiling.flexible&both {
		return nil, fmt.Errorf("%s: flexible versions differ: %s and %s", ceiling.name, floor.flexible&both, ceiling.flexible&both)
	}
	g := merger{floor.valid, ceiling.valid, map[[2]*structType]*structType{}}
	root, err := g.structs(floor.root, ceiling.root, floor.valid, ceiling.valid)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ceiling.name, err)
	}
	out := *ceiling
	out.valid |= floor.valid
	out.flexible |= floor.flexible
	out.listeners = append(slices.Clone(floor.listeners), ceiling.listeners...)
	out.root = root
	return &out, nil
}

func mergeAlone(floor, ceiling *message) (*message, error) {
	only := ceiling
	if only == nil {
		only = floor
	}
	g := merger{0, only.valid, map[[2]*structType]*structType{}}
	root, err := g.structs(nil, only.root, 0, only.valid)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", only.name, err)
	}
	out := *only
	out.root = root
	return &out, nil
}

// structs merges two structs, either of which may be nil, that exist in
// floorIn and ceilingIn.
func (g *merger) structs(floor, ceiling *structType, floorIn, ceilingIn versions) (*structType, error) {
	id := [2]*structType{floor, ceiling}
	common := ceiling
	if common == nil {
		common = floor
	}
	out := &structType{name: common.name}
	if common.name != "" { // other fields may use it in other versions
		if before, ok := g.done[id]; ok {
			return before, nil
		}
		g.done[id] = out
		floorIn, ceilingIn = g.floorValid, g.ceilingValid
	}
	f, c := sideOf(floor, floorIn), sideOf(ceiling, ceilingIn)
	pairs, err := pair(f, c)
	if err != nil {
		return nil, err
	}
	out.fields, err = g.zip(f, c, pairs)
	return out, err
}

// pair finds for each field of f the one of c that is at the same place on the
// wire in the versions that both have or, failing such versions, has the same
// name.
func pair(f, c side) (map[*field]*field, error) {
	pairs := map[*field]*field{}
	for v := range (f.in & c.in).all {
		if err := pairAt(v, f, c, pairs); err != nil {
			return nil, fmt.Errorf("version %d: %w", v, err)
		}
	}
	taken := map[*field]bool{}
	for _, to := range pairs {
		taken[to] = true
	}
	for _, ff := range f.fields {
		for _, cf := range c.fields {
			if pairs[ff] == nil && !taken[cf] && ff.name == cf.name {
				pairs[ff], taken[cf] = cf, true
			}
		}
	}
	return pairs, nil
}

func pairAt(v int, f, c side, pairs map[*field]*field) error {
	ff, cf := f.wireOrder(v), c.wireOrder(v)
	if len(ff) != len(cf) {
		return fmt.Errorf("%d fields in the floor, %d in the ceiling", len(ff), len(cf))
	}
	for i := range ff {
		if err := sameOnWire(v, ff[i], cf[i]); err != nil {
			return err
		}
		if before, ok := pairs[ff[i]]; ok && before != cf[i] {
			return fmt.Errorf("field %s stands for %s and for %s", ff[i].name, before.name, cf[i].name)
		}
		pairs[ff[i]] = cf[i]
	}
	return nil
}

// wireOrder is the fields of one version in their order on the wire.
func (s side) wireOrder(v int) []*field {
	var plain, tagged []*field
	for _, f := range s.fields {
		switch {
		case f.tagged.has(v):
			tagged = append(tagged, f)
		case f.versions.has(v):
			plain = append(plain, f)
		}
	}
	slices.SortFunc(tagged, func(a, b *field) int { return a.tag - b.tag })
	return append(plain, tagged...)
}

func sameOnWire(v int, f, c *field) error {
	switch {
	case f.kind != c.kind || f.array != c.array:
		return fmt.Errorf("field %s is %s in the floor, %s in the ceiling", c.name, f.kind, c.kind)
	case f.nullable.has(v) != c.nullable.has(v):
		return fmt.Errorf("field %s is nullable in one release only", c.name)
	case f.tagged.has(v) != c.tagged.has(v) || f.tagged.has(v) && f.tag != c.tag:
		return fmt.Errorf("field %s has another tag in the other release", c.name)
	case f.tagged.has(v) && f.def != c.def:
		return fmt.Errorf("tagged field %s has default %q and %q", c.name, f.def, c.def)
	case f.plain != c.plain:
		return fmt.Errorf("field %s is flexible in one release only", c.name)
	}
	return nil
}

// zip merges the two field lists, keeping the order of both.
func (g *merger) zip(f, c side, pairs map[*field]*field) ([]*field, error) {
	paired := map[*field]bool{}
	for _, cf := range pairs {
		paired[cf] = true
	}
	var out []*field
	add := func(ff, cf *field) error {
		merged, err := g.fields(ff, cf, f.in, c.in)
		if err == nil && merged.versions != 0 {
			out = append(out, merged)
		}
		return err
	}
	rest := c.fields
	for _, ff := range f.fields {
		to := pairs[ff]
		for to != nil && len(rest) > 0 && !paired[rest[0]] { // only in the ceiling, before the next pair
			if err := add(nil, rest[0]); err != nil {
				return nil, err
			}
			rest = rest[1:]
		}
		if to != nil {
			if len(rest) == 0 || rest[0] != to {
				return nil, fmt.Errorf("field %s is in another order in the other release", ff.name)
			}
			rest = rest[1:]
		}
		if err := add(ff, to); err != nil {
			return nil, err
		}
	}
	for _, cf := range rest {
		if err := add(nil, cf); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// fields merges two fields, either of which may be nil.
func (g *merger) fields(f, c *field, floorIn, ceilingIn versions) (*field, error) {
	out := field{}
	if c != nil {
		out = *c
	} else {
		out = *f
	}
	if f != nil && c != nil && (f.kind != c.kind || f.array != c.array || f.plain != c.plain) {
		return nil, fmt.Errorf("field %s has different types in the two releases", c.name)
	}
	out.versions, out.nullable, out.tagged = 0, 0, 0
	var floorOf, ceilingOf *structType
	var floorHas, ceilingHas versions
	if f != nil {
		only := floorIn &^ ceilingIn
		out.versions, out.nullable, out.tagged = f.versions&only, f.nullable&only, f.tagged&only
		floorOf, floorHas = f.of, f.versions&floorIn
	}
	if c != nil {
		out.versions |= c.versions & ceilingIn
		out.nullable |= c.nullable & ceilingIn
		out.tagged |= c.tagged & ceilingIn
		ceilingOf, ceilingHas = c.of, c.versions&ceilingIn
	}
	if out.kind != "struct" {
		return &out, nil
	}
	var err error
	if out.of, err = g.structs(floorOf, ceilingOf, floorHas, ceilingHas); err != nil {
		return nil, fmt.Errorf("field %s: %w", out.name, err)
	}
	return &out, nil
}

// narrow takes from every struct and field the versions in which it cannot
// occur, because its surroundings do not, and drops fields without any.
func narrow(s *structType, within versions) {
	grown := s.within | within
	if grown == s.within {
		return
	}
	s.within = grown
	for _, f := range s.fields {
		if f.of != nil {
			narrow(f.of, f.versions&s.within)
		}
	}
}

// trim finishes narrow, once the versions of all structs are known.
func trim(s *structType, seen map[*structType]bool) error {
	if seen[s] {
		return nil
	}
	seen[s] = true
	kept := s.fields[:0]
	for _, f := range s.fields {
		f.versions &= s.within
		f.nullable &= s.within
		f.tagged &= s.within
		if f.versions == 0 {
			continue
		}
		if err := f.check(s.within); err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
		kept = append(kept, f)
		if f.of == nil {
			continue
		}
		if err := trim(f.of, seen); err != nil {
			return fmt.Errorf("field %s: %w", f.name, err)
		}
	}
	s.fields = kept
	return nil
}
