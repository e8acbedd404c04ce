package afkak_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestEveryTestThatTheParityDocumentNamesExists reads the tree itself, for it
// spans several modules.
func TestEveryTestThatTheParityDocumentNamesExists(t *testing.T) {
	document, err := os.ReadFile("docs/AFKAK-PARITY.md")
	if err != nil {
		t.Fatal(err)
	}
	existing := testsOfTheTree(t)
	named := regexp.MustCompile("`([a-z]+)\\.(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(document), -1)
	if len(named) < 100 {
		t.Errorf("the document names only %d tests", len(named))
	}
	for _, name := range named {
		if !existing[name[1]+"."+name[2]] {
			t.Errorf("there is no %s in package %s", name[2], name[1])
		}
	}
}

// testsOfTheTree lists the tests as folder.TestName, those of the root as
// afkak.TestName.
func testsOfTheTree(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(t \*testing\.T\)`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		folder := filepath.Base(filepath.Dir(path))
		if folder == "." {
			folder = "afkak"
		}
		for _, test := range declared.FindAllStringSubmatch(string(source), -1) {
			tests[folder+"."+test[1]] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
