package afkak

import (
	"math/bits"
	"slices"
	"unsafe"
)

// minBuffer is the smallest buffer that an arena lends.
const minBuffer = 1 << 10

// arena lends buffers out of blocks, in powers of two times minBuffer. Two
// neighbours of the same size that are both back become one again, so however
// the sizes of batches change, nothing is left to the garbage collector, and no
// more memory is taken than the blocks are. It is not safe for concurrent use.
type arena struct {
	class  int          // of a block
	blocks []arenaBlock // by address
	lent   int          // bytes
}

// arenaBlock is a block and what of it is free: a tree by halves, the children of
// node i are 2i and 2i+1. A node has the class of the largest free part in it
// and 1, 0 if there is none.
type arenaBlock struct {
	bytes []byte
	free  []uint8
}

// classOf returns the smallest class whose buffers hold n bytes.
func classOf(n int) int {
	if n <= minBuffer {
		return 0
	}
	return bits.Len(uint(n-1)) - bits.Len(minBuffer-1)
}

func sizeOfClass(class int) int { return minBuffer << class }

// add adds a block.
func (a *arena) add() {
	b := arenaBlock{bytes: make([]byte, sizeOfClass(a.class)), free: make([]uint8, 2<<a.class)}
	for i := 1; i < len(b.free); i++ {
		b.free[i] = uint8(a.class - bits.Len(uint(i)) + 2)
	}
	at, _ := a.find(b.bytes)
	a.blocks = slices.Insert(a.blocks, at, b)
}

// size returns the bytes of all blocks.
func (a *arena) size() int { return len(a.blocks) * sizeOfClass(a.class) }

// trim drops blocks of which nothing is lent until at most so many bytes are
// left, or there is no such block.
func (a *arena) trim(most int) {
	for i := len(a.blocks) - 1; i >= 0 && a.size() > most; i-- {
		if a.blocks[i].whole(1, a.class) {
			a.blocks = slices.Delete(a.blocks, i, i+1)
		}
	}
}

// take lends a buffer of the class, nil if no block has one.
func (a *arena) take(class int) []byte {
	for i := range a.blocks {
		if b := &a.blocks[i]; int(b.free[1]) > class {
			a.lent += sizeOfClass(class)
			return b.take(a.class, class)
		}
	}
	return nil
}

func (b *arenaBlock) take(height, class int) []byte {
	i := 1
	for range height - class {
		i *= 2
		left, right := int(b.free[i]), int(b.free[i+1])
		if left <= class || right > class && right < left { // the smaller one that will do
			i++
		}
	}
	b.free[i] = 0
	size := sizeOfClass(class)
	from := (i - 1<<(height-class)) * size
	for i /= 2; i > 0; i /= 2 {
		b.free[i] = max(b.free[2*i], b.free[2*i+1])
	}
	return b.bytes[from : from+size : from+size]
}

// give takes a buffer back, if it is of one of its blocks.
func (a *arena) give(buf []byte) {
	at, ok := a.find(buf)
	if !ok {
		return
	}
	a.lent -= cap(buf)
	b, class := &a.blocks[at], classOf(cap(buf))
	offset := int(address(buf) - address(b.bytes))
	i := 1<<(a.class-class) + offset/cap(buf)
	b.free[i] = uint8(class + 1)
	for i /= 2; i > 0; i /= 2 {
		if b.whole(2*i, class) && b.whole(2*i+1, class) {
			b.free[i] = uint8(class + 2)
		} else {
			b.free[i] = max(b.free[2*i], b.free[2*i+1])
		}
		class++
	}
}

// whole tells whether nothing is lent of a node of the class.
func (b *arenaBlock) whole(i, class int) bool { return int(b.free[i]) == class+1 }

// find returns the block that buf is part of, or where a block at buf belongs.
func (a *arena) find(buf []byte) (at int, ok bool) {
	start := address(buf)
	at, ok = slices.BinarySearchFunc(a.blocks, start, func(b arenaBlock, start uintptr) int {
		first := address(b.bytes)
		switch {
		case first+uintptr(len(b.bytes)) <= start:
			return -1
		case first > start:
			return 1
		}
		return 0
	})
	return at, ok
}

// address is where buf lies. Go's memory stays where it is while it is referred to.
func address(buf []byte) uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(buf))) }
