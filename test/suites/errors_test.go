package suites

import (
	"errors"
	"testing"

	"github.com/afkak-go/afkak"
)

// wantUnsupported: Kafka 0.8.0 keeps no offsets, which is to be said as such.
func wantUnsupported(t *testing.T, err error) {
	t.Helper()
	var unsupported *afkak.OffsetsUnsupportedError
	if !errors.As(err, &unsupported) {
		t.Errorf("a broker that keeps no offsets: %v", err)
	}
}

// wantCodecError: the broker is too old for the codec, and was sent nothing.
func wantCodecError(t *testing.T, err error, codec afkak.Codec) {
	t.Helper()
	var codecError *afkak.CodecError
	if !errors.As(err, &codecError) || codecError.Codec != codec || afkak.MaybeStored(err) {
		t.Errorf("%v at a broker that is too old for it: %v", codec, err)
	}
}
