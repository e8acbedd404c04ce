package accum

// list is a linked list of batches in their partition's order. A batch is in
// at most one list.
type list struct{ head, tail *Batch }

// before tells which of two batches comes first: of the parts of one that was
// split, the one with the earlier records.
func (b *Batch) before(other *Batch) bool {
	return b.ordinal < other.ordinal || b.ordinal == other.ordinal && b.first < other.first
}

// insert puts b where it belongs: nearly always at the end.
func (l *list) insert(b *Batch) {
	if l.tail == nil || l.tail.before(b) {
		b.next = nil
		if l.tail == nil {
			l.head = b
		} else {
			l.tail.next = b
		}
		l.tail = b
		return
	}
	at := &l.head
	for (*at).before(b) {
		at = &(*at).next
	}
	b.next, *at = *at, b
}

// remove takes b out.
func (l *list) remove(b *Batch) {
	var before *Batch
	for at := &l.head; *at != nil; before, at = *at, &(*at).next {
		if *at != b {
			continue
		}
		*at = b.next
		if l.tail == b {
			l.tail = before
		}
		b.next = nil
		return
	}
}

func (l *list) each(visit func(*Batch)) {
	for b := l.head; b != nil; b = b.next {
		visit(b)
	}
}
