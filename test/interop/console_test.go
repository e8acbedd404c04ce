package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/afkak-go/afkak"
	"github.com/afkak-go/afkak/test/harness"
)

// consoleCodecs are in the order in which we write them, one after the other, into one log.
var consoleCodecs = []afkak.Codec{afkak.None, afkak.Gzip, afkak.Snappy, afkak.LZ4, afkak.Zstd}

// startConsole writes the same messages with every codec that the broker has,
// and has Kafka's console consumer print them all: it takes a JVM a second or two.
func startConsole(t *testing.T, w *world) {
	w.topic = w.target.Created(t, w.client)
	total := 0
	for _, codec := range consoleCodecs {
		if !w.target.AtLeast(codecSince[codec]) {
			continue
		}
		batch := textMessages()
		for i := range batch {
			batch[i].Offset += int64(total)
		}
		weWrite(t, w, codec, batch)
		compareCodec(t, w, batch[0].Offset, codec)
		total += len(batch)
	}
	lines, err := w.target.Real.ConsoleConsume(harness.Context(t), w.topic, total, property(w.target, "formatter"), "print.key=true")
	if err != nil {
		t.Error(err)
	}
	w.printed = lines
}

// consoleProofs show that we read what Kafka's console producer writes with each
// codec, and that its console consumer has printed what we wrote.
func consoleProofs() (proofs []proof) {
	for i, codec := range consoleCodecs {
		proofs = append(proofs,
			proof{valueTitle(codec) + ": it writes, we read", codecSince[codec], func(t *testing.T, w *world) {
				theirs := *w
				theirs.topic, theirs.partition = w.target.Created(t, w.client), 0
				want := textMessages()
				err := w.target.Real.ConsoleProduce(harness.Context(t), theirs.topic, asLines(want), consoleArgs(w.target, codec)...)
				if err != nil {
					t.Fatal(err)
				}
				compareMessages(t, weRead(t, &theirs), want)
				compareCodec(t, &theirs, 0, codec)
			}},
			proof{valueTitle(codec) + ": we write, it reads", codecSince[codec], func(t *testing.T, w *world) {
				want := asLines(textMessages())
				comparePrinted(t, w.printed, i*len(want), want)
			}},
		)
	}
	return proofs
}

// consoleArgs tell the console producer that lines have keys, and its codec: its own way of gzip up to 0.8.1.
func consoleArgs(target harness.Target, codec afkak.Codec) []string {
	args := []string{property(target, "reader"), "parse.key=true"}
	switch {
	case codec == afkak.None:
		return args
	case codec == afkak.Gzip && !target.AtLeast("0.8.2"):
		return append(args, "--compress")
	}
	return append(args, "--compression-codec="+codec.String())
}

// property is the option for the part of a console tool that makes records of lines, or lines of records. The newest
// tools print a warning when it has its old name.
func property(target harness.Target, of string) string {
	if target.AtLeast("4.2") {
		return "--" + of + "-property"
	}
	return "--property"
}

// textMessages are what the console tools can take and print, with the offsets that they get in a fresh partition.
func textMessages() []message {
	all := []message{
		{Key: []byte("key"), Value: []byte("value")},
		{Key: []byte{}, Value: []byte("with an empty key")},
		{Key: []byte("with an empty value"), Value: []byte{}},
		{Key: []byte("Grüße"), Value: []byte("日本語 " + strings.Repeat("ü", 300))},
		{Key: []byte("long"), Value: []byte(strings.Repeat("a long value that compresses well. ", 3000))},
	}
	for i := range 40 {
		all = append(all, message{Key: fmt.Appendf(nil, "key %d", i), Value: fmt.Appendf(nil, "value %d", i)})
	}
	for i := range all {
		all[i].Offset = int64(i)
	}
	return all
}

// asLines are the messages as the console tools read and print them.
func asLines(messages []message) []string {
	lines := make([]string, len(messages))
	for i, m := range messages {
		lines[i] = fmt.Sprintf("%s\t%s", m.Key, m.Value)
	}
	return lines
}

// comparePrinted looks at the lines from the given one on.
func comparePrinted(t *testing.T, printed []string, from int, want []string) {
	t.Helper()
	if len(printed) < from+len(want) {
		t.Fatalf("it printed %d lines, want these to be %d to %d", len(printed), from, from+len(want)-1)
	}
	for i, line := range want {
		if got := printed[from+i]; got != line {
			t.Fatalf("line %d: got %.100q, want %.100q", from+i, got, line)
		}
	}
}
