package protocol

import (
	"encoding/base64"
	"fmt"
)

// UUID is a topic ID or another identifier of 128 bits. The zero UUID stands
// for none.
type UUID [16]byte

// uuidEncoding is what Kafka prints UUIDs in: 22 characters, URL-safe.
var uuidEncoding = base64.RawURLEncoding.Strict()

// String is the form in which Kafka's tools print the UUID, such as
// "AAAAAAAAAAAAAAAAAAAAAQ".
func (id UUID) String() string { return uuidEncoding.EncodeToString(id[:]) }

// IsZero reports the zero UUID.
func (id UUID) IsZero() bool { return id == UUID{} }

// ParseUUID is the inverse of [UUID.String].
func ParseUUID(s string) (UUID, error) {
	var id UUID
	if len(s) != uuidEncoding.EncodedLen(len(id)) {
		return UUID{}, fmt.Errorf("UUID %q: want 22 characters of URL-safe base64", s)
	}
	if _, err := uuidEncoding.Decode(id[:], []byte(s)); err != nil {
		return UUID{}, fmt.Errorf("UUID %q: want 22 characters of URL-safe base64: %w", s, err)
	}
	return id, nil
}
