package kbin

// Cut is a piece of payload which belongs at position At of an encoded buffer
// but was not copied into it. Cuts are ordered by At; At counts bytes of the
// buffer, not of the cuts before.
type Cut struct {
	At   int
	Data []byte
}

// CutMin is the size from which a payload becomes a [Cut]: below it a copy is
// cheaper than one more element of a vectored write.
const CutMin = 1 << 10

// CutsLen is the number of bytes in all cuts.
func CutsLen(cuts []Cut) int {
	n := 0
	for _, c := range cuts {
		n += len(c.Data)
	}
	return n
}

// AppendJoined appends the message that buf and cuts stand for. Every At lies
// within buf and none before the one that precedes it.
func AppendJoined(dst, buf []byte, cuts []Cut) []byte {
	done := 0
	for _, c := range cuts {
		dst = append(dst, buf[done:c.At]...)
		dst = append(dst, c.Data...)
		done = c.At
	}
	return append(dst, buf[done:]...)
}
