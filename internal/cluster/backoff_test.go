package cluster

import (
	"testing"
	"time"
)

func TestBackoffDoublesUpToItsMaximum(t *testing.T) {
	backoff := Backoff{Min: 100 * time.Millisecond, Max: time.Second}
	for failures, want := range map[int]time.Duration{1: 100, 2: 200, 3: 400, 4: 800, 5: 1000, 6: 1000, 1 << 20: 1000} {
		if got := backoff.After(failures, 0.5); got != want*time.Millisecond {
			t.Errorf("after %d failures: %v, want %v", failures, got, want*time.Millisecond)
		}
	}
}

func TestBackoffIsSpreadByAFifth(t *testing.T) {
	backoff := Backoff{Min: 100 * time.Millisecond, Max: time.Second}
	if got := backoff.After(1, 0); got != 80*time.Millisecond {
		t.Errorf("least: %v, want 80ms", got)
	}
	if got := backoff.After(1, 1); got != 120*time.Millisecond {
		t.Errorf("most: %v, want 120ms", got)
	}
}
