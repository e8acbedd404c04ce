package main

import (
	"strings"
	"testing"
	"time"
)

// playLedger sends and receives lines written as "key:line", or ":line" without a key.
func playLedger(sent, back string) verdict {
	l := newLedger()
	split := func(s string) (key, line []byte) {
		k, v, _ := strings.Cut(s, ":")
		if k != "" {
			key = []byte(k)
		}
		return key, []byte(v)
	}
	for _, s := range strings.Fields(sent) {
		key, line := split(s)
		l.sent(key, line, time.Unix(1, 0))
	}
	for _, s := range strings.Fields(back) {
		key, line := split(s)
		l.back(key, line, "t/0@0")
	}
	return l.verdict()
}

func TestLedgerFindsWhatIsLostRepeatedOrOutOfOrder(t *testing.T) {
	for _, tc := range []struct {
		name, sent, back            string
		missing, repeated, disorder int
	}{
		{"all in order", "a:1 b:1 a:2 b:2", "b:1 a:1 a:2 b:2", 0, 0, 0},
		{"the same line many times", "a:1 a:1 a:1", "a:1 a:1 a:1", 0, 0, 0},
		{"one missing at the end", "a:1 a:2", "a:1", 1, 0, 0},
		{"one missing in the middle", "a:1 a:2 a:3", "a:1 a:3", 1, 0, 1},
		{"one repeated", "a:1 a:2", "a:1 a:1 a:2", 0, 1, 0},
		{"never sent", "a:1", "a:1 c:9", 0, 1, 0},
		{"two swapped", "a:1 a:2 a:3", "a:2 a:1 a:3", 0, 0, 2},
		{"keys do not order each other", "a:1 b:1", "b:1 a:1", 0, 0, 0},
		{"without keys any order will do", ":1 :2 :3", ":3 :1 :2", 0, 0, 0},
		{"without keys one repeated", ":1 :2", ":1 :1 :2", 0, 1, 0},
		{"without keys one missing", ":1 :2", ":2", 1, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			v := playLedger(tc.sent, tc.back)
			if v.missing != tc.missing || v.repeated != tc.repeated || v.disorder != tc.disorder {
				t.Errorf("got %d missing, %d repeated, %d out of order; want %d, %d, %d (%v)",
					v.missing, v.repeated, v.disorder, tc.missing, tc.repeated, tc.disorder, v.faults)
			}
			if v.clean() != (tc.missing+tc.repeated+tc.disorder == 0) {
				t.Errorf("clean() = %v for %+v", v.clean(), v)
			}
		})
	}
}
