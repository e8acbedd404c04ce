package record

// Move goes on with the batch in another buffer, to which it copies what is
// there. It returns the old buffer, which the builder has done with. buf must
// have the capacity for what was appended, and for what Append is not to
// allocate for.
func (b *Builder) Move(buf []byte) (old []byte) {
	old = b.buf[:cap(b.buf)]
	b.buf = append(buf[:0], b.buf...)
	return old
}
