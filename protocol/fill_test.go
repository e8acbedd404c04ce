package protocol

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
)

// subject is one message type under test.
type subject struct {
	name string
	VersionRange
	new func() Message
}

// subjects lists all requests, responses and data types.
func subjects() []subject {
	var out []subject
	for _, a := range APIs() {
		out = append(out,
			subject{typeName(NewRequest(a.Key)), a.Range(), func() Message { return NewRequest(a.Key) }},
			subject{typeName(NewResponse(a.Key)), a.Range(), func() Message { return NewResponse(a.Key) }})
	}
	for _, make := range dataTypes {
		d := make()
		out = append(out, subject{typeName(d), d.Versions(), func() Message { return make() }})
	}
	return append(out,
		subject{"RequestHeader", (*RequestHeader)(nil).Versions(), func() Message { return &wholeRequestHeader{} }},
		subject{"ResponseHeader", (*ResponseHeader)(nil).Versions(), func() Message { return &wholeResponseHeader{} }})
}

// The headers as messages: nothing follows them.
type (
	wholeRequestHeader  struct{ RequestHeader }
	wholeResponseHeader struct{ ResponseHeader }
)

func (m *wholeRequestHeader) DecodeFrom(src []byte, version int16) error {
	n, err := m.RequestHeader.DecodeFrom(src, version)
	return whole(src, n, err)
}

func (m *wholeResponseHeader) DecodeFrom(src []byte, version int16) error {
	n, err := m.ResponseHeader.DecodeFrom(src, version)
	return whole(src, n, err)
}

func whole(src []byte, n int, err error) error {
	if err == nil && n != len(src) {
		return ErrTrailing
	}
	return err
}

func typeName(m any) string { return reflect.TypeOf(m).Elem().Name() }

// filler sets fields to pseudo-random values.
type filler struct {
	*rand.Rand
	null bool // leave out what can be null, and all lists and tags
	tags bool // add unknown tagged fields
}

func newFiller(seed uint64) *filler {
	return &filler{Rand: rand.New(rand.NewPCG(seed, 1)), null: seed%4 == 3, tags: seed%4 == 1}
}

func (f *filler) fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		if defaults, ok := v.Addr().Interface().(interface{ SetDefaults() }); ok {
			defaults.SetDefaults()
		}
		for i := range v.NumField() {
			f.fill(v.Field(i))
		}
	case reflect.Pointer:
		if f.null {
			return
		}
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		f.fillSlice(v)
	case reflect.Array:
		for i := range v.Len() {
			v.Index(i).SetUint(uint64(f.IntN(256)))
		}
	case reflect.String:
		v.SetString(strings.Repeat("é", f.IntN(3)) + fmt.Sprint(f.Uint32()))
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Float64:
		v.SetFloat(f.NormFloat64())
	case reflect.Uint16, reflect.Uint32:
		v.SetUint(f.Uint64() >> (64 - v.Type().Bits()))
	default:
		v.SetInt(int64(f.Uint64()) >> (64 - v.Type().Bits()))
	}
}

func (f *filler) fillSlice(v reflect.Value) {
	switch v.Type() {
	case reflect.TypeFor[[]Tag]():
		if f.tags {
			v.Set(reflect.ValueOf([]Tag{{Number: 100, Value: []byte("unknown")}, {Number: 1 << 20, Value: make([]byte, f.IntN(200))}}))
		}
		return
	case reflect.TypeFor[[]byte]():
		if !f.null {
			b := make([]byte, f.IntN(40))
			for i := range b {
				b[i] = byte(f.Uint32())
			}
			v.SetBytes(b)
		}
		return
	}
	n := 1 + f.IntN(3)
	if f.null {
		n = 0
	}
	s := reflect.MakeSlice(v.Type(), n, n)
	for i := range n {
		f.fill(s.Index(i))
	}
	if n > 0 {
		v.Set(s)
	}
}

// filled returns a message of the version with values from the seed, and its
// bytes. Fields that the version lacks, as the message itself says when it is
// appended, are set back to their defaults.
func (s subject) filled(t testing.TB, version int16, seed uint64) (Message, []byte) {
	t.Helper()
	f := newFiller(seed)
	m := s.new()
	f.fill(reflect.ValueOf(m).Elem())
	for range 200 {
		b, err := m.AppendTo(nil, version)
		var bad *MessageError
		switch {
		case err == nil:
			return m, b
		case errors.As(err, &bad) && errors.Is(err, ErrUnsupportedField):
			if !setBack(reflect.ValueOf(m).Elem(), "", bad.Field) {
				t.Fatalf("%s version %d: no field %q to set back", s.name, version, bad.Field)
			}
		case errors.As(err, &bad) && errors.Is(err, ErrNull):
			f.null = false
			if !f.setNotNull(reflect.ValueOf(m).Elem(), "", bad.Field) {
				t.Fatalf("%s version %d: no field %q to set", s.name, version, bad.Field)
			}
		default:
			t.Fatalf("%s version %d: %v", s.name, version, err)
		}
	}
	t.Fatalf("%s version %d: not to be appended", s.name, version)
	return nil, nil
}

// setBack sets the fields at a path to their default.
func setBack(v reflect.Value, path, target string) bool {
	return visit(v, path, target, func(parent reflect.Value, i int) {
		fresh := reflect.New(parent.Type())
		if defaults, ok := fresh.Interface().(interface{ SetDefaults() }); ok {
			defaults.SetDefaults()
		}
		parent.Field(i).Set(fresh.Elem().Field(i))
	})
}

func (f *filler) setNotNull(v reflect.Value, path, target string) bool {
	return visit(v, path, target, func(parent reflect.Value, i int) {
		if field := parent.Field(i); field.IsNil() {
			if field.Kind() == reflect.Slice {
				field.Set(reflect.MakeSlice(field.Type(), 0, 0))
			} else {
				f.fill(field)
			}
		}
	})
}

// visit calls do for every field at the path target. The path of a field in a
// common struct begins with that struct's name instead of where it is used.
func visit(v reflect.Value, path, target string, do func(parent reflect.Value, i int)) bool {
	found := false
	switch v.Kind() {
	case reflect.Pointer:
		return !v.IsNil() && visit(v.Elem(), path, target, do)
	case reflect.Slice:
		for i := range v.Len() {
			found = visit(v.Index(i), path, target, do) || found
		}
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			if v.Type().Field(i).Anonymous {
				found = visit(v.Field(i), path, target, do) || found
				continue
			}
			common, rest, ok := strings.Cut(target, ".")
			if path+name == target || ok && rest == name && strings.HasSuffix(v.Type().Name(), common) {
				do(v, i)
				found = true
			}
			found = visit(v.Field(i), path+name+".", target, do) || found
		}
	}
	return found
}
