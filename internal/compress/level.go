package compress

import "fmt"

// DefaultLevel asks for the codec's own default: gzip 5, zstd 1, lz4's fast
// mode. It is the only level of None and Snappy.
const DefaultLevel = 0

// maxLevel is the highest level of each codec; the lowest is 1.
var maxLevel = [...]int{Gzip: 9, LZ4: 12, Zstd: 22}

// CheckLevel returns an error that wraps ErrLevel unless level is DefaultLevel
// or in the codec's range: gzip 1 to 9, lz4 1 to 12, zstd 1 to 22. A higher
// level is smaller and slower. Several levels may map to one of the encoder's.
func CheckLevel(c Codec, level int) error {
	if !c.Known() {
		return fmt.Errorf("%w %d", ErrUnknownCodec, int8(c))
	}
	highest := maxLevel[c]
	switch {
	case level == DefaultLevel:
		return nil
	case highest == 0:
		return fmt.Errorf("%w: %s has no levels, got %d: leave it at the default", ErrLevel, c, level)
	case level < 1 || level > highest:
		return fmt.Errorf("%w: %s has levels 1 to %d, got %d", ErrLevel, c, highest, level)
	}
	return nil
}
