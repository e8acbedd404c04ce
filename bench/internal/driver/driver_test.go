package driver

import (
	"bytes"
	"errors"
	"testing"
	"time"
)

func TestRecordsAreTheSameInEveryRunAndNeverShareBytesNearby(t *testing.T) {
	a, b := NewRecords(100), NewRecords(100)
	before := make([]byte, 0)
	for i := range 200_000 { // more than once through the text
		key, value := a.Next()
		key2, value2 := b.Next()
		if !bytes.Equal(key, key2) || !bytes.Equal(value, value2) {
			t.Fatalf("record %d differs between two runs", i)
		}
		if len(key) != KeyBytes || len(value) != 100 {
			t.Fatalf("record %d: key of %d bytes, value of %d", i, len(key), len(value))
		}
		if bytes.Equal(value, before) {
			t.Fatalf("record %d repeats the one before", i)
		}
		before = value
	}
}

func TestPercentilesLeaveOutWhatCameBeforeTheWarmUpEnded(t *testing.T) {
	early := latencies{from: time.Now().Add(time.Hour)}
	early.add(time.Second)
	if got := early.percentiles(); got != nil {
		t.Errorf("got %v before the warm-up ended, want none", got)
	}
	var l latencies
	for i := range 1000 {
		l.add(time.Duration(1000-i) * time.Microsecond)
	}
	if got := l.percentiles(); got[0] != 501 || got[1] != 991 || got[2] != 1000 {
		t.Errorf("p50, p99, p99.9 of 1 to 1000: %v", got)
	}
}

func TestTallyKeepsTheFirstFailure(t *testing.T) {
	first := errors.New("first")
	var tally Tally
	tally.Count(nil)
	tally.CountN(2, first)
	tally.Add(Tally{Records: 3, Failed: 1, Err: errors.New("second")})
	if tally.Records != 4 || tally.Failed != 3 || tally.Err != first {
		t.Errorf("got %+v, want 4 records, 3 failed, %v", tally, first)
	}
}

func TestArgumentsOfAChildSayTheWholeRun(t *testing.T) {
	client := Client{Name: "one"}
	want := Run{
		Client: client, Workload: Workloads[3], Addr: "127.0.0.1:9092", Topic: "orders",
		Time: 3 * time.Second, Records: 7, Ends: []int64{5, 0, 9},
	}
	got, profile, err := parseRun([]Client{{Name: "other"}, client}, want.Args("cpu.prof"))
	if err != nil || profile != "cpu.prof" {
		t.Fatalf("profile %q, %v", profile, err)
	}
	if got.Client.Name != "one" || got.Workload != want.Workload || got.Addr != want.Addr || got.Topic != want.Topic ||
		got.Time != want.Time || got.Records != want.Records || len(got.Ends) != 3 || got.Ends[2] != 9 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, _, err := parseRun(nil, want.Args("")); err == nil {
		t.Error("an unknown client was accepted")
	}
}
