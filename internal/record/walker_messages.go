package record

import (
	"encoding/binary"

	"github.com/afkak-go/afkak/internal/compress"
)

// setBase walks over the messages inside a wrapper to find what their offsets
// refer to. Magic 0 has the offsets themselves; magic 1 counts from the first
// message the producer wrote, and the wrapper has the last one's (KIP-31).
func (w *Walker) setBase(wrapperOffset int64) error {
	w.base = 0
	last := int64(0)
	for at := 0; at < len(w.buf); {
		n, cause := w.messageAt(at)
		if cause != "" {
			return corrupt(w.offset, "%s, at %d of %d decompressed bytes", cause, at, len(w.buf))
		}
		last = int64At(w.buf, at+offsetAt)
		at += n
	}
	if w.magic == 1 {
		w.base = wrapperOffset - last
	}
	return nil
}

// messageAt returns the size of the message at w.buf[at:], or what is wrong with it.
func (w *Walker) messageAt(at int) (n int, cause string) {
	rest := w.buf[at:]
	if len(rest) < minMessageSize(w.magic) {
		return 0, "inner message is cut"
	}
	length := int64(int32At(rest, lengthAt))
	switch {
	case length < int64(minMessageSize(w.magic)-lengthEnd) || length > int64(len(rest)-lengthEnd):
		return 0, "inner message has an impossible length"
	case int8(rest[magicAt]) != w.magic:
		return 0, "inner message has another magic than its wrapper"
	case compress.Codec(rest[messageAttributesAt]&codecMask) != compress.None:
		return 0, "inner message is compressed again"
	}
	return lengthEnd + int(length), ""
}

// nextMessage is Next for message sets. A plain message is a set of its own,
// which ReadBatch has looked at; those in a wrapper setBase has measured.
func (w *Walker) nextMessage(r *Record) bool {
	if w.pos >= len(w.buf) {
		return false
	}
	end := w.pos + lengthEnd + int(int32At(w.buf, w.pos+lengthAt))
	message := w.buf[w.pos:end:end]
	offset := int64At(message, offsetAt)
	r.Offset, r.Timestamp, r.Headers = offset, NoTimestamp, nil
	if w.magic >= 1 {
		r.Timestamp = int64At(message, messageTimestampAt)
	}
	if w.inner {
		if got, want := binary.BigEndian.Uint32(message[messageCRCAt:]), messageCRC(message); got != want {
			w.err = checksumError(w.offset, got, want)
			w.stop()
			return false
		}
		r.Offset = w.base + offset
		if w.logAppend { // the broker stamped the wrapper only
			r.Timestamp = w.timestamp
		}
	}
	var err error
	if r.Key, r.Value, err = messageKeyValue(message, w.magic); err != nil {
		w.err = &CorruptError{Offset: w.offset, Err: err}
		w.stop()
		return false
	}
	w.pos = end
	return true
}
