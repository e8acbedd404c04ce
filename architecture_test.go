package afkak_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/afkak-go/afkak"

// mayImport is the house of docs/ARCHITECTURE.md: which of our packages a
// package may import. A name ending in /... stands for everything below it.
// Packages of the other modules (cmd, test, bench, contrib) see public
// packages only, which the compiler cannot say of a workspace.
var mayImport = map[string][]string{
	".": {
		"internal/cluster", "internal/conn", "internal/accum", "internal/fetch", "internal/record",
		"internal/metadata", "internal/compress", "internal/offsetfile", "internal/assign", "internal/group",
		"protocol", "sasl", "kerr",
	},
	"protocol":  {"internal/kbin", "kerr"},
	"kerr":      {},
	"sasl":      {},
	"realkafka": {},

	"broker": {
		"broker/internal/...", "protocol", "kerr", "sasl",
		"internal/record", "internal/kbin", "internal/compress",
	},
	"broker/internal/...": {
		"broker/internal/...", "protocol", "kerr",
		"internal/record", "internal/kbin", "internal/compress",
	},

	"internal/kbin":       {},
	"internal/compress":   {},
	"internal/record":     {"internal/kbin", "internal/compress"},
	"internal/metadata":   {"kerr", "protocol"},
	"internal/accum":      {"internal/record", "kerr"},
	"internal/fetch":      {"internal/record", "protocol", "kerr"},
	"internal/assign":     {},
	"internal/group":      {"internal/assign", "protocol", "kerr"},
	"internal/conn":       {"internal/kbin", "protocol", "sasl", "kerr"},
	"internal/cluster":    {"internal/conn", "internal/metadata", "protocol", "kerr"},
	"internal/offsetfile": {},
	"internal/gen":        {},
}

// publicPackages may be imported by the modules of their own.
var publicPackages = []string{".", "admin", "afkaktest", "broker", "kerr", "protocol", "realkafka", "sasl"}

// pure packages decide and never act: no goroutine of their own, no clock, no socket.
var pure = []string{
	"internal/kbin", "internal/compress", "internal/record", "internal/metadata",
	"internal/accum", "internal/fetch", "internal/assign", "internal/group", "kerr", "sasl", "protocol",
	"broker/internal/group", "broker/internal/log", "broker/internal/offsets", "broker/internal/producers",
}

func TestImportsFollowTheArrowsOfTheHouse(t *testing.T) {
	eachSourceFile(t, func(dir, path string, imports []string) {
		allowed, known := allowedImports(dir)
		if !known {
			t.Errorf("%s: package %s has no room in docs/ARCHITECTURE.md: give it one, and a row in mayImport", path, dir)
			return
		}
		for _, imp := range imports {
			target, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			target = strings.TrimPrefix(target, "/")
			if target == "" {
				target = "."
			}
			if target != dir && !slices.ContainsFunc(allowed, func(a string) bool { return covers(a, target) }) {
				t.Errorf("%s: %s must not import %s", path, dir, target)
			}
		}
	})
}

func TestPurePackagesHaveNoGoroutineClockOrSocket(t *testing.T) {
	noImport := []string{"os", "log", "log/slog"}
	textOfNet := []string{"JoinHostPort", "SplitHostPort"} // these touch no socket
	noTime := []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}
	for _, dir := range pure {
		for _, path := range goFiles(t, dir) {
			for _, imp := range importsOf(t, path) {
				if slices.Contains(noImport, imp) {
					t.Errorf("%s: a pure package must not import %q", path, imp)
				}
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.GoStmt:
					t.Errorf("%s: a pure package must not start a goroutine", path)
				case *ast.SelectorExpr:
					pkg, ok := n.X.(*ast.Ident)
					switch {
					case ok && pkg.Name == "time" && slices.Contains(noTime, n.Sel.Name):
						t.Errorf("%s: a pure package must not use time.%s: time comes in as an argument", path, n.Sel.Name)
					case ok && pkg.Name == "net" && !slices.Contains(textOfNet, n.Sel.Name):
						t.Errorf("%s: a pure package must not use net.%s: sockets live at the edge", path, n.Sel.Name)
					}
				}
				return true
			})
		}
	}
}

func allowedImports(dir string) (allowed []string, known bool) {
	for _, module := range []string{"cmd/", "test", "bench", "contrib/", "examples/"} {
		if strings.HasPrefix(dir, module) {
			return append(slices.Clone(publicPackages), strings.Split(dir, "/")[0]+"/..."), true
		}
	}
	if allowed, known = mayImport[dir]; known {
		return allowed, true
	}
	for room, allowed := range mayImport {
		if strings.HasSuffix(room, "/...") && covers(room, dir) {
			return allowed, true
		}
	}
	return nil, false
}

// covers reports whether pattern names the package, or all packages below it.
func covers(pattern, pkg string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return pkg == below || strings.HasPrefix(pkg, below+"/")
	}
	return pattern == pkg
}

// eachSourceFile calls f with every Go file that is not a test, its package
// directory relative to the module's root, and what it imports.
func eachSourceFile(t *testing.T, f func(dir, path string, imports []string)) {
	t.Helper()
	count := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return fs.SkipDir
		}
		if isSource(path) {
			count++
			f(filepath.ToSlash(filepath.Dir(path)), path, importsOf(t, path))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if count < 20 {
		t.Fatalf("looked at %d files only: the walk does not see the tree", count)
	}
}

func goFiles(t *testing.T, dir string) []string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(path string) bool { return !isSource(path) })
}

func isSource(path string) bool {
	return strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go")
}

func importsOf(t *testing.T, path string) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return nil
	}
	var imports []string
	for _, spec := range file.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		imports = append(imports, imp)
	}
	return imports
}
