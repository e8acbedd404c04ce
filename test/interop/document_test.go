package interop

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/interop.md from what was proved")

const document = "../../docs/interop.md"

// table has what was proved, or not, by library, row and version of Kafka.
type table map[[3]string]bool

func (p table) add(library, what, version string, ok bool) {
	p[[3]string{library, what, version}] = ok
}

// compareDocument fails unless docs/interop.md has what was proved, or writes it.
func compareDocument(t *testing.T, proved table) {
	t.Helper()
	want := proved.document(t)
	if *update {
		if err := os.WriteFile(document, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/interop.md does not have what was proved: see what has changed, and run this test with -update")
	}
}

const introduction = `# Interoperability

What this client and other ones write the others read, on real brokers. The table is made by the tests in
[test/interop](../test/interop): ` + "`go test ./interop -update`" + ` in the folder ` + "`test`" + ` writes it, and every run checks that it still
holds. **yes**: proved on this version of Kafka; **–**: Kafka has no such thing in this version.

Messages are of every kind: with keys and values, without a key, with empty and null ones, with all bytes, some that compress well
and some that do not compress. That a batch is compressed is seen in the broker's log.
`

// consoleTools is the name of the library that has no version of its own.
const consoleTools = "Kafka's console tools"

var sections = map[string]string{
	consoleTools: `
The console producer and the console consumer of the broker's own release; with 4.4.0 those of 4.3.1, for its own are not
published. Up to 0.8.1 the console producer compresses with gzip only: what is compressed with snappy there comes from 0.8.2.1's. Up to
0.10.0 it is the consumer that goes through ZooKeeper. Keys and values are lines of text.
`,
	"kafka-python": "",
	"afkak": `
The Twisted client that this project took its name and its first features from. It sends the oldest version of each request, which
Kafka 4.0 no longer takes; from 0.10 on the brokers convert its messages both ways. It knows no lz4, no zstd and no headers.

It commits the offset of the *last* message that it has processed, and goes on behind it. This client commits the offset of the *next*
one, as Kafka's own do. So a group that Afkak has left is continued with one message twice; and before Afkak continues a group of
ours, commit what it expects, with ` + "`consumer.CommitOffset(ctx, last.Offset)`" + `: otherwise it leaves out one message.

Its fetch buffer, ` + "`buffer_size`" + `, grows when a broker cuts a message off. Kafka 2.8.2 does; 3.9.2 answers with nothing instead, and a
consumer of Afkak's waits for ever at a batch that is larger than its buffer, 128 KiB unless set. The tests set it to 1 MiB.
`,
}

func (p table) document(t *testing.T) []byte {
	var doc bytes.Buffer
	doc.WriteString(introduction)
	for _, lib := range libraries() {
		fmt.Fprintf(&doc, "\n## %s\n%s\n", lib.title(t), sections[lib.name])
		fmt.Fprintf(&doc, "| Kafka | %s |\n|---|%s\n", strings.Join(lib.versions, " | "), strings.Repeat("---|", len(lib.versions)))
		for _, row := range lib.proofs {
			fmt.Fprintf(&doc, "| %s |", row.what)
			for _, version := range lib.versions {
				fmt.Fprintf(&doc, " %s |", p.cell(lib.name, row.what, version))
			}
			doc.WriteByte('\n')
		}
	}
	return doc.Bytes()
}

func (p table) cell(library, what, version string) string {
	if p[[3]string{library, what, version}] {
		return "yes"
	}
	return "–"
}

func (l library) title(t *testing.T) string {
	if l.name == consoleTools {
		return l.name
	}
	return l.name + " " + pinned(t, l.name)
}

// pinned is the version of a library in requirements.txt.
func pinned(t *testing.T, name string) string {
	data, err := os.ReadFile(requirements)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), name+"=="); ok {
			return version
		}
	}
	t.Fatalf("%s has no %s", requirements, name)
	return ""
}
