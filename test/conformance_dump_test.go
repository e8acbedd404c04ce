package test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// dump writes an answer on one line, without what differs from run to run:
// ids, addresses, times. Fields that are zero are left out, errors' wording is
// each broker's own, and elements are sorted, since Kafka's order is a hash's.
func dump(v any) string {
	return dumper{}.value("", reflect.ValueOf(v))
}

// dumper writes answers in which some strings go by other names.
type dumper struct {
	names map[string]string
}

// masked are the fields that differ from run to run; that they are set is
// what counts.
var masked = map[string]bool{
	"ClusterID": true, "Host": true, "Port": true, "SessionID": true, "ErrorMessage": true,
	"BatchIndexErrorMessage": true, "ProducerID": true, "TopicID": true, "SessionLifetimeMs": true,
}

func (d dumper) value(name string, v reflect.Value) string {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "null"
		}
		return d.value(name, v.Elem())
	case reflect.Struct:
		return d.structure(v)
	case reflect.Slice:
		return d.slice(name, v)
	case reflect.String:
		if other, ok := d.names[v.String()]; ok {
			return other
		}
	case reflect.Int64:
		if v.Int() > 1e12 && v.Int() < 1e15 { // milliseconds since the epoch
			return "now"
		}
	}
	return fmt.Sprint(v.Interface())
}

func (d dumper) structure(v reflect.Value) string {
	var fields []string
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		if field.IsZero() {
			continue
		}
		text := "set"
		if negative := field.CanInt() && field.Int() < 0; !masked[name] || negative {
			text = d.value(name, field)
		}
		fields = append(fields, name+"="+text)
	}
	return "{" + strings.Join(fields, " ") + "}"
}

func (d dumper) slice(name string, v reflect.Value) string {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return fmt.Sprintf("%d bytes", v.Len())
	}
	var elements []string
	for i := range v.Len() {
		elements = append(elements, d.value(name, v.Index(i)))
	}
	slices.Sort(elements)
	return "[" + strings.Join(elements, " ") + "]"
}
