package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/afkak-go/afkak"
)

// A recordFormat appends a record to dst as the user wants to see it.
type recordFormat func(dst []byte, rec *afkak.Record) []byte

// parseFormat understands kcat's format strings:
//
//	%t topic      %p partition   %o offset       %T timestamp (ms since 1970; -1: none)
//	%k key        %K its length  %h headers as name=value,name=value
//	%s value      %S its length  %% a percent sign
//	\n \r \t \\ \xHH
//
// A null key or value is printed as NULL, and its length is -1.
func parseFormat(format string) (recordFormat, error) {
	var parts []recordFormat
	literal := func(s string) {
		parts = append(parts, func(dst []byte, _ *afkak.Record) []byte { return append(dst, s...) })
	}
	for i := 0; i < len(format); i++ {
		switch c := format[i]; {
		case c != '%' && c != '\\':
			start := i
			for i+1 < len(format) && format[i+1] != '%' && format[i+1] != '\\' {
				i++
			}
			literal(format[start : i+1])
		case i+1 == len(format):
			return nil, usagef("format %q ends in a lone %c", format, c)
		case c == '%':
			i++
			verb, ok := formatVerbs[format[i]]
			if !ok {
				return nil, usagef("format %q: unknown %%%c; known are %%t %%p %%o %%T %%k %%K %%h %%s %%S %%%%", format, format[i])
			}
			parts = append(parts, verb)
		default:
			i++
			s, extra, err := unescape(format[i:])
			if err != nil {
				return nil, usagef("format %q: %v", format, err)
			}
			i += extra
			literal(s)
		}
	}
	return func(dst []byte, rec *afkak.Record) []byte {
		for _, part := range parts {
			dst = part(dst, rec)
		}
		return dst
	}, nil
}

var formatVerbs = map[byte]recordFormat{
	't': func(dst []byte, rec *afkak.Record) []byte { return append(dst, rec.Topic...) },
	'p': func(dst []byte, rec *afkak.Record) []byte { return strconv.AppendInt(dst, int64(rec.Partition), 10) },
	'o': func(dst []byte, rec *afkak.Record) []byte { return strconv.AppendInt(dst, rec.Offset, 10) },
	'T': func(dst []byte, rec *afkak.Record) []byte { return strconv.AppendInt(dst, timestampMs(rec), 10) },
	'k': func(dst []byte, rec *afkak.Record) []byte { return appendNullable(dst, rec.Key) },
	'K': func(dst []byte, rec *afkak.Record) []byte { return appendLength(dst, rec.Key) },
	's': func(dst []byte, rec *afkak.Record) []byte { return appendNullable(dst, rec.Value) },
	'S': func(dst []byte, rec *afkak.Record) []byte { return appendLength(dst, rec.Value) },
	'h': appendHeaders,
	'%': func(dst []byte, _ *afkak.Record) []byte { return append(dst, '%') },
}

// unescape reads what follows a backslash. extra is how many bytes it took after the first.
func unescape(s string) (text string, extra int, err error) {
	switch s[0] {
	case 'n':
		return "\n", 0, nil
	case 'r':
		return "\r", 0, nil
	case 't':
		return "\t", 0, nil
	case '\\':
		return "\\", 0, nil
	case 'x':
		if len(s) >= 3 {
			if b, err := strconv.ParseUint(s[1:3], 16, 8); err == nil {
				return string([]byte{byte(b)}), 2, nil
			}
		}
		return "", 0, fmt.Errorf(`\x wants two hexadecimal digits`)
	}
	return "", 0, fmt.Errorf(`unknown \%c; known are \n \r \t \\ \xHH`, s[0])
}

func appendNullable(dst, b []byte) []byte {
	if b == nil {
		return append(dst, "NULL"...)
	}
	return append(dst, b...)
}

func appendLength(dst, b []byte) []byte {
	if b == nil {
		return append(dst, "-1"...)
	}
	return strconv.AppendInt(dst, int64(len(b)), 10)
}

func appendHeaders(dst []byte, rec *afkak.Record) []byte {
	for i, h := range rec.Headers {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(append(dst, h.Key...), '=')
		dst = appendNullable(dst, h.Value)
	}
	return dst
}

// timestampMs is the record's timestamp in Kafka's own form: -1 where it has none.
func timestampMs(rec *afkak.Record) int64 {
	if rec.Timestamp.IsZero() {
		return -1
	}
	return rec.Timestamp.UnixMilli()
}

// jsonRecord is a record as one JSON line, in kcat's names. What is not UTF-8
// cannot stand in JSON: it comes base64-coded under a name that says so.
type jsonRecord struct {
	Topic         string       `json:"topic"`
	Partition     int32        `json:"partition"`
	Offset        int64        `json:"offset"`
	Timestamp     int64        `json:"ts"`
	Headers       []jsonHeader `json:"headers,omitempty"`
	Key           *string      `json:"key"`
	KeyBase64     string       `json:"key_base64,omitempty"`
	Payload       *string      `json:"payload"`
	PayloadBase64 string       `json:"payload_base64,omitempty"`
}

type jsonHeader struct {
	Name        string  `json:"name"`
	Value       *string `json:"value"`
	ValueBase64 string  `json:"value_base64,omitempty"`
}

func appendJSON(dst []byte, rec *afkak.Record) []byte {
	j := jsonRecord{Topic: rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Timestamp: timestampMs(rec)}
	j.Key, j.KeyBase64 = jsonText(rec.Key)
	j.Payload, j.PayloadBase64 = jsonText(rec.Value)
	for _, h := range rec.Headers {
		value, coded := jsonText(h.Value)
		j.Headers = append(j.Headers, jsonHeader{Name: h.Key, Value: value, ValueBase64: coded})
	}
	line := bytes.NewBuffer(dst)
	encoder := json.NewEncoder(line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(&j); err != nil {
		panic(err) // strings and numbers can always be encoded
	}
	return line.Bytes()
}

// jsonText returns b as text, or base64-coded where it is no UTF-8. Null is neither.
func jsonText(b []byte) (text *string, coded string) {
	if b == nil {
		return nil, ""
	}
	if !utf8.Valid(b) {
		return nil, base64.StdEncoding.EncodeToString(b)
	}
	s := string(b)
	return &s, ""
}
