package realkafka

import (
	"encoding/base64"
	"testing"
)

func TestTheIDsOfAFormattedFolderAreReplacedAndNothingElse(t *testing.T) {
	got := withIDs("#a comment\ncluster.id=x\nversion=1\ndirectory.id=y\nnode.id=1\n", 3, "C", "D")
	want := "#a comment\ncluster.id=C\nversion=1\ndirectory.id=D\nnode.id=3\n"
	if got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := withIDs("version=1\nnode.id=1\n", 3, "C", "D"); got != "version=1\nnode.id=3\n" {
		t.Errorf("an early folder became %q", got)
	}
}

func TestNewUUIDsAreDifferentAndNoFlags(t *testing.T) {
	seen := map[string]bool{}
	for range 1000 {
		id := newUUID()
		b, err := base64.RawURLEncoding.DecodeString(id)
		if err != nil || len(b) != 16 || id[0] == '-' || seen[id] {
			t.Fatalf("%q: %v", id, err)
		}
		seen[id] = true
	}
}
