package interop

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/afkak-go/afkak"
)

// patience is how long a peer may take for everything it is told in one test.
const patience = 5 * time.Minute

// peer is a Python process with another client of Kafka, which does what it is
// told: see testdata/peer.py. It does one thing at a time.
type peer struct {
	in  *json.Encoder
	out *json.Decoder
}

// startPython is how a library in Python starts: with its script and topics of its own.
func startPython(script string) func(*testing.T, *world) {
	return func(t *testing.T, w *world) {
		w.topic, w.keyTopic = w.target.Topic(t, 30), w.target.Topic(t, 7)

		// The first commit of all has the broker make its topic of offsets. We wait for that; Afkak does not.
		first := afkak.CommitPayload{Topic: w.topic, Partition: 0}
		if _, err := w.client.CommitOffsets(t.Context(), "interop", []afkak.CommitPayload{first}); err != nil {
			t.Fatal(err)
		}
		w.peer = startPeer(t, w.python, script, w.target.Addrs[0])
	}
}

// startPeer starts testdata/script, which ends with the test.
func startPeer(t *testing.T, python, script, host string) *peer {
	t.Helper()
	cmd := exec.Command(python, script, host)
	cmd.Dir = "testdata"
	cmd.Env = append(os.Environ(), "PYTHONDONTWRITEBYTECODE=1") // nothing is left in testdata
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stuck := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() {
		defer stuck.Stop()
		_ = stdin.Close() // asks it to end
		_, _ = io.Copy(io.Discard, stdout)
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s ended with %v", script, err)
		}
		if t.Failed() {
			t.Logf("%s printed:\n%s", script, &stderr)
		}
	})
	return &peer{in: json.NewEncoder(stdin), out: json.NewDecoder(stdout)}
}

// call has the peer do something, with named arguments, and decodes what comes
// of it into result, unless that is nil.
func (p *peer) call(op string, args map[string]any, result any) error {
	if err := p.in.Encode(map[string]any{"op": op, "args": args}); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	var answer struct {
		Result json.RawMessage
		Error  string
	}
	if err := p.out.Decode(&answer); err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	if answer.Error != "" {
		return fmt.Errorf("%s: %w", op, errors.New(answer.Error))
	}
	if result == nil {
		return nil
	}
	return json.Unmarshal(answer.Result, result)
}

// message is a record as it is told to a peer and by it: a nil key or value is
// null, no timestamp is 0.
type message struct {
	Offset    int64          `json:"offset"`
	Key       []byte         `json:"key"`
	Value     []byte         `json:"value"`
	Headers   []afkak.Header `json:"headers"`
	Timestamp int64          `json:"timestamp"` // milliseconds since 1970
}

// String is made to be compared: null and empty differ.
func (m message) String() string {
	text := fmt.Sprintf("offset %d: %s = %s at %d", m.Offset, bytesString(m.Key), bytesString(m.Value), m.Timestamp)
	for _, header := range m.Headers {
		text += fmt.Sprintf(", %q: %s", header.Key, bytesString(header.Value))
	}
	return text
}

func bytesString(b []byte) string {
	switch {
	case b == nil:
		return "null"
	case len(b) > 100:
		return fmt.Sprintf("%q… (%d bytes, CRC-32 %08x)", b[:20], len(b), crc32.ChecksumIEEE(b))
	default:
		return fmt.Sprintf("%q", b)
	}
}
