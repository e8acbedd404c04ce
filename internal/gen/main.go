// Command gen writes the message types of package protocol from the message
// definitions that the kafka-clients jars of two releases contain: an old one
// that still has all old versions, and the newest one. Maven fetches the jars.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

func main() {
	floor := flag.String("floor", "3.9.2", "`release` of kafka-clients that has the oldest versions")
	ceiling := flag.String("ceiling", "4.4.0", "newest `release` of kafka-clients")
	out := flag.String("out", ".", "`folder` of the generated files")
	check := flag.Bool("check", false, "write nothing; fail if a file in the folder is not as it would be written")
	classes := flag.String("classpath", "", "only print a Java class path of kafka-clients of this `release`")
	flag.Parse()
	var err error
	if *classes != "" {
		err = printClassPath(*classes)
	} else {
		err = run(*floor, *ceiling, *out, *check)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func printClassPath(release string) error {
	path, err := classPath(context.Background(), release)
	if err == nil {
		fmt.Println(path)
	}
	return err
}

func run(floor, ceiling, out string, check bool) error {
	files, err := generate(floor, ceiling)
	if err != nil {
		return err
	}
	if check {
		return compare(out, files)
	}
	return write(out, files)
}

// generate returns all files of the package that this command writes.
func generate(floor, ceiling string) ([]file, error) {
	old, err := load(floor)
	if err != nil {
		return nil, err
	}
	newest, err := load(ceiling)
	if err != nil {
		return nil, err
	}
	messages, err := mergeReleases(old, newest)
	if err != nil {
		return nil, err
	}
	names := maps.Clone(old.names)
	maps.Copy(names, newest.names)
	e := &emitter{floor: floor, ceiling: ceiling}
	return e.files(messages, newest, names)
}

func load(version string) (*release, error) {
	jar, err := clientsJar(context.Background(), version)
	if err != nil {
		return nil, err
	}
	defs, err := readDefinitions(jar)
	if err != nil {
		return nil, err
	}
	r, err := resolveRelease(defs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", jar, err)
	}
	return r, nil
}

// files emits one file for each API and each other message, and the registry.
func (e *emitter) files(messages []*message, newest *release, names map[int]string) ([]file, error) {
	n := namer{taken: map[string]bool{}}
	printers := map[string]*printer{}
	byKey := map[int]*api{}
	var others []*message
	for _, m := range messages {
		if err := n.message(m); err != nil {
			return nil, fmt.Errorf("%s: %w", m.name, err)
		}
		name := m.name
		if m.key >= 0 {
			name = apiName(name)
			a := byKey[m.key]
			if a == nil {
				a = &api{name: name, key: m.key}
				byKey[m.key] = a
			}
			if m.kind == "request" {
				a.request = m
			} else {
				a.response = m
			}
		} else {
			others = append(others, m)
		}
		p := printers[name]
		if p == nil {
			p = new(printer)
			printers[name] = p
		}
		var ceiling versions
		if in := newest.byID[m.id()]; in != nil {
			ceiling = in.valid
		}
		e.emitMessage(p, m, e.about(m, ceiling))
	}
	var files []file
	for name, p := range printers {
		f, err := e.file(snake(name)+".go", p)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	var apis []api
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		a := byKey[key]
		if a.request == nil || a.response == nil || a.request.valid != a.response.valid {
			return nil, fmt.Errorf("%s: request and response do not have the same versions", a.name)
		}
		apis = append(apis, *a)
	}
	f, err := e.emitRegistry(apis, names, others)
	return append(files, f), err
}

// write replaces the generated files in dir.
func write(dir string, files []file) error {
	stale, err := generated(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		delete(stale, f.name)
		if err := os.WriteFile(filepath.Join(dir, f.name), f.text, 0o644); err != nil {
			return err
		}
	}
	for name := range stale {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	return nil
}

// compare fails if dir does not have exactly the given files.
func compare(dir string, files []file) error {
	stale, err := generated(dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if !bytes.Equal(stale[f.name], f.text) {
			return fmt.Errorf("%s is not current: run go generate", filepath.Join(dir, f.name))
		}
		delete(stale, f.name)
	}
	for name := range stale {
		return fmt.Errorf("%s is not generated any more: run go generate", filepath.Join(dir, name))
	}
	return nil
}

// generated returns the files in dir that this command has written.
func generated(dir string) (map[string][]byte, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	found := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if bytes.HasPrefix(b, []byte("// Code generated by internal/gen ")) {
			found[filepath.Base(name)] = b
		}
	}
	return found, nil
}
