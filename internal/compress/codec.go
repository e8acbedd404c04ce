// Package compress turns the records of a batch into one of Kafka's
// compressed forms and back: gzip, snappy, lz4 and zstd.
//
// It knows the forms that each message format (magic) has on the wire: snappy
// in xerial's chunks, lz4 with the wrong header checksum of magic 0 (KIP-57),
// zstd from magic 2 on (KIP-110). It knows nothing of records.
//
// The package starts no goroutine. Encoders and decoders are pooled; the bytes
// it returns never are: they are appended to what the caller gave, and belong
// to the caller. All functions may be called from any number of goroutines.
package compress

import (
	"errors"
	"fmt"
	"strings"
)

// Codec is a compression codec by its number on the wire: the lowest three
// bits of the attributes of a batch or message.
type Codec int8

// The codecs of Kafka, with the release that first read them.
const (
	None   Codec = 0 // not compressed
	Gzip   Codec = 1 // 0.8.0
	Snappy Codec = 2 // 0.8.0
	LZ4    Codec = 3 // 0.8.2
	Zstd   Codec = 4 // 2.1 (KIP-110), magic 2 only
)

var names = [...]string{None: "none", Gzip: "gzip", Snappy: "snappy", LZ4: "lz4", Zstd: "zstd"}

// String returns the name that Kafka's own configuration uses, such as "gzip".
func (c Codec) String() string {
	if !c.Known() {
		return fmt.Sprintf("codec %d", int8(c))
	}
	return names[c]
}

// Known reports whether c is one of the codecs above.
func (c Codec) Known() bool { return c >= None && int(c) < len(names) }

// ParseCodec returns the codec of that name, in any case; the empty name is
// None. The error names the choices and is an ErrUnknownCodec.
func ParseCodec(name string) (Codec, error) {
	if name == "" {
		return None, nil
	}
	for c, known := range names {
		if strings.EqualFold(name, known) {
			return Codec(c), nil
		}
	}
	return None, fmt.Errorf("%w %q: use one of %s", ErrUnknownCodec, name, strings.Join(names[:], ", "))
}

// Errors that the functions of this package wrap; test with errors.Is.
var (
	// ErrUnknownCodec says that a codec has a number or name that this
	// package does not know.
	ErrUnknownCodec = errors.New("unknown compression codec")
	// ErrUnsupportedMagic says that the message format cannot carry the
	// codec: zstd needs magic 2.
	ErrUnsupportedMagic = errors.New("codec not supported by the message format")
	// ErrLevel says that a compression level is outside the codec's range.
	ErrLevel = errors.New("invalid compression level")
	// ErrTooLarge says that the decompressed data would exceed the limit.
	ErrTooLarge = errors.New("decompressed data exceeds the limit")
	// ErrCorrupt says that compressed data cannot be decompressed.
	ErrCorrupt = errors.New("corrupt compressed data")
)
