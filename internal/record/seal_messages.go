package record

import (
	"encoding/binary"
	"math"

	"github.com/afkak-go/afkak/internal/compress"
)

// sealMessageSet converts the batch to messages of magic 0 or 1 with offsets
// from 0, and where it is to be compressed, puts them into one wrapper message.
func (b *Builder) sealMessageSet(s Seal) ([]byte, error) {
	if s.Transactional {
		return nil, ErrTransactionsUnsupported
	}
	size, err := b.messageSetSize(s)
	if err != nil {
		return nil, err
	}
	set := b.appendMessages(make([]byte, 0, size), s.Magic)
	if s.Codec == compress.None {
		return set, nil
	}
	// The wrapper has no key; its value is the compressed set.
	wrapper := make([]byte, minMessageSize(s.Magic))
	keyAt := messageHeaderSize(s.Magic)
	wrapper, err = compress.Append(wrapper, set, s.Codec, s.Level, s.Magic)
	if err != nil {
		return nil, err
	}
	if len(wrapper) > math.MaxInt32 {
		return nil, ErrTooLarge
	}
	binary.BigEndian.PutUint32(wrapper[keyAt:], math.MaxUint32) // -1: null
	binary.BigEndian.PutUint32(wrapper[keyAt+4:], uint32(len(wrapper)-keyAt-8))
	// The offset is the last message's: from 0 in both formats, and in magic 1
	// relative for ever (KIP-31). The timestamp is the latest (KIP-32).
	putMessageHeader(wrapper, int64(b.count-1), s.Magic, byte(s.Codec), b.maxTimestamp)
	return wrapper[:len(wrapper):len(wrapper)], nil
}

// walk returns a walker over the records of the open batch.
func (b *Builder) walk() Walker {
	return Walker{
		magic:     2,
		buf:       b.buf[headerSize:],
		left:      b.count,
		lastDelta: int64(b.count - 1),
		timestamp: b.baseTimestamp,
	}
}

func (b *Builder) messageSetSize(s Seal) (int, error) {
	size := 0
	var r Record
	for w := b.walk(); w.Next(&r); {
		if len(r.Headers) > 0 && !s.DropHeaders {
			return 0, ErrHeadersUnsupported
		}
		size += minMessageSize(s.Magic) + len(r.Key) + len(r.Value)
	}
	if size > math.MaxInt32 {
		return 0, ErrTooLarge
	}
	return size, nil
}

func (b *Builder) appendMessages(set []byte, magic int8) []byte {
	var r Record
	for w := b.walk(); w.Next(&r); {
		at := len(set)
		set = set[:at+messageHeaderSize(magic)]
		set = appendMessageBytes(set, r.Key)
		set = appendMessageBytes(set, r.Value)
		putMessageHeader(set[at:], r.Offset, magic, 0, r.Timestamp)
	}
	return set
}

func appendMessageBytes(dst, p []byte) []byte {
	if p == nil {
		return binary.BigEndian.AppendUint32(dst, math.MaxUint32) // -1
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(p))), p...)
}

// putMessageHeader fills in what stands before key and value of a message that
// is otherwise whole.
func putMessageHeader(message []byte, offset int64, magic int8, attributes byte, timestamp int64) {
	binary.BigEndian.PutUint64(message[offsetAt:], uint64(offset))
	binary.BigEndian.PutUint32(message[lengthAt:], uint32(len(message)-lengthEnd))
	message[magicAt] = byte(magic)
	message[messageAttributesAt] = attributes
	if magic >= 1 {
		binary.BigEndian.PutUint64(message[messageTimestampAt:], uint64(timestamp))
	}
	binary.BigEndian.PutUint32(message[messageCRCAt:], messageCRC(message))
}
