package afkak

import (
	"fmt"

	"github.com/afkak-go/afkak/internal/compress"
)

// Codec is how the records of a batch are compressed.
type Codec int8

// The codecs that Kafka knows. Their numbers are those on the wire.
const (
	None   Codec = Codec(compress.None)   // no compression
	Gzip   Codec = Codec(compress.Gzip)   // every Kafka; levels 1 to 9
	Snappy Codec = Codec(compress.Snappy) // every Kafka; no levels
	LZ4    Codec = Codec(compress.LZ4)    // Kafka 0.8.2 and later; levels 1 to 12
	Zstd   Codec = Codec(compress.Zstd)   // Kafka 2.1 and later (KIP-110); levels 1 to 22
)

// String returns the codec's name as Kafka's settings spell it: "none",
// "gzip", "snappy", "lz4" or "zstd".
func (c Codec) String() string { return compress.Codec(c).String() }

// ParseCodec returns the codec that String calls name.
func ParseCodec(name string) (Codec, error) {
	codec, err := compress.ParseCodec(name)
	if err != nil {
		return None, fmt.Errorf("afkak: %w", err)
	}
	return Codec(codec), nil
}
