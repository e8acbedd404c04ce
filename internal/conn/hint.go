package conn

import (
	"bytes"
	"fmt"
)

// strangerHint tells by the first bytes of an answer what the peer is if it is
// no Kafka broker, or returns "" for a peer that might be one. The first four
// bytes of a broker's answer are its length.
func strangerHint(b []byte) string {
	switch {
	case bytes.HasPrefix(b, []byte("HTTP")):
		return fmt.Sprintf("it answers %q: this is an HTTP server, not a Kafka listener", firstLine(b))
	case len(b) >= 2 && (b[0] == 0x15 || b[0] == 0x16) && b[1] == 3: // alert, handshake
		return "it speaks TLS: this listener wants TLS, which is not configured"
	case len(b) >= 4 && printable(b[:4]):
		return fmt.Sprintf("it answers %q: this is not a Kafka listener", firstLine(b))
	}
	return ""
}

// firstLine is at most 60 bytes of b, up to the first control character.
func firstLine(b []byte) string {
	b = b[:min(len(b), 60)]
	if i := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' }); i >= 0 {
		b = b[:i]
	}
	return string(b)
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
