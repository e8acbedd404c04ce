package protocol

import "github.com/afkak-go/afkak/internal/kbin"

// Message is what requests, responses and data types have in common.
type Message interface {
	// AppendTo appends the body of the message, without any header, as the
	// given version has it. On failure it returns dst as it was and a
	// *[MessageError].
	AppendTo(dst []byte, version int16) ([]byte, error)
	// DecodeFrom sets the message to what src, all of it, holds in the given
	// version. Byte strings in the message alias src. On failure, a
	// *[MessageError], the message may have been changed.
	DecodeFrom(src []byte, version int16) error
	// SetDefaults sets every field to its default.
	SetDefaults()
}

// Request is a message that a client sends to a broker.
type Request interface {
	Message
	// Key says which API the request belongs to.
	Key() APIKey
	// NewResponse returns an empty response to the request.
	NewResponse() Response
}

// Response is a message that a broker sends to a client.
type Response interface {
	Message
	// Key says which API the response belongs to.
	Key() APIKey
}

// VectorAppender is implemented by messages that carry record batches, which
// are large and have been encoded already: [ProduceRequest], [FetchResponse],
// [ShareFetchResponse].
type VectorAppender interface {
	Message
	// AppendVector is AppendTo, except that record batches of 1 KiB and more
	// are not copied but added to cuts, with their place in dst.
	AppendVector(dst []byte, version int16, cuts []kbin.Cut) ([]byte, []kbin.Cut, error)
}

// dataType is implemented by the data types.
type dataType interface {
	Message
	Versions() VersionRange
	DecodePrefix(src []byte, version int16) (int, error)
}

// Tag is a tagged field (KIP-482) that this package does not know, in its
// encoded form. Decoding keeps such fields and appending writes them back, in
// the order of their numbers.
type Tag = kbin.Tag
