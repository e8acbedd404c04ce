package cluster

import (
	"slices"
	"strings"
	"testing"
)

func TestSeedsAreParsed(t *testing.T) {
	for name, test := range map[string]struct{ hosts, want []string }{
		"a name gets the default port":        {[]string{"kafka"}, []string{"kafka:9092"}},
		"a port is kept":                      {[]string{"kafka:25000"}, []string{"kafka:25000"}},
		"commas separate":                     {[]string{"a:1, b ,c:3,"}, []string{"a:1", "b:9092", "c:3"}},
		"duplicates are left out":             {[]string{"a", "b", "a:9092", "b:9092"}, []string{"a:9092", "b:9092"}},
		"IPv4":                                {[]string{"10.0.0.1", "10.0.0.1:1"}, []string{"10.0.0.1:9092", "10.0.0.1:1"}},
		"bare IPv6":                           {[]string{"::1"}, []string{"[::1]:9092"}},
		"IPv6 in brackets":                    {[]string{"[::1]"}, []string{"[::1]:9092"}},
		"IPv6 with a port":                    {[]string{"[::1]:9093"}, []string{"[::1]:9093"}},
		"IPv6 with an interface":              {[]string{"fe80::1%eth0"}, []string{"[fe80::1%eth0]:9092"}},
		"IPv6 with an interface and a port":   {[]string{"[fe80::1%eth0]:1"}, []string{"[fe80::1%eth0]:1"}},
		"several elements, each with several": {[]string{"a,b", "c"}, []string{"a:9092", "b:9092", "c:9092"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseSeeds(test.hosts)
			if err != nil || !slices.Equal(got, test.want) {
				t.Errorf("ParseSeeds(%q) = %q, %v; want %q", test.hosts, got, err, test.want)
			}
		})
	}
}

func TestEveryBadSeedIsReported(t *testing.T) {
	_, err := ParseSeeds([]string{"good:9092", "http://web", "host:70000", "host:kafka", ":9092", "a:b:c"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, bad := range []string{"http://web", "host:70000", "host:kafka", ":9092", "a:b:c"} {
		if !strings.Contains(err.Error(), bad) {
			t.Errorf("error does not name %q: %v", bad, err)
		}
	}
}

func TestNoSeedIsAnError(t *testing.T) {
	for _, hosts := range [][]string{nil, {""}, {" , "}} {
		if _, err := ParseSeeds(hosts); err == nil {
			t.Errorf("ParseSeeds(%q): no error", hosts)
		}
	}
}
