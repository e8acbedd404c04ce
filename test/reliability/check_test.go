package reliability

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/afkak-go/afkak/kerr"
)

// honest is an account without a breach: two producers, the second not idempotent, with records 0 to 4 each, all
// in partition 0 of topic a but number 3, which failed, and 4, of which nobody knows.
func honest() account {
	a := account{
		eras:  map[string]int32{"a": 2},
		rules: []rule{{once: true, within: time.Minute}, {within: time.Minute}},
		logs:  map[place][]found{},
	}
	at := place{"a", 0}
	for producer := range 2 {
		var sent []entry
		for number := range 5 {
			e := entry{place: at, outcome: stored, results: 1, offset: int64(len(a.logs[at])), sentIn: 2, settledIn: 2, sentAt: 1, settledAt: 2}
			switch number {
			case 3:
				e.outcome, e.err = absent, errors.New("refused")
			case 4:
				e.outcome, e.err = unknown, errors.New("timed out")
			}
			if number < 3 {
				a.logs[at] = append(a.logs[at], found{id: id{producer, number}, offset: e.offset})
			}
			sent = append(sent, e)
		}
		a.sent = append(a.sent, sent)
	}
	return a
}

// neverDeleted makes topic a one that nothing happened to.
func (a account) neverDeleted() {
	a.eras["a"] = 0
	for _, sent := range a.sent {
		for i := range sent {
			sent[i].sentIn, sent[i].settledIn = 0, 0
		}
	}
}

func TestTheCheckerFindsWhatIsWrong(t *testing.T) {
	at, elsewhere := place{"a", 0}, place{"a", 1}
	put := func(a account, i id) { // behind all others
		a.logs[at] = append(a.logs[at], found{id: i, offset: int64(len(a.logs[at]))})
	}
	for _, c := range []struct {
		name   string
		tamper func(a account)
		want   []string
	}{
		{"nothing", func(account) {}, nil},
		{"an acknowledged record is missing", func(a account) { a.logs[at] = slices.Delete(a.logs[at], 2, 3) }, []string{lost}},
		{"a whole log is missing", func(a account) { delete(a.logs, at) }, []string{lost, lost, lost, lost, lost, lost}},
		{"it is there twice", func(a account) { put(a, id{0, 2}) }, []string{duplicate}},
		{"it is there twice, not idempotent", func(a account) { put(a, id{1, 2}) }, nil},
		{"it is in two partitions", func(a account) {
			a.logs[elsewhere] = []found{{id: id{0, 1}}}
		}, []string{ghost, duplicate}},
		{"two have changed places", func(a account) {
			log := a.logs[at]
			log[1].id, log[2].id = log[2].id, log[1].id
			a.sent[0][1].offset, a.sent[0][2].offset = 2, 1
		}, []string{disorder}},
		{"two have changed places, not idempotent", func(a account) {
			log := a.logs[at]
			log[4].id, log[5].id = log[5].id, log[4].id
			a.sent[1][1].offset, a.sent[1][2].offset = 5, 4
		}, []string{disorder}},
		{"it is elsewhere", func(a account) { a.sent[0][1].offset = 2 }, []string{wrongOffset}},
		{"its offset is not known", func(a account) { a.sent[0][1].offset = -1 }, nil},
		{"its offset is the second one's, not idempotent", func(a account) {
			put(a, id{1, 1})
			a.sent[1][1].offset = 6
		}, nil},
		{"it is in another partition than was said", func(a account) { a.sent[0][1].place = elsewhere }, []string{ghost, wrongOffset}},
		{"one that failed is there", func(a account) { put(a, id{0, 3}) }, []string{ghost}},
		{"one that was taken back is there", func(a account) {
			a.sent[1][2].outcome = canceled
		}, []string{ghost}},
		{"one that is not known is there", func(a account) { put(a, id{0, 4}) }, nil},
		{"one that is not known is there twice", func(a account) { put(a, id{0, 4}); put(a, id{0, 4}) }, []string{duplicate}},
		{"one that is not known comes late", func(a account) {
			a.sent[0][1].outcome = unknown
			a.logs[at] = slices.Delete(a.logs[at], 1, 2)
			a.sent[0][2].offset, a.sent[1][0].offset, a.sent[1][1].offset, a.sent[1][2].offset = 1, 2, 3, 4
			for i := range a.logs[at] {
				a.logs[at][i].offset = int64(i)
			}
			put(a, id{0, 1})
		}, []string{disorder}},
		{"one that is not known comes late, not idempotent", func(a account) {
			a.sent[1][1].outcome = unknown
			a.logs[at] = slices.Delete(a.logs[at], 4, 5)
			a.logs[at][4].offset, a.sent[1][2].offset = 4, 4
			put(a, id{1, 1})
		}, nil},
		{"one that nobody sent", func(a account) { put(a, id{0, 5}) }, []string{ghost}},
		{"one of a producer that there is not", func(a account) { put(a, id{7, 0}) }, []string{ghost}},
		{"one that is no record of ours", func(a account) { put(a, id{-1, -1}) }, []string{ghost}},
		{"other bytes", func(a account) { a.logs[at][1].wrong = "its value is another" }, []string{ghost}},
		{"no result", func(a account) { a.sent[0][4].results, a.sent[0][4].outcome = 0, pending }, []string{noResult}},
		{"two results", func(a account) { a.sent[0][0].results = 2 }, []string{twoResults}},
		{"two fail, although nothing lasts long", func(a account) {
			a.rules[0].outlasts = true
			a.neverDeleted()
		}, []string{gaveUp, gaveUp}},
		{"two fail because of what they are", func(a account) {
			a.rules[0].outlasts = true
			a.neverDeleted()
			a.sent[0][3].err, a.sent[0][4].err = kerr.MessageTooLarge, fmt.Errorf("wrapped: %w", kerr.InvalidRecord)
		}, nil},
		{"two fail whose topic was deleted", func(a account) { a.rules[0].outlasts = true }, nil},
		{"a late result", func(a account) { a.sent[0][4].settledAt = 2 * time.Minute }, []string{late}},
		{"it went with its topic", func(a account) {
			a.sent[1][2].sentIn, a.sent[1][2].settledIn = 0, 0
			a.logs[at] = a.logs[at][:5]
		}, nil},
		{"it was sent while its topic was deleted", func(a account) {
			a.sent[1][2].sentIn = 1
			a.logs[at] = a.logs[at][:5]
		}, nil},
		{"it is there in spite of the deletion", func(a account) {
			a.sent[1][2].sentIn, a.sent[1][2].settledIn = 0, 0
		}, []string{ghost}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := honest()
			c.tamper(a)
			breaches, _ := a.check()
			var got []string
			for _, b := range breaches {
				got = append(got, b.kind)
			}
			slices.Sort(got)
			slices.Sort(c.want)
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", breaches, c.want)
			}
		})
	}
}

func TestTheCheckerCountsWhatIsThereAgain(t *testing.T) {
	a := honest()
	a.logs[place{"a", 0}] = append(a.logs[place{"a", 0}], found{id: id{1, 2}, offset: 6}, found{id: id{1, 2}, offset: 7})
	if breaches, again := a.check(); len(breaches) > 0 || again != 2 {
		t.Errorf("got %d again, %v", again, breaches)
	}
}
