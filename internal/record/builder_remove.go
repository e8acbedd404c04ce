package record

import "fmt"

// Remove takes record i (of 0 to Count-1) out of the batch; the records behind
// it move up by one and keep their order. It returns the size of the record's
// value. It takes time in proportion to the batch. It panics if there is no such
// record, and may not be used on a batch that is sealed and in use.
func (b *Builder) Remove(i int) (valueBytes int) {
	if i < 0 || i >= b.count {
		panic(fmt.Sprintf("record: Remove(%d) of %d records", i, b.count))
	}
	if b.count == 1 {
		valueBytes = parseOwn(b.buf, headerSize).valueBytes(b.buf)
		b.count, b.buf = 0, b.buf[:0]
		return valueBytes
	}
	b.maxTimestamp = b.baseTimestamp
	at, first := headerSize, true
	write := headerSize
	for j := range b.count {
		old := parseOwn(b.buf, at)
		at = old.end
		if j == i {
			valueBytes = old.valueBytes(b.buf)
			continue
		}
		if timestamp := b.baseTimestamp + unzigzag(old.delta); first || timestamp > b.maxTimestamp {
			b.maxTimestamp, first = timestamp, false
		}
		if j < i {
			write = old.end
			continue
		}
		// The offset is one less and never takes more bytes, so nothing is
		// written that has not been read.
		write = b.rewrite(write, old, uint64(j-1)<<1)
	}
	b.buf = b.buf[:write]
	b.count--
	return valueBytes
}

// ownRecord is the part of a record, written by Append, that depends on its
// place in the batch.
type ownRecord struct {
	delta     uint64 // zigzag
	rest, end int    // key, value and headers are at rest:end
}

func parseOwn(buf []byte, at int) ownRecord {
	size, i := uvarint(buf, at)
	r := ownRecord{end: i + int(unzigzag(size))}
	r.delta, i = uvarint(buf, i+1)
	_, r.rest = uvarint(buf, i)
	return r
}

// valueBytes returns the size of the record's value, 0 for null.
func (r ownRecord) valueBytes(buf []byte) int {
	key, i := uvarint(buf, r.rest)
	value, _ := uvarint(buf, i+max(int(unzigzag(key)), 0)) // -1 is null
	return max(int(unzigzag(value)), 0)
}

// rewrite writes the record r at i with another offset and returns the index behind it.
func (b *Builder) rewrite(i int, r ownRecord, offset uint64) int {
	body := 1 + uvarintLen(r.delta) + uvarintLen(offset) + r.end - r.rest
	i = putUvarint(b.buf, i, uint64(body)<<1)
	b.buf[i] = 0
	i = putUvarint(b.buf, i+1, r.delta)
	i = putUvarint(b.buf, i, offset)
	return i + copy(b.buf[i:], b.buf[r.rest:r.end])
}
