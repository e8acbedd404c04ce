// Package protocol has every Kafka message that a client of a broker may send
// or receive as a Go struct, with methods that append and decode it in every
// version from Kafka 0.8.0 to 4.4.0: requests, their responses, the headers
// before them, and the data types that are found inside records and other
// fields.
//
// The message types are generated; each file has one API. Types are called
// after the message and the path of fields to them, so that the element of
// FetchResponse.Responses[i].Partitions is a [FetchResponseResponsePartition].
// The words of names are Kafka's; Id, Api, Url and Uuid are spelled as Go has
// them.
//
// # Null and defaults
//
// Strings and structs that can be null in some version are pointers; byte
// strings and arrays are slices, whose nil is null if they can be null in some
// version and otherwise the same as empty. Null in a version that does not
// allow it is an error, on both ways.
//
// A new struct has zero values. Some fields have another default, and where a
// message is built by hand it is safest to begin with its New function or
// SetDefaults. Decoding gives fields that the version lacks their default.
// Appending leaves such fields out: silently if they are ignorable, as the
// comment on the field then says, or have their default (nil and empty are the
// same here, unless null is the default); otherwise it is an error that wraps
// [ErrUnsupportedField]. Where the default is a number other than 0, a 0 that a
// struct literal left behind is left out as well, but for a producer's ID and
// epoch, of which 0 is one. Versions that have the field write the 0.
//
// # Memory
//
// Decoded byte strings, record batches and unknown tags are parts of the slice
// that was decoded, which must not change while the message is in use; strings
// are copies. Decoding never panics and allocates in proportion to the bytes
// that are there, whatever lengths they claim.
//
// Messages are plain values: not safe for concurrent writing, and everything
// else in this package is safe for concurrent use.
package protocol

//go:generate go run ../internal/gen -floor 3.9.2 -ceiling 4.4.0 -out .
