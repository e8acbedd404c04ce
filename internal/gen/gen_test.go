package main

import (
	"strings"
	"testing"
)

func TestVersionConditions(t *testing.T) {
	for _, c := range []struct {
		have, within, want string
	}{
		{"0-9", "0-9", "true"},
		{"3+", "0-9", "version >= 3"},
		{"0-2", "0-9", "version <= 2"},
		{"3-5", "0-9", "version >= 3 && version <= 5"},
		{"4", "0-9", "version == 4"},
		{"9+", "0-9", "version >= 9"},
		{"0", "0-9", "version <= 0"},
		{"3+", "4-9", "true"},
		{"0-2", "4-9", "false"},
		{"none", "0-9", "false"},
	} {
		if got := mustParse(t, c.have).condition(mustParse(t, c.within)); got != c.want {
			t.Errorf("%s within %s: got %q, want %q", c.have, c.within, got, c.want)
		}
	}
	gap := span(0, 1) | span(5, 6)
	if got := gap.condition(span(0, 9)); got != "(version <= 1 || version >= 5 && version <= 6)" {
		t.Errorf("with a gap: got %q", got)
	}
}

func TestVersionsInWords(t *testing.T) {
	for _, c := range []struct {
		have, within versions
		want         string
	}{
		{span(0, 9), span(0, 9), "versions 0 to 9"},
		{span(3, 9), span(0, 9), "version 3 and up"},
		{span(9, 9), span(0, 9), "version 9 and up"},
		{span(0, 2), span(0, 9), "versions 0 to 2"},
		{span(2, 2), span(0, 9), "version 2"},
		{span(0, 1) | span(5, 6), span(0, 9), "versions 0 to 1, 5 to 6"},
	} {
		if got := c.have.describe(c.within); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestBadVersionRangesAreRefused(t *testing.T) {
	for _, s := range []string{"x", "3-", "5-3", "-1", "0-99", "+"} {
		if vs, err := parseVersions(s); err == nil {
			t.Errorf("%q was read as %s", s, vs)
		}
	}
}

func mustParse(t *testing.T, s string) versions {
	t.Helper()
	vs, err := parseVersions(s)
	if err != nil {
		t.Fatal(err)
	}
	return vs
}

func TestGoNames(t *testing.T) {
	for in, want := range map[string]string{
		"TransactionalId": "TransactionalID", "ApiVersionsRequest": "APIVersionsRequest", "TopicIds": "TopicIDs",
		"MaxWaitMs": "MaxWaitMs", "IsrNodes": "IsrNodes", "Identity": "Identity", "KRaftVersionFeature": "KRaftVersionFeature",
	} {
		if got := goName(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
	for in, want := range map[string]string{
		"Topics": "Topic", "Entries": "Entry", "TopicData": "TopicData", "Batches": "Batch", "Responses": "Response",
		"Indexes": "Index", "Status": "Status", "Statuses": "Status", "APIKeys": "APIKey",
	} {
		if got := singular(in); got != want {
			t.Errorf("one of %s: got %s, want %s", in, got, want)
		}
	}
	if got := snake("InitProducerId"); got != "init_producer_id" {
		t.Errorf("got %s", got)
	}
}

func TestCommentsAreTakenOutOutsideStrings(t *testing.T) {
	in := "{ // one\n \"a\": \"b // \\\" c\" // two\n}"
	want := "{ \n \"a\": \"b // \\\" c\" \n}"
	if got := string(stripComments([]byte(in))); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// request is a definition of a request with API key 0.
func request(valid, flexible, fields string) string {
	return `{ "apiKey": 0, "type": "request", "listeners": ["broker"], "name": "TestRequest",
		"validVersions": "` + valid + `", "flexibleVersions": "` + flexible + `", "fields": [` + fields + `] }`
}

func resolveText(t *testing.T, text string) (*release, error) {
	t.Helper()
	def, err := parseDefinition("test", []byte(text))
	if err != nil {
		return nil, err
	}
	return resolveRelease([]*definition{def})
}

func mergeTexts(t *testing.T, floor, ceiling string) (*message, error) {
	t.Helper()
	f, err := resolveText(t, floor)
	if err != nil {
		return nil, err
	}
	c, err := resolveText(t, ceiling)
	if err != nil {
		return nil, err
	}
	messages, err := mergeReleases(f, c)
	if err != nil {
		return nil, err
	}
	if len(messages) != 1 {
		t.Fatalf("%d messages", len(messages))
	}
	return messages[0], nil
}

func TestMergeKeepsOldVersionsAndTakesNewNames(t *testing.T) {
	m, err := mergeTexts(t,
		request("0-3", "none", `{"name": "Gone", "type": "int8", "versions": "0-1"}, {"name": "Old", "type": "int32", "versions": "0+", "default": "-1"}`),
		request("2-5", "none", `{"name": "New", "type": "int32", "versions": "0+", "default": "-1"}, {"name": "Added", "type": "string", "versions": "4+"}`))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range m.root.fields {
		got = append(got, f.name+" in "+f.versions.String())
	}
	want := "Gone in versions 0 to 1; New in versions 0 to 5; Added in versions 4 to 5"
	if s := strings.Join(got, "; "); s != want || m.valid != span(0, 5) {
		t.Errorf("got %s, want %s", s, want)
	}
}

func TestMergeStopsWhereTheReleasesDiffer(t *testing.T) {
	const one = `{"name": "A", "type": "int32", "versions": "0+"}`
	for name, c := range map[string]struct{ floor, ceiling, want string }{
		"another type": {
			request("0-1", "none", one),
			request("0-1", "none", `{"name": "A", "type": "int64", "versions": "0+"}`), "int32 in the floor, int64"},
		"a field more": {
			request("0-1", "none", one),
			request("0-1", "none", one+`, {"name": "B", "type": "int8", "versions": "1+"}`), "version 1: 1 fields in the floor, 2 in the ceiling"},
		"nullable": {
			request("0-1", "none", `{"name": "A", "type": "string", "versions": "0+"}`),
			request("0-1", "none", `{"name": "A", "type": "string", "versions": "0+", "nullableVersions": "1+"}`), "nullable in one release"},
		"flexible": {
			request("0-1", "none", one), request("0-1", "1+", one), "flexible versions differ"},
		"another tag": {
			request("0", "0+", `{"name": "A", "type": "int32", "versions": "0+", "taggedVersions": "0+", "tag": 0}`),
			request("0", "0+", `{"name": "A", "type": "int32", "versions": "0+", "taggedVersions": "0+", "tag": "1"}`), "another tag"},
		"inside a struct": {
			request("0", "none", `{"name": "S", "type": "[]T", "versions": "0+", "fields": [`+one+`]}`),
			request("0", "none", `{"name": "S", "type": "[]T", "versions": "0+", "fields": [{"name": "A", "type": "int8", "versions": "0+"}]}`), "field S: version 0: field A is int32"},
	} {
		_, err := mergeTexts(t, c.floor, c.ceiling)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}

func TestUnstableVersionsAreLeftOut(t *testing.T) {
	unstable := func(text string) string {
		return strings.Replace(text, "{", `{ "latestVersionUnstable": true,`, 1)
	}
	const field = `{"name": "A", "type": "int32", "versions": "0+"}`
	m, err := mergeTexts(t, unstable(request("0", "none", `{"name": "B", "type": "int8", "versions": "0+"}`)), unstable(request("0-2", "none", field)))
	if err != nil {
		t.Fatal(err)
	}
	if m.valid != span(0, 1) || len(m.root.fields) != 1 {
		t.Errorf("got %s with %d fields", m.valid, len(m.root.fields))
	}
}

func TestCommonStructHasTheVersionsOfAllItsUses(t *testing.T) {
	text := strings.Replace(request("0-4", "none",
		`{"name": "New", "type": "[]T", "versions": "3+"}, {"name": "Old", "type": "[]T", "versions": "0-1"}`),
		`"fields"`, `"commonStructs": [{"name": "T", "versions": "0+", "fields": [{"name": "A", "type": "int32", "versions": "0+"}]}], "fields"`, 1)
	m, err := mergeTexts(t, text, text)
	if err != nil {
		t.Fatal(err)
	}
	s := m.root.fields[0].of
	if s != m.root.fields[1].of || s.within != span(0, 1)|span(3, 4) || s.fields[0].versions != s.within {
		t.Errorf("got %s with %s", s.within, s.fields[0].versions)
	}
}

func TestDefinitionsThatCannotBeGeneratedAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"an attribute that is not known": {request("0", "none", `{"name": "A", "type": "int32", "versions": "0+", "colour": "red"}`), "colour"},
		"a type that is not known":       {request("0", "none", `{"name": "A", "type": "Nothing", "versions": "0+"}`), `type "Nothing" is not known`},
		"an array of empty elements":     {request("0", "none", `{"name": "A", "type": "[]T", "versions": "0+", "fields": [{"name": "B", "type": "int8", "versions": "1+"}]}`), "empty elements"},
		"a nullable number":              {request("0", "none", `{"name": "A", "type": "int32", "versions": "0+", "nullableVersions": "0+", "default": "null"}`), "nullable int32"},
		"null by default, never allowed": {request("0", "none", `{"name": "A", "type": "string", "versions": "0+", "default": "null"}`), "never nullable"},
		"tagged in some versions only":   {request("0-1", "0+", `{"name": "A", "type": "int32", "versions": "0+", "taggedVersions": "1+", "tag": 0}`), "tagged in"},
	} {
		_, err := mergeTexts(t, c.text, c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}
